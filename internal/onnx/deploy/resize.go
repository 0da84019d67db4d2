package deploy

import (
	"finetune/internal/onnx/onnxpb"
	"finetune/preprocess"
)

// The resizing of package resample, which is Pillow's to the bit, as products with matrices. A picture is resized
// along its rows and along its columns, and rounded to 8 bits after each pass. The matrices hold the weights of the
// crop's places alone.
//
// Pillow's weights are whole numbers of units of 2⁻²². Their products with levels have more digits than float32, and
// where a sum is close to a half of a level the last ones matter, which is common in small pictures. So each matrix
// is two, of the weights' upper and lower bits, and all sums of whole numbers stay below 2²⁴, where float32 is exact.
const (
	precision = 22 // bits of a weight
	lowBits   = 7  // of them in the second matrix: exact for up to 450 pixels that make one
)

// An axis is a direction of the picture.
type axis struct {
	in, out string // int64 scalars: the picture's size, and the size to which it is resized
	first   string // int64 scalar: where the crop begins
	crop    int    // its length
}

// geometry appends what [preprocess.Spec] computes for a picture whose height and width are int64 scalars. All of it
// is whole numbers, so nothing depends on rounding.
func (b *builder) geometry(s preprocess.Spec, height, width string) (down, across axis) {
	down, across = axis{in: height, crop: s.Height}, axis{in: width, crop: s.Width}
	if s.Resize == preprocess.Squash {
		down.out, across.out = b.integer(int64(s.Height)), b.integer(int64(s.Width))
		down.first, across.first = b.integer(0), b.integer(0)
		return down, across
	}
	cover := s.Cover()
	high, wide := b.integer(int64(cover.Y)), b.integer(int64(cover.X))
	// The picture covers both; the other side, in proportion, is rounded down.
	down.out = b.larger(high, b.op("Div", b.op("Mul", wide, height), width))
	across.out = b.larger(wide, b.op("Div", b.op("Mul", high, width), height))
	down.first, across.first = b.centred(down), b.centred(across)
	return down, across
}

func (b *builder) larger(x, y string) string { return b.op("Where", b.op("Less", x, y), y, x) }

// centred is half of what the crop leaves, a half of a pixel going to the even number: (d + ⌊d/2⌋ mod 2) / 2 in whole
// numbers.
func (b *builder) centred(a axis) string {
	two := b.integer(2)
	left := b.op("Sub", a.out, b.integer(int64(a.crop)))
	half := b.op("Div", left, two)
	odd := b.op("Sub", half, b.op("Mul", b.op("Div", half, two), two))
	return b.op("Div", b.op("Add", left, odd), two)
}

// weights appends the two matrices, crop × in and float32, by which the places of the crop are made from the
// picture's pixels. The distance of pixel k from place i, in units of the filter, is
//
//	((2k+1)·out − (2i+1)·in) / (2·max(in, out))
//
// whose numerator is a whole number. Mirrored weights are for the picture with its pixels in the opposite order.
func (b *builder) weights(a axis, filter preprocess.Interpolation, mirrored bool) (high, low string) {
	places := make([]int64, a.crop)
	for i := range places {
		places[i] = int64(i)
	}
	one, two := b.integer(1), b.integer(2)
	middle := func(index string) string { return b.op("Add", b.op("Mul", index, two), one) }
	pixel := b.counting(a.in)
	if mirrored {
		pixel = b.op("Sub", b.op("Sub", a.in, one), pixel)
	}
	place := b.reshape(b.op("Add", a.first, b.ints(places...)), -1, 1)
	numerator := b.op("Sub", b.op("Mul", middle(pixel), a.out), b.op("Mul", middle(place), a.in))
	unit := b.op("Mul", b.larger(a.in, a.out), two)
	exact := b.filter(b.op("Abs", b.op("Div", b.double(numerator), b.double(unit))), filter)
	// The sum over the pixels is a product with ones, because ReduceSum changed its form.
	column := b.concat(0, b.reshape(a.in, 1), b.ints(1))
	share := b.op("Div", exact, b.op("MatMul", exact, b.double(b.ones(column))))
	units := b.op("Mul", share, b.real(1<<precision))
	half := b.op("Mul", b.op("Sign", units), b.real(0.5))
	whole := b.cast(b.op("Add", units, half), onnxpb.TensorProto_INT64) // drops what is behind the point
	upper := b.op("Div", whole, b.integer(1<<lowBits))
	lower := b.op("Sub", whole, b.op("Mul", upper, b.integer(1<<lowBits)))
	return b.float(upper), b.float(lower)
}

// filter appends the kernel: 1 − x up to 1, or Keys' cubic with a = −1/2, which is
//
//	u·(½ + 2u − 1½u²) − ½·v²·(1 − v)   with u = max(1 − x, 0) and v = max(2 − x, 0) − u.
func (b *builder) filter(x string, kind preprocess.Interpolation) string {
	u := b.op("Relu", b.op("Sub", b.real(1), x))
	if kind != preprocess.Bicubic {
		return u
	}
	v := b.op("Sub", b.op("Relu", b.op("Sub", b.real(2), x)), u)
	near := b.op("Sub", b.real(2), b.op("Mul", u, b.real(1.5)))
	near = b.op("Mul", u, b.op("Add", b.real(0.5), b.op("Mul", u, near)))
	far := b.op("Mul", b.op("Mul", v, v), b.op("Mul", b.real(0.5), b.op("Sub", b.real(1), v)))
	return b.op("Sub", near, far)
}

// resize appends both passes: pictures of N × 3 × height × width levels become crops. The order of the passes, which
// makes a difference of one level here and there, is Pillow's: see package resample.
func (b *builder) resize(pictures string, down, across axis, s preprocess.Spec, mirrored bool) string {
	downHigh, downLow := b.weights(down, s.Interpolation, false)
	acrossHigh, acrossLow := b.weights(across, s.Interpolation, mirrored)
	acrossHigh, acrossLow = b.transpose(acrossHigh, 1, 0), b.transpose(acrossLow, 1, 0)
	acrossPass := func(b *builder, x string) string {
		return b.levels(b.op("MatMul", x, acrossHigh), b.op("MatMul", x, acrossLow))
	}
	downPass := func(b *builder, x string) string {
		return b.levels(b.op("MatMul", downHigh, x), b.op("MatMul", downLow, x))
	}

	lost := b.op("Sub", down.in, down.out)
	lostAcross := b.op("Mul", b.op("Sub", across.in, across.out), b.integer(2))
	downFirst := b.op("And", b.op("Less", b.integer(0), lost), b.op("Less", lostAcross, lost))
	return b.either(downFirst, onnxpb.TensorProto_FLOAT,
		func(b *builder) string { return acrossPass(b, downPass(b, pictures)) },
		func(b *builder) string { return downPass(b, acrossPass(b, pictures)) })
}

// levels turns sums by the upper and the lower bits of the weights into levels: ⌊(high·2⁷ + low + 2²¹) / 2²²⌋, from 0
// to 255.
func (b *builder) levels(high, low string) string {
	carry := b.op("Floor", b.op("Div", b.op("Add", low, b.number(1<<(precision-1))), b.number(1<<lowBits)))
	level := b.op("Floor", b.op("Div", b.op("Add", high, carry), b.number(1<<(precision-lowBits))))
	return b.op("Min", b.op("Relu", level), b.number(255))
}

// tensors appends the preprocessing: uint8 pictures of N × height × width × 3 become the network's input of float32.
// Mirrored copies of all pictures follow the pictures where mirror says so.
func (b *builder) tensors(image string, s preprocess.Spec, channelsLast, mirror bool) string {
	size := b.op("Shape", image)
	pick := func(axis int64) string { return b.op("Gather", size, b.integer(axis)) }
	down, across := b.geometry(s, pick(1), pick(2))
	pictures := b.float(b.transpose(image, 0, 3, 1, 2))
	levels := b.resize(pictures, down, across, s, false)
	if mirror {
		levels = b.concat(0, levels, b.resize(pictures, down, across, s, true))
	}
	if s.ChannelOrder == preprocess.BGR {
		levels = b.gather(levels, 1, 2, 1, 0)
	}
	shift, scale := make([]float32, 3), make([]float32, 3)
	for c := range 3 {
		shift[c], scale[c] = float32(s.Mean[c]*s.Scale), float32(s.Std[c]*s.Scale)
	}
	tensor := b.op("Div", b.op("Sub", levels, b.floats(shift, 3, 1, 1)), b.floats(scale, 3, 1, 1))
	if channelsLast {
		tensor = b.transpose(tensor, 0, 2, 3, 1)
	}
	return tensor
}
