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
