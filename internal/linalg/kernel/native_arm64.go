package kernel

// Every arm64 processor has NEON.

func native() []Kernel {
	vector := assembledVector(8, 4, addNEON, mulNEON, mulSpreadNEON, sgdNEON, adamWNEON, dropNEON)
	vector.Standardise, vector.Moments = assembledMoments(4, standardiseNEON, momentsNEON)
	return []Kernel{assembly("NEON", 4, vector, 4, 8, 12, dotNEON, outerNEON,
		[]dotAtFunc{dotAtNEONBy1, dotAtNEONBy2, dotAtNEONBy3, dotAtNEONBy4},
		[]outerAtFunc{outerAtNEONBy1, outerAtNEONBy2, outerAtNEONBy3, outerAtNEONBy4, outerAtNEONBy5, outerAtNEONBy6, outerAtNEONBy7,
			outerAtNEONBy8})}
}

func nativeDouble() []Double[float64] {
	return []Double[float64]{assembledDouble("NEON", 4, 12, doubleNEON)}
}

func nativeSingle() []Double[float32] {
	return []Double[float32]{assembledDouble("NEON", 4, 24, singleNEON)}
}
