package models

import (
	"path"
	"regexp"
	"strings"

	"finetune/preprocess"
)

// neutral matches the words of a file name that don't distinguish weights: how the network was exported, its number
// type, its input size. Hashes and dates aren't neutral: they distinguish weights.
var neutral = regexp.MustCompile(`^(pytorch|torch|onnx|model|backbone|pretrained|imagenet|imagenet1k|` +
	`opset\d*|op\d+|fp16|fp32|float16|float32|int8|quant|quantized|qdq|` +
	`sim|simplified|slim|opt|optimized|dynamic|static|` +
	`batch\d*|bs\d+|\d{3}|\d{3}x\d{3})$`)

// libraries maps the words that name a library to the start of its presets' sources: "timm_resnet50" isn't
// torchvision's, which has the bare name.
var libraries = map[string]string{"timm": "timm ", "torchvision": "torchvision ", "tv": "torchvision "}

// maxWords bounds the work on a hostile name; no network's name has nearly as many.
const maxWords = 24

// Guess returns the preset for a file's name: "nets/ResNet50-opset17.onnx" gives resnet50. It ignores the folder, the
// extension, case, the choice of "-", "_", "." or space, and words at either end that don't distinguish weights
// ("opset17", "fp16", "pretrained"). With any other word ok is false: "resnet50-faces" may have been trained with
// anything, and "resnet50-v2" is the name of two networks.
//
// Callers should report the guess, which may be wrong.
func Guess(filename string) (name string, spec preprocess.Spec, ok bool) {
	base := strings.ToLower(path.Base(strings.ReplaceAll(filename, `\`, "/")))
	for _, ext := range []string{".onnx", ".ort"} {
		base = strings.TrimSuffix(base, ext)
	}
	words := splitWords(base)
	if len(words) > maxWords {
		return "", preprocess.Spec{}, false
	}
	// The longest name first: "vit_base_patch16_224" is found whole before its size is taken for a neutral word.
	for length := len(words); length > 0; length-- {
		for from := 0; from+length <= len(words); from++ {
			p, found := byWords()[wordKey(words[from:from+length])]
			if found && p.overlooks(words[:from]) && p.overlooks(words[from+length:]) {
				spec, ok = p.spec()
				return p.name, spec, ok
			}
		}
	}
	return "", preprocess.Spec{}, false
}

// overlooks reports whether the words beside the preset's name can be ignored.
func (p preset) overlooks(words []string) bool {
	for _, w := range words {
		library, named := libraries[w]
		if named && !strings.HasPrefix(p.source, library) || !named && !neutral.MatchString(w) {
			return false
		}
	}
	return true
}
