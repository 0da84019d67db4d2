package models

import (
	"strings"
	"sync"
	"unicode"

	"finetune/preprocess"
)

//go:generate sh -c "python3 make_presets.py | gofmt > presets_table.go"

// A preset is the preprocessing of one set of published weights.
type preset struct {
	name          string
	family        string // the preset of package preprocess that gives mean, std, scale and channel order
	size          int    // side of the network's input, in pixels
	resized       int    // the image's shorter side before the centre crop of that size
	resize        preprocess.Resize
	interpolation preprocess.Interpolation
	source        string // the origin of these values
}

func (p preset) spec() (preprocess.Spec, bool) {
	s, err := preprocess.Preset(p.family)
	if err != nil {
		return preprocess.Spec{}, false // never: a test covers the table
	}
	s.Height, s.Width = p.size, p.size
	s.CropPct = float64(p.size) / float64(p.resized)
	s.Resize, s.Interpolation = p.resize, p.interpolation
	return s, true
}

// Preset returns the published preprocessing of a network by its name in torchvision, timm, keras.applications or
// on its authors' page, and false for a name that isn't in the table. A name may end in the weights' name after a dot:
//
//	resnet50                  torchvision's first weights
//	resnet50.imagenet1k_v2    torchvision's second
//	resnet50.a1_in1k          timm's
//	resnet50.keras            Keras'
//
// Where two libraries use one name, the bare name is torchvision's (and Google's for EfficientNet-Lite). Case and the
// choice of separators don't matter. Height and Width are those of the published evaluation: a default, for networks
// that don't fix their input's. Families without a size (imagenet, clip, raw …) are in [preprocess.Preset].
func Preset(name string) (preprocess.Spec, bool) {
	p, ok := byWords()[wordKey(splitWords(strings.ToLower(name)))]
	if !ok {
		return preprocess.Spec{}, false
	}
	return p.spec()
}

// PresetNames returns the names that Preset knows, sorted.
func PresetNames() []string {
	names := make([]string, len(presetTable))
	for i, p := range presetTable {
		names[i] = p.name
	}
	return names
}

// PresetSource returns the origin of the values of Preset(name), such as "torchvision 0.29.2 IMAGENET1K_V1", or "".
func PresetSource(name string) string {
	return byWords()[wordKey(splitWords(strings.ToLower(name)))].source
}

var byWords = sync.OnceValue(func() map[string]preset {
	m := make(map[string]preset, len(presetTable))
	for _, p := range presetTable {
		m[wordKey(splitWords(p.name))] = p
	}
	return m
})

// splitWords cuts at everything that is neither letter nor digit.
func splitWords(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
}

func wordKey(words []string) string { return strings.Join(words, " ") }
