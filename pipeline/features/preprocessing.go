package features

import (
	"cmp"
	"errors"
	"fmt"

	"finetune/invalid"
	"finetune/models"
	"finetune/preprocess"
)

// Overrides are parts of a preprocessing that are set one by one. The zero value of a field leaves its part
// unchanged.
type Overrides struct {
	ImageSize     int
	CropPct       float64
	Resize        preprocess.Resize
	Interpolation preprocess.Interpolation
	ChannelOrder  preprocess.ChannelOrder
	Scale         float64
	Mean, Std     []float64 // three numbers, or one for all channels
	White         int       // of 16-bit samples: the value that becomes 255, such as 4095 for 12 bits
}

// ResolvePreprocessing returns the preprocessing of a network and a description of its origin. Overrides win, part by
// part, then the preset, then the metadata of the file (own), then its name, then ImageNet's.
//
// Without a preset the whole image is squashed to the network's size, whatever the network was trained with: labels
// may depend on what a centre crop removes (docs/defaults.md has the evidence).
func ResolvePreprocessing(file, own, preset string, o Overrides) (spec preprocess.Spec, from string, err error) {
	if preset != "" {
		from = "the preset " + preset
		if spec, err = presetNamed(preset); err != nil {
			return spec, "", err
		}
	} else {
		if spec, from, err = ownPreprocessing(file, own); err != nil {
			return spec, "", err
		}
		if o.Resize == "" && spec.Resize != preprocess.Squash {
			spec.Resize = preprocess.Squash
			from += "; squashed by default"
		}
	}
	changed, err := o.apply(&spec)
	if changed {
		from = "flags, the rest from " + from
	}
	return spec, from, err
}

// ownPreprocessing returns the preprocessing of the network's training if its file has it.
func ownPreprocessing(file, own string) (spec preprocess.Spec, from string, err error) {
	if own != "" {
		if spec, err = preprocess.Parse(own); err != nil {
			err = &invalid.Error{Path: file, Found: "preprocessing metadata that can't be read", Err: err, Hint: "give {Images.Preset}"}
		}
		return spec, "the network's own metadata", err
	}
	if name, spec, ok := models.Guess(file); ok {
		return spec, fmt.Sprintf("the file's name: %s, %s", name, models.PresetSource(name)), nil
	}
	return preprocess.Default(), "the default, ImageNet's; nothing says otherwise", nil
}

// presetNamed finds a generic preset or that of a common network.
func presetNamed(name string) (preprocess.Spec, error) {
	if spec, ok := models.Preset(name); ok {
		return spec, nil
	}
	spec, err := preprocess.Preset(name)
	var m *invalid.Error
	if errors.As(err, &m) {
		m.Want += ", or a network such as resnet50 (docs/presets.md lists them)"
	}
	return spec, err
}

// given reports whether any part is set.
func (o Overrides) Given() bool {
	return o.ImageSize != 0 || o.CropPct != 0 || o.Resize != "" || o.Interpolation != "" || o.ChannelOrder != "" ||
		o.Scale != 0 || o.Mean != nil || o.Std != nil
}

func (o Overrides) apply(spec *preprocess.Spec) (changed bool, err error) {
	if err := o.check(); err != nil {
		return false, err
	}
	before := *spec
	if o.ImageSize != 0 {
		spec.Height, spec.Width = o.ImageSize, o.ImageSize
	}
	setIf(&spec.CropPct, o.CropPct)
	setIf(&spec.Resize, o.Resize)
	setIf(&spec.Interpolation, o.Interpolation)
	setIf(&spec.ChannelOrder, o.ChannelOrder)
	setIf(&spec.Scale, o.Scale)
	setIf(&spec.White, o.White)
	if err := setTriple(&spec.Mean, o.Mean, "Images.Overrides.Mean"); err != nil {
		return false, err
	}
	if err := setTriple(&spec.Std, o.Std, "Images.Overrides.Std"); err != nil {
		return false, err
	}
	return *spec != before, spec.Validate()
}

// check reports numbers that are out of range. Those of a Spec are checked where it is complete.
func (o Overrides) check() error {
	n := preprocess.Numbers
	return cmp.Or(n.ImageSize.Check(float64(o.ImageSize)), n.CropPct.Check(o.CropPct), n.Scale.Check(o.Scale),
		n.White.Check(float64(o.White)))
}

func setIf[T comparable](field *T, value T) {
	var zero T
	if value != zero {
		*field = value
	}
}

func setTriple(field *[3]float64, values []float64, flag string) error {
	switch len(values) {
	case 0:
	case 1:
		*field = [3]float64{values[0], values[0], values[0]}
	case 3:
		*field = [3]float64(values)
	default:
		return &invalid.Error{Field: flag, Found: fmt.Sprintf("%d numbers", len(values)), Want: "three numbers, or one for all channels"}
	}
	return nil
}
