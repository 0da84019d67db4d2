package kernel

import "golang.org/x/sys/cpu"

func native() []Kernel {
	var kernels []Kernel
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX2 {
		kernels = append(kernels, assembly("AVX-512", vectorAVX512(), 4, 8, 48, dotAVX512, dotAtAVX512, outerAVX512, outerAtAVX512))
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		kernels = append(kernels, assembly("AVX2", vectorAVX2(), 3, 4, 24, dotAVX2, dotAtAVX2, outerAVX2, outerAtAVX2))
	}
	return kernels
}
