package models

import (
	"path"
	"regexp"
	"strings"

	"finetune/preprocess"
)

// neutral matches the words of a file name that don't tell weights apart: how the network was exported, its number
// type, its input size. Hashes and dates aren't among them: they stand for other weights.
var neutral = regexp.MustCompile(`^(pytorch|torch|onnx|model|backbone|pretrained|imagenet|imagenet1k|` +
	`opset\d*|op\d+|fp16|fp32|float16|float32|int8|quant|quantized|qdq|sim|simplified|slim|opt|optimized|dynamic|static|` +
	`batch\d*|bs\d+|\d{3}|\d{3}x\d{3})$`)

// libraries holds the words that name a library, and how the sources of its presets begin: a "timm_resnet50" isn't
// torchvision's, which has the bare name.
var libraries = map[string]string{"timm": "timm ", "torchvision": "torchvision ", "tv": "torchvision "}

// maxWords bounds the work on a hostile name; no network's has nearly as many.
const maxWords = 24

// Guess returns the preset that a file's name points to: "nets/ResNet50-opset17.onnx" gives resnet50. The folder,
// the extension, case, the choice of "-", "_", "." or space, and words at either end that don't tell weights apart
// ("opset17", "fp16", "pretrained") are overlooked. Any other word makes it no guess: "resnet50-faces" may have been
// trained with anything, and "resnet50-v2" is the name of two networks.
//
// It remains a guess: a caller should say what it assumed.
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

// overlooks reports whether the words beside the preset's name leave it what it is.
func (p preset) overlooks(words []string) bool {
	for _, w := range words {
		library, named := libraries[w]
		if named && !strings.HasPrefix(p.source, library) || !named && !neutral.MatchString(w) {
			return false
		}
	}
	return true
}
