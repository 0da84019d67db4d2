package kernel

import "golang.org/x/sys/cpu"

func nativeDouble() []Double[float64] { return nativeTiles(1, doubleAVX512, doubleAVX2) }

func nativeSingle() []Double[float32] { return nativeTiles(2, singleAVX512, singleAVX2) }

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
