package drift

import (
	"math/rand/v2"
	"slices"
)

// A Test is a two-sample test of the hypothesis that both samples are drawn alike.
type Test struct {
	Statistic float64 `json:"statistic"` // Anderson–Darling, larger for samples that differ more
	PValue    float64 `json:"p_value"`
}

// TwoSample compares two samples, neither of them empty, by the two-sample Anderson–Darling statistic for values with
// ties (Scholz and Stephens 1987, equation 6), which sees differences in the tails as well as in the middle. Its
// p-value is that of a permutation test (Phipson and Smyth 2010): (1 + permutations with at least the statistic) /
// (permutations + 1). If the values of both samples are exchangeable, it is at most α with a probability of at most
// α, for any sizes and any distribution.
func TwoSample(a, b []float64, permutations int, rng *rand.Rand) Test {
	pooled := slices.Concat(a, b)
	order := make([]int, len(pooled))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case pooled[i] < pooled[j]:
			return -1
		case pooled[i] > pooled[j]:
			return 1
		}
		return 0
	})
	first := make([]bool, len(pooled)) // whether a value, in ascending order, is one of a
	ends := make([]int, 0, len(pooled))
	for at, i := range order {
		first[at] = i < len(a)
		if at+1 == len(order) || pooled[order[at+1]] > pooled[i] {
			ends = append(ends, at+1)
		}
	}
	t := Test{Statistic: andersonDarling(first, ends, len(a))}
	asFar := 1
	for range permutations {
		rng.Shuffle(len(first), func(i, j int) { first[i], first[j] = first[j], first[i] })
		const rounding = 1e-9
		if andersonDarling(first, ends, len(a)) >= t.Statistic-rounding {
			asFar++
		}
	}
	t.PValue = float64(asFar) / float64(permutations+1)
	return t
}

// andersonDarling returns the statistic of pooled values in ascending order: first says which are of the first
// sample, of n values; equal values end before each of ends.
func andersonDarling(first []bool, ends []int, n int) float64 {
	total := float64(len(first))
	var sum float64
	below, at := 0, 0 // values of the first sample up to at
	for _, end := range ends {
		if end == len(first) {
			break
		}
		ties := float64(end - at)
		for ; at < end; at++ {
			if first[at] {
				below++
			}
		}
		difference := total*float64(below) - float64(end)*float64(n)
		sum += ties * difference * difference / (float64(end) * (total - float64(end)))
	}
	return sum / (float64(n) * (total - float64(n)))
}
