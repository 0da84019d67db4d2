package kernel

import "golang.org/x/sys/cpu"

func nativeDouble() []Double {
	var kernels []Double
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX2 {
		kernels = append(kernels, assembledDouble("AVX-512", 8, 24, doubleAVX512))
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		kernels = append(kernels, assembledDouble("AVX2", 4, 12, doubleAVX2))
	}
	return kernels
}

// assembledDouble checks for a function that checks nothing that it stays inside the slices.
func assembledDouble(name string, rows, cols int, outer func(k int, a, b *float64, ldb int, c *float64, ldc int)) Double {
	return Double{Name: name, Rows: rows, Cols: cols, Outer: func(k int, a, b []float64, ldb int, c []float64, ldc int) {
		if k <= 0 {
			return
		}
		_, _, _ = a[k*rows-1], b[last(k, cols, ldb)], c[last(rows, cols, ldc)]
		outer(k, &a[0], &b[0], ldb, &c[0], ldc)
	}}
}
