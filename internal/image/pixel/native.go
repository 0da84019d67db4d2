//go:build amd64 || arm64

package pixel

// The functions below do the part of the work that fits whole vectors and return how much that is. The assembly checks
// nothing; they see to it that it stays inside the slices.

func inverseDCTNative(out []uint8, stride int, block *[64]int32) bool {
	if native {
		inverseDCTAssembly(&out[0], stride, block)
	}
	return native
}

func coloursNative(dst, luma, cb, cr []uint8) int {
	n := len(luma) &^ 15
	if !native || n == 0 {
		return 0
	}
	coloursAssembly(&dst[0], &luma[0], &cb[0], &cr[0], n)
	return n
}

func widenNative(dst, src []uint8) int {
	n := (len(src) - 1) &^ 15
	if !native || n <= 0 {
		return 0
	}
	_ = dst[2*n-1]
	widenAssembly(&dst[0], &src[0], n)
	return n
}

func widenBetweenNative(dst, near, far []uint8) int {
	n := (len(near) - 1) &^ 15
	if !native || n <= 0 {
		return 0
	}
	_ = dst[2*n-1]
	widenBetweenAssembly(&dst[0], &near[0], &far[0], n)
	return n
}

// acrossNative leaves the last pixel, because the assembly writes a byte too many.
func acrossNative(dst, src []uint8, t *Taps) int {
	n := len(t.Starts) - 1
	if !native || n <= 0 {
		return 0
	}
	_ = t.Weights[n*t.Width-1]
	acrossAssembly(&dst[0], &src[0], &t.Starts[0], &t.Counts[0], &t.Weights[0], t.Width, n)
	return n
}

func downNative(dst, rows []uint8, stride int, weights []int32) int {
	n := len(dst) &^ 31
	if !native || n == 0 {
		return 0
	}
	downAssembly(&dst[0], &rows[0], stride, &weights[0], len(weights), n)
	return n
}
