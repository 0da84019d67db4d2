// Package preprocess turns a picture into the input tensor of a network: decoding, orientation, resizing,
// cropping, normalising.
//
// A [Spec] describes the steps, as a comparable value with a text form that goes into cache keys and model files; a
// [Transformer] applies them. Decoded pixels and resizing are Pillow's, the geometry is that of torchvision's Resize and
// CenterCrop on PIL images; the golden tests, which cover every format, compare each level of each pixel.
//
// 16-bit grey differs from Pillow on purpose: the high byte is kept, as Pillow does for 16-bit colours, where Pillow
// clips grey values above 255 to white. Files whose samples use fewer than 16 bits need Spec.White;
// [Transformer.LargestSample] and [White] find it.
//
// The package doesn't import the packages of networks, labels or data sets, and needs no cgo.
package preprocess

import (
	"cmp"
	"fmt"
	"math"

	"finetune/invalid"
)

// Resize is how a picture is fitted to the network's input.
type Resize string

const (
	// Shorter scales the picture until it covers the crop size divided by CropPct, and cuts the crop out of its
	// centre. For a square crop of size S the shorter side becomes round(S / CropPct).
	Shorter Resize = "shorter"
	// Squash scales the whole picture to the crop size, whatever its shape. CropPct has no effect.
	Squash Resize = "squash"
)

// Interpolation is the kernel used for resizing; both are antialiased.
type Interpolation string

// The kernels: a triangle, and Keys' cubic with a = −1/2.
const (
	Bilinear Interpolation = "bilinear"
	Bicubic  Interpolation = "bicubic"
)

// ChannelOrder is the order of colours in the tensor.
type ChannelOrder string

// The channel orders: RGB is PyTorch's, BGR is Caffe's and OpenCV's.
const (
	RGB ChannelOrder = "rgb"
	BGR ChannelOrder = "bgr"
)

// MaxSize is the largest height or width of a crop.
const MaxSize = 4096

// minCropPct bounds how large a picture may have to be made before it is cropped.
const minCropPct = 0.01

// A Spec describes how a picture becomes a tensor. Two specs are equal if and only if they give the same tensors for
// every picture, up to CropPct of a squashed one. The zero Spec isn't valid; begin with [Default] or [Preset].
type Spec struct {
	Height, Width int // of the crop in pixels; 0 leaves it to the network, see Sized
	CropPct       float64
	Resize        Resize
	Interpolation Interpolation
	ChannelOrder  ChannelOrder

	// Channel c of the tensor is (v / Scale − Mean[c]) / Std[c] for a level v of 0 to 255. Mean and Std are
	// in the order of the tensor's channels, so with BGR the first is that of blue.
	Scale     float64
	Mean, Std [3]float64

	// White is the sample of 16-bit files that becomes level 255, such as 4095 for samples of 12 bits; larger ones become
	// 255 too. 0 keeps the high byte. Files of fewer bits don't depend on it.
	White int
}

// DefaultSize is the height and width where neither the user nor the network gives one.
const DefaultSize = 224

// Default returns the preset imagenet: what most published classifiers were trained with.
func Default() Spec {
	return Spec{
		CropPct:       0.875,
		Resize:        Shorter,
		Interpolation: Bilinear,
		ChannelOrder:  RGB,
		Scale:         255,
		Mean:          [3]float64{0.485, 0.456, 0.406},
		Std:           [3]float64{0.229, 0.224, 0.225},
	}
}

// Sized returns s with a height and width that are 0 replaced by the network's, and by DefaultSize where that is
// 0 or negative too (a dynamic axis).
func (s Spec) Sized(height, width int) Spec {
	pick := func(own, network int) int {
		switch {
		case own != 0:
			return own
		case network > 0:
			return network
		}
		return DefaultSize
	}
	s.Height, s.Width = pick(s.Height, height), pick(s.Width, width)
	return s
}

// Side is the longer side, in pixels, of what a picture is resized to before the crop.
func (s Spec) Side() int {
	longer := max(s.Height, s.Width)
	if s.Resize == Squash {
		return longer
	}
	return roundHalfEven(float64(longer) / s.CropPct)
}

// maxWhite is the largest sample of 16 bits.
const maxWhite = 1<<16 - 1

// Numbers declares the numbers of a preprocessing as options, which leave out what they don't change.
var Numbers = struct{ ImageSize, CropPct, Scale, White, Mean, Std invalid.Number }{
	ImageSize: invalid.Number{Field: "Images.Overrides.ImageSize", Range: invalid.Range{Low: 1, High: MaxSize}, Whole: true,
		AutoIs: "the network's size"},
	CropPct: invalid.Number{Field: "Images.Overrides.CropPct", Range: invalid.Range{Low: minCropPct, High: 1},
		AutoIs: "the preset's"},
	Scale: invalid.Number{Field: "Images.Overrides.Scale", Range: invalid.Range{High: math.MaxFloat32, LowOpen: true},
		AutoIs: "the preset's"},
	White: invalid.Number{Field: "Images.Overrides.White", Range: invalid.Range{Low: 1, High: maxWhite}, Whole: true,
		AutoIs: "the full range of 16 bits"},
	Mean: invalid.Number{Field: "Images.Overrides.Mean", Range: invalid.Range{Low: -math.MaxFloat32, High: math.MaxFloat32}},
	Std:  invalid.Number{Field: "Images.Overrides.Std", Range: invalid.Range{High: math.MaxFloat32, LowOpen: true}},
}

// fixed is a number of a Spec, which leaves nothing open.
func fixed(n invalid.Number) invalid.Number { n.AutoIs = ""; return n }

// Validate returns a *invalid.Error that names the option of the first field out of range.
func (s Spec) Validate() error {
	for _, size := range []int{s.Height, s.Width} {
		if err := Numbers.ImageSize.Check(float64(size)); err != nil {
			return err
		}
	}
	if err := fixed(Numbers.CropPct).Check(s.CropPct); err != nil {
		return err
	}
	if s.Resize != Shorter && s.Resize != Squash {
		return &invalid.Error{Field: "Images.Overrides.Resize", Found: fmt.Sprintf("%q", s.Resize), Want: "shorter or squash"}
	}
	if s.Interpolation != Bilinear && s.Interpolation != Bicubic {
		return &invalid.Error{Field: "Images.Overrides.Interpolation", Found: fmt.Sprintf("%q", s.Interpolation),
			Want: "bilinear or bicubic"}
	}
	if s.ChannelOrder != RGB && s.ChannelOrder != BGR {
		return &invalid.Error{Field: "Images.Overrides.ChannelOrder", Found: fmt.Sprintf("%q", s.ChannelOrder), Want: "rgb or bgr"}
	}
	if err := fixed(Numbers.Scale).Check(s.Scale); err != nil {
		return err
	}
	for c := range 3 {
		if err := cmp.Or(Numbers.Mean.Check(s.Mean[c]), Numbers.Std.Check(s.Std[c])); err != nil {
			return err
		}
	}
	if err := Numbers.White.Check(float64(s.White)); err != nil {
		return err
	}
	for c, lut := range s.Levels() {
		if math.IsInf(float64(lut[0]), 0) || math.IsInf(float64(lut[255]), 0) {
			return &invalid.Error{Field: "Images.Overrides.Scale", Found: fmt.Sprintf("values of channel %d beyond float32", c),
				Want: "a finite tensor", Hint: "change {Images.Overrides.Scale}, {Images.Overrides.Mean} or {Images.Overrides.Std}"}
		}
	}
	return nil
}

// Levels returns what each of the 256 levels of a colour becomes in each channel of the tensor. A network that begins with this
// table takes the levels themselves, see [Target].
func (s Spec) Levels() (table [3][256]float32) {
	for c := range table {
		for v := range table[c] {
			table[c][v] = float32((float64(v)/s.Scale - s.Mean[c]) / s.Std[c])
		}
	}
	return table
}
