package kernel

func vectorAVX512() Vector {
	return assembledVector(16, 16, addAVX512, mulAVX512, mulSpreadAVX512, sgdAVX512, adamWAVX512, dropAVX512)
}

func vectorAVX2() Vector {
	return assembledVector(8, 8, addAVX2, mulAVX2, mulSpreadAVX2, sgdAVX2, adamWAVX2, dropAVX2)
}
