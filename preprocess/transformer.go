package preprocess

import (
	"errors"
	"fmt"
	"image"

	"finetune/internal/image/decode"
	"finetune/internal/image/resample"
)

// A Layout is the order of a tensor's axes after the batch.
type Layout int

const (
	NCHW Layout = iota // channel, row, column: PyTorch
	NHWC               // row, column, channel: TensorFlow
)

// String returns NCHW or NHWC.
func (l Layout) String() string {
	if l == NHWC {
		return "NHWC"
	}
	return "NCHW"
}

// MaxBytes is the length of the largest image file that is read; a caller needn't load more than one byte above.
const MaxBytes = decode.DefaultMaxBytes

// A Transformer makes tensors according to a Spec, one after the other, and reuses its buffers. Each goroutine needs
// its own Transformer.
type Transformer struct {
	// Stop is called many times while an image is decoded if it is set, such as the Err method of a context. Its first
	// error ends the call, which returns it unchanged.
	Stop func() error

	spec    Spec
	layout  Layout
	levels  [3][256]float32
	decoder decode.Decoder
	resizer resample.Resizer
	crop    []uint8 // height × width × RGB
}

// NewTransformer returns a Transformer for a valid spec whose height and width are known (see [Spec.Sized]).
func NewTransformer(spec Spec, layout Layout) (*Transformer, error) {
	if err := spec.Validate(); err != nil {
		return nil, err
	}
	if spec.Height == 0 || spec.Width == 0 {
		return nil, errors.New("preprocess: the spec has no size yet; call Sized")
	}
	if layout != NCHW && layout != NHWC {
		return nil, fmt.Errorf("preprocess: unknown layout %d", int(layout))
	}
	return &Transformer{
		spec:    spec,
		layout:  layout,
		levels:  spec.Levels(),
		decoder: decode.Decoder{Limits: decode.Limits{White: spec.White}},
		crop:    make([]uint8, 3*spec.Height*spec.Width),
	}, nil
}

// Len returns the number of values in a tensor: 3 × height × width.
func (t *Transformer) Len() int { return len(t.crop) }

// Decode returns the picture in the bytes of an image file, upright, 8 bits a colour, every alpha 255. It is
// valid until the next call of Decode or Tensor. The error is [Unreadable], or Stop's; it doesn't have the file's name.
func (t *Transformer) Decode(data []byte) (*image.NRGBA, error) {
	t.decoder.Stop = t.Stop
	return t.decoder.Decode(data)
}

// Tensor decodes data and writes the tensor into dst, which must have Len values; otherwise it panics. The result is that of
// TensorOf for the picture that Decode returns, in less time and memory. Errors are those of Decode.
func (t *Transformer) Tensor(dst []float32, data []byte) error {
	return t.Write(Target{Numbers: dst}, data)
}

// Write is Tensor for either kind of Target.
func (t *Transformer) Write(dst Target, data []byte) error {
	t.check(dst)
	t.decoder.Stop = t.Stop
	p, err := t.decoder.Open(data)
	if err != nil {
		return err
	}
	o := p.Orientation
	t.tensor(dst, p, resample.Turn{Transposed: o.Transposed(), MirroredX: o.MirroredX(), MirroredY: o.MirroredY()})
	return p.Err()
}

// TensorOf does the same with a picture that is decoded already, such as an augmented view of what Decode
// returned. Alpha is dropped. An empty picture is an error.
func (t *Transformer) TensorOf(dst []float32, img image.Image) error {
	return t.WriteOf(Target{Numbers: dst}, img, false)
}

// MirrorTensorOf is TensorOf for the mirror image of img, left and right exchanged.
func (t *Transformer) MirrorTensorOf(dst []float32, img image.Image) error {
	return t.WriteOf(Target{Numbers: dst}, img, true)
}

// WriteOf is TensorOf, or MirrorTensorOf where mirrored, for either kind of Target.
func (t *Transformer) WriteOf(dst Target, img image.Image, mirrored bool) error {
	t.check(dst)
	if img.Bounds().Empty() {
		return errors.New("a picture without pixels")
	}
	pixels, ok := img.(*image.NRGBA)
	if !ok {
		pixels = decode.ToNRGBA(img)
	}
	t.tensor(dst, resample.Image{NRGBA: pixels}, resample.Turn{MirroredX: mirrored})
	return nil
}

// A Target is where a Transformer writes a picture: the numbers of the tensor, or, in the same order, the levels from 0 to 255
// from which [Spec.Levels] makes them, in a quarter of the bytes. One of both has Len values.
type Target struct {
	Numbers []float32
	Levels  []uint8
}

func (t *Transformer) check(dst Target) {
	if n := len(dst.Numbers) + len(dst.Levels); n != t.Len() || len(dst.Numbers)*len(dst.Levels) > 0 {
		panic(fmt.Sprintf("preprocess: a tensor of %d values for a slice of %d", t.Len(), n))
	}
}

func (t *Transformer) tensor(dst Target, src resample.Source, turn resample.Turn) {
	from := src.Size()
	if turn.Transposed {
		from.X, from.Y = from.Y, from.X
	}
	size, crop := t.spec.geometry(from.X, from.Y)
	filter := resample.Bilinear
	if t.spec.Interpolation == Bicubic {
		filter = resample.Bicubic
	}
	t.resizer.Resize(t.crop, src, turn, size.X, size.Y, crop, filter)
	if dst.Levels != nil {
		arrange(t, dst.Levels, &unchanged)
	} else {
		arrange(t, dst.Numbers, &t.levels)
	}
}

// order returns where the first and the last channel of the tensor are in a pixel of the crop.
func (t *Transformer) order() (first, third int) {
	if t.spec.ChannelOrder == BGR {
		return 2, 0
	}
	return 0, 2
}

// arrange writes the values of the crop's levels by channel in the tensor's order.
func arrange[T uint8 | float32](t *Transformer, dst []T, values *[3][256]T) {
	first, third := t.order()
	v0, v1, v2 := &values[0], &values[1], &values[2]
	if t.layout == NHWC {
		for pixels := t.crop; len(pixels) >= 3 && len(dst) >= 3; pixels, dst = pixels[3:], dst[3:] {
			dst[0], dst[1], dst[2] = v0[pixels[first]], v1[pixels[1]], v2[pixels[third]]
		}
		return
	}
	n := len(dst) / 3
	c0, c1, c2 := dst[:n], dst[n:2*n], dst[2*n:3*n]
	pixels := t.crop
	for i := range c0 {
		p := pixels[3*i:]
		p = p[:3]
		c0[i], c1[i], c2[i] = v0[p[first]], v1[p[1]], v2[p[third]]
	}
}

// unchanged are levels as values of themselves.
var unchanged = func() (levels [3][256]uint8) {
	for c := range levels {
		for v := range levels[c] {
			levels[c][v] = uint8(v)
		}
	}
	return levels
}()
