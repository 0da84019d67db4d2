package label

// Median returns the lower median class of a distribution over the classes, the first up to which half of the mass
// lies. No class is fewer steps away, on average, from one that is drawn from the distribution. The mass need not be
// 1; where it isn't a number the class is the last.
func Median[T float32 | float64](distribution []T) int {
	var mass, below float64
	for _, p := range distribution {
		mass += float64(p)
	}
	half := mass/2 - 1e-12*mass // the sum of thirds and the like may fall short of it by rounding
	for class, p := range distribution {
		if below += float64(p); below >= half {
			return class
		}
	}
	return len(distribution) - 1
}
