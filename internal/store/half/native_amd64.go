package half

import "golang.org/x/sys/cpu"

// native reports whether the processor has vector instructions for halves and the system keeps the registers that they use.
var native = cpu.X86.HasF16C && cpu.X86.HasAVX

// The functions below do what fits whole vectors and return how much that is. The assembly checks nothing; they see to it that it
// stays inside the slices.

func encodeNative(dst []uint16, src []float32) int {
	n := len(src) &^ 7
	if !native || n == 0 {
		return 0
	}
	_ = dst[n-1]
	encodeF16C(&dst[0], &src[0], n)
	return n
}

func decodeNative(dst []float32, src []uint16) int {
	n := len(src) &^ 7
	if !native || n == 0 {
		return 0
	}
	_ = dst[n-1]
	decodeF16C(&dst[0], &src[0], n)
	return n
}
