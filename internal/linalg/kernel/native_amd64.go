package kernel

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

func native() []Kernel {
	var kernels []Kernel
	if cpu.X86.HasAVX512F && cpu.X86.HasAVX512VL && cpu.X86.HasAVX2 {
		wide := assembly("AVX-512", 16, vectorAVX512(), 4, 8, 48, dotAVX512, outerAVX512,
			[]dotAtFunc{dotAtAVX512By1, dotAtAVX512By2, dotAtAVX512By3, dotAtAVX512By4},
			[]outerAtFunc{outerAtAVX512By1, outerAtAVX512By2, outerAtAVX512By3, outerAtAVX512By4, outerAtAVX512By5, outerAtAVX512By6,
				outerAtAVX512By7, outerAtAVX512By8})
		wide.EMD2 = emd2
		kernels = append(kernels, wide)
	}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		kernels = append(kernels, assembly("AVX2", 8, vectorAVX2(), 3, 4, 24, dotAVX2, outerAVX2,
			[]dotAtFunc{dotAtAVX2By1, dotAtAVX2By2, dotAtAVX2By3, dotAtAVX2By4},
			[]outerAtFunc{outerAtAVX2By1, outerAtAVX2By2, outerAtAVX2By3, outerAtAVX2By4}))
	}
	return kernels
}

// emd2 checks for emd2AVX512 that it stays inside the slices.
func emd2(samples, k int, z, t []float32, gaps []float64, scale []float32, values *[LossRows]float64, grad []float32, exp *[128]uint64, scratch []float64) {
	if samples < 1 || samples > LossRows || k < 1 || k > 1<<20 {
		panic("kernel: too many samples or classes")
	}
	var scales [LossRows]float32
	copy(scales[:], scale[:samples])
	_, _, _, _, _ = z[samples*k-1], t[samples*k-1], gaps[:k-1], grad[samples*k-1], scratch[3*LossRows*k-1]
	emd2AVX512(samples, k, &z[0], &t[0], unsafe.SliceData(gaps), &scales[0], &values[0], &grad[0], &exp[0], &scratch[0])
}
