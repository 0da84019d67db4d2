package kernel

import "golang.org/x/sys/cpu"

type (
	dotFunc   = func(k int, a *float32, lda int, b *float32, ldb int, c *float32, ldc int)
	outerFunc = func(k int, a, b *float32, ldb int, c *float32, ldc int)
)

func native() []Kernel {
	var kernels []Kernel
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX2 {
		kernels = append(kernels, assembly("AVX-512", 4, 8, 48, dotAVX512, outerAVX512))
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		kernels = append(kernels, assembly("AVX2", 3, 4, 24, dotAVX2, outerAVX2))
	}
	return kernels
}

// assembly makes a kernel of functions that check nothing, by checking for them that they stay inside the slices.
func assembly(name string, dotRows, outerRows, outerCols int, dot dotFunc, outer outerFunc) Kernel {
	const dotCols = 4
	return Kernel{
		Name:    name,
		DotRows: dotRows, DotCols: dotCols,
		Dot: func(k int, a []float32, lda int, b []float32, ldb int, c []float32, ldc int) {
			if k <= 0 {
				return
			}
			_, _, _ = a[last(dotRows, k, lda)], b[last(dotCols, k, ldb)], c[last(dotRows, dotCols, ldc)]
			dot(k, &a[0], lda, &b[0], ldb, &c[0], ldc)
		},
		OuterRows: outerRows, OuterCols: outerCols,
		Outer: func(k int, a, b []float32, ldb int, c []float32, ldc int) {
			if k <= 0 {
				return
			}
			_, _, _ = a[k*outerRows-1], b[last(k, outerCols, ldb)], c[last(outerRows, outerCols, ldc)]
			outer(k, &a[0], &b[0], ldb, &c[0], ldc)
		},
	}
}

// last is the place of the last element of a rows × cols matrix.
func last(rows, cols, stride int) int { return (rows-1)*stride + cols - 1 }
