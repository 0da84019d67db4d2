package preprocess

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"finetune/invalid"
)

// presets change Default.
var presets = map[string]func(*Spec){
	"imagenet":         func(*Spec) {},
	"imagenet-bicubic": func(s *Spec) { s.Interpolation = Bicubic },
	"imagenet-0.5":     func(s *Spec) { s.normalise(255, 0.5, 0.5) },
	"clip": func(s *Spec) {
		s.CropPct, s.Interpolation = 1, Bicubic
		s.Mean = [3]float64{0.48145466, 0.4578275, 0.40821073}
		s.Std = [3]float64{0.26862954, 0.26130258, 0.27577711}
	},
	"siglip": func(s *Spec) {
		s.CropPct, s.Resize, s.Interpolation = 1, Squash, Bicubic
		s.normalise(255, 0.5, 0.5)
	},
	"efficientnet-lite": func(s *Spec) { s.normalise(1, 127, 128) },
	"caffe": func(s *Spec) {
		s.ChannelOrder = BGR
		s.normalise(1, 0, 1)
		s.Mean = [3]float64{103.939, 116.779, 123.68}
	},
	"arcface": func(s *Spec) {
		s.CropPct, s.Resize = 1, Squash
		s.normalise(1, 127.5, 127.5)
	},
	"unit": func(s *Spec) { s.normalise(255, 0, 1) },
	"raw":  func(s *Spec) { s.normalise(1, 0, 1) },
}

func (s *Spec) normalise(scale, mean, std float64) {
	s.Scale = scale
	s.Mean = [3]float64{mean, mean, mean}
	s.Std = [3]float64{std, std, std}
}

// Preset returns the preprocessing of a family of networks, its size left to the network:
//
//	imagenet           mean and std of ImageNet, bilinear, crop 0.875: torchvision, most of timm
//	imagenet-bicubic   the same with bicubic resizing: DeiT, ConvNeXt, DINO, many more of timm
//	imagenet-0.5       pixels from −1 to 1: Inception, MobileNet and ViT from TensorFlow
//	clip               CLIP's mean and std, bicubic, no margin
//	siglip             pixels from −1 to 1, bicubic, squashed
//	efficientnet-lite  (v − 127) / 128
//	caffe              BGR, mean subtracted, no scaling: VGG and ResNet from Caffe and Keras
//	arcface            aligned faces, −1 to 1, squashed
//	unit               pixels from 0 to 1
//	raw                pixels from 0 to 255, for networks that normalise inside
//
// An unknown name is a *invalid.Error about Images.Preset.
func Preset(name string) (Spec, error) {
	change, ok := presets[name]
	if !ok {
		return Spec{}, &invalid.Error{Field: "Images.Preset", Found: fmt.Sprintf("unknown preset %q", name),
			Want: "one of " + strings.Join(PresetNames(), ", ")}
	}
	s := Default()
	change(&s)
	return s, nil
}

// PresetNames returns the names of all presets, sorted.
func PresetNames() []string { return slices.Sorted(maps.Keys(presets)) }
