package kernel

import "golang.org/x/sys/cpu"

func nativeDouble() []Double[float64] { return nativeTiles(1, doubleAVX512, doubleAVX2) }

func nativeSingle() []Double[float32] { return nativeTiles(2, singleAVX512, singleAVX2) }

type tileFunc[F float32 | float64] = func(k int, a, b *F, ldb int, c *float64, ldc int)

// nativeTiles returns what the processor can do, for factors of which so many take the room of a float64.
func nativeTiles[F float32 | float64](perDouble int, avx512, avx2 tileFunc[F]) []Double[F] {
	var kernels []Double[F]
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX2 {
		kernels = append(kernels, assembledDouble("AVX-512", 8, 24*perDouble, avx512))
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		kernels = append(kernels, assembledDouble("AVX2", 4, 12*perDouble, avx2))
	}
	return kernels
}

// assembledDouble checks for a function that checks nothing that it stays inside the slices.
func assembledDouble[F float32 | float64](name string, rows, cols int, outer tileFunc[F]) Double[F] {
	return Double[F]{Name: name, Rows: rows, Cols: cols, Outer: func(k int, a, b []F, ldb int, c []float64, ldc int) {
		if k <= 0 {
			return
		}
		_, _, _ = a[k*rows-1], b[last(k, cols, ldb)], c[last(rows, cols, ldc)]
		outer(k, &a[0], &b[0], ldb, &c[0], ldc)
	}}
}
