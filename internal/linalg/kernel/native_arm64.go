package kernel

// Every arm64 processor has NEON.

func native() []Kernel {
	vector := assembledVector(8, addNEON, mulNEON, sgdNEON, adamWNEON, dropNEON)
	return []Kernel{assembly("NEON", vector, 4, 8, 12, dotNEON, dotAtNEON, outerNEON, outerAtNEON)}
}

func nativeDouble() []Double[float64] {
	return []Double[float64]{assembledDouble("NEON", 4, 12, doubleNEON)}
}

func nativeSingle() []Double[float32] {
	return []Double[float32]{assembledDouble("NEON", 4, 24, singleNEON)}
}
