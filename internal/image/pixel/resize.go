package pixel

// Precision is the number of bits after the point of weights: a sum of 8-bit levels times weights needs 8 bits before it,
// and with a cubic's overshoot and the sign two more.
const Precision = 32 - 8 - 2

const half = 1 << (Precision - 1)

// Taps describes the pixels from which a row of n pixels is computed: pixel i from Counts[i] pixels, Starts[i] and those after it, with the
// weights from Weights[i·Width] on. All of them lie from First to End. The tables are trusted to be so.
type Taps struct {
	Starts, Counts []int
	First, End     int
	Width          int
	Weights        []int32
}

// Across computes a row of pixels of 3 bytes, one for each of t.Starts, from a row of pixels of 4 bytes. The fourth is
// ignored.
func Across(dst, src []uint8, t *Taps) {
	n := len(t.Starts)
	dst = dst[:3*n]
	_ = src[4*t.First : 4*t.End]
	acrossPlain(dst, src, t, acrossNative(dst, src, t))
}

// acrossPlain computes the pixels from a number on.
func acrossPlain(dst, src []uint8, t *Taps, from int) {
	for i := from; i < len(t.Starts); i++ {
		first, count := t.Starts[i], t.Counts[i]
		weights := t.Weights[i*t.Width : i*t.Width+count]
		pixels := src[4*first : 4*(first+count)]
		red, green, blue := int32(half), int32(half), int32(half)
		for _, w := range weights {
			p := pixels[:4]
			red += w * int32(p[0])
			green += w * int32(p[1])
			blue += w * int32(p[2])
			pixels = pixels[4:]
		}
		*(*[3]uint8)(dst[3*i:]) = [3]uint8{Clamp(red >> Precision), Clamp(green >> Precision), Clamp(blue >> Precision)}
	}
}

// Down computes a row of bytes from len(weights) rows that begin stride bytes apart.
func Down(dst, rows []uint8, stride int, weights []int32) {
	if len(weights) == 0 {
		panic("pixelkernel: no weights")
	}
	_ = rows[(len(weights)-1)*stride+len(dst)-1]
	n := downNative(dst, rows, stride, weights)
	downPlain(dst[n:], rows[n:], stride, weights)
}

// downPlain takes some columns at a time, so that their sums stay in the first cache.
func downPlain(dst, rows []uint8, stride int, weights []int32) {
	var sums [256]int32
	for len(dst) > 0 {
		n := min(len(dst), len(sums))
		for i := range sums[:n] {
			sums[i] = half
		}
		for k, w := range weights {
			for i, v := range rows[k*stride : k*stride+n] {
				sums[i] += w * int32(v)
			}
		}
		for i, s := range sums[:n] {
			dst[i] = Clamp(s >> Precision)
		}
		dst, rows = dst[n:], rows[n:]
	}
}
