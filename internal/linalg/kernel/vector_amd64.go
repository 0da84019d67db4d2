package kernel

func vectorAVX512() Vector {
	v := assembledVector(16, 16, addAVX512, mulAVX512, mulSpreadAVX512, sgdAVX512, adamWAVX512, dropAVX512)
	v.Standardise, v.Moments = assembledMoments(8, standardiseAVX512, momentsAVX512)
	return v
}

func vectorAVX2() Vector {
	v := assembledVector(8, 8, addAVX2, mulAVX2, mulSpreadAVX2, sgdAVX2, adamWAVX2, dropAVX2)
	v.Standardise, v.Moments = assembledMoments(4, standardiseAVX2, momentsAVX2)
	return v
}

// assembledMoments takes whole vectors by the assembly, and the few elements after them in plain Go.
func assembledMoments(
	lanes int,
	standardise func(n int, dst, a *float32, mean, inverse *float64, scale float64),
	moments func(n int, a, origin *float32, mean, squares *float64, weight float64),
) (func(dst, a []float32, mean, inverse []float64, scale float64), func(a, origin []float32, mean, squares []float64, weight float64)) {
	return func(dst, a []float32, mean, inverse []float64, scale float64) {
			a, mean, inverse = a[:len(dst)], mean[:len(dst)], inverse[:len(dst)]
			n := len(dst) / lanes * lanes
			if n > 0 {
				standardise(n, &dst[0], &a[0], &mean[0], &inverse[0], scale)
			}
			standardisePlain(dst[n:], a[n:], mean[n:], inverse[n:], scale)
		}, func(a, origin []float32, mean, squares []float64, weight float64) {
			origin, mean, squares = origin[:len(a)], mean[:len(a)], squares[:len(a)]
			n := len(a) / lanes * lanes
			if n > 0 {
				moments(n, &a[0], &origin[0], &mean[0], &squares[0], weight)
			}
			momentsPlain(a[n:], origin[n:], mean[n:], squares[n:], weight)
		}
}
