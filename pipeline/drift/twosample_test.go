package drift

import (
	"math"
	"math/rand/v2"
	"testing"

	"finetune/internal/randstream"
)

func normal(rng *rand.Rand, n int, shift float64, round bool) []float64 {
	out := make([]float64, n)
	for i := range out {
		out[i] = rng.NormFloat64() + shift
		if round {
			out[i] = math.Round(out[i])
		}
	}
	return out
}

func TestStatistic(t *testing.T) {
	// By hand, of a = {1, 2}, b = {2, 3}; at 1: 1·(4·1−1·2)²/(1·3) = 4/3; at 2 (two ties): 2·(4·2−3·2)²/(3·1) = 8/3.
	got := TwoSample([]float64{1, 2}, []float64{3, 2}, 0, randstream.New(1, "t")).Statistic
	if want := (4.0/3 + 8.0/3) / 4; math.Abs(got-want) > 1e-12 {
		t.Errorf("%v, not %v", got, want)
	}
	same := TwoSample([]float64{1, 1}, []float64{1, 1, 1}, 50, randstream.New(1, "t"))
	if same.Statistic != 0 || same.PValue != 1 {
		t.Errorf("equal values: %+v", same)
	}
}

func TestLevelAndPower(t *testing.T) {
	const trials, permutations = 1000, 199
	for _, round := range []bool{false, true} {
		rng := randstream.New(1, "level")
		alike, shifted := 0, 0
		for range trials {
			a := normal(rng, 60, 0, round)
			if TwoSample(a, normal(rng, 30, 0, round), permutations, rng).PValue <= 0.05 {
				alike++
			}
			if TwoSample(a, normal(rng, 30, 1, round), permutations, rng).PValue <= 0.05 {
				shifted++
			}
		}
		if share := float64(alike) / trials; !(share > 0.03 && share < 0.07) {
			t.Errorf("rounded %v: %.3f of samples that are alike are said to differ", round, share)
		}
		if share := float64(shifted) / trials; share < 0.9 {
			t.Errorf("rounded %v: only %.3f of shifted samples are found", round, share)
		}
	}
}
