package loss

import (
	"math"
	"math/rand/v2"
	"testing"
)

// sampleOf returns the value of one loss at one point.
func sampleOf(t *testing.T, cfg Config, logits, target []float64) float64 {
	t.Helper()
	cfg.Classes = len(target)
	l := mustNew[float64](t, cfg)
	return l.Sample(logits, target, nil, NewWorkspace(l))
}

// TestIdentities compares the losses with each other and with well-known quantities, at random points.
func TestIdentities(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	for range 200 {
		k := 2 + rng.IntN(12)
		logits := randomLogits(rng, k, 3)
		soft, oneHot := make([]float64, k), make([]float64, k)
		softTargets(rng, soft)
		label := rng.IntN(k)
		OneHot(oneHot, label)
		p := make([]float64, k)
		mustNew[float64](t, Config{Classes: k}).Probabilities(logits, p)
		positions, matrix := randomGround(rng, k)

		same := func(what string, got, want float64) {
			t.Helper()
			if !(math.Abs(got-want) <= 1e-11*(1+math.Abs(want))) {
				t.Errorf("K = %d: %s: %v, want %v", k, what, got, want)
			}
		}
		emd2 := sampleOf(t, Config{Name: EMD2}, logits, soft)
		same("emd2 is the ranked probability score", emd2, rankedProbabilityScore(p, soft))
		same("emd with r = 2 is the root of emd2's mean", sampleOf(t, Config{Name: EMD}, logits, soft),
			math.Sqrt(emd2/float64(k)))

		ordered := Matrix(Ordered().Distances(k))
		var want float64
		for i := range p {
			want += p[i] * p[i] * math.Abs(float64(i-label)) / float64(k-1)
		}
		same("emd2 with |i−j|/(K−1) as matrix", sampleOf(t, Config{Name: EMD2, Ground: ordered}, logits, oneHot), want)

		roots := make([]float64, k*k)
		for i, d := range matrix.Matrix {
			roots[i] = math.Sqrt(d)
		}
		same("ω is a power of the matrix", sampleOf(t, Config{Name: EMD2, Ground: matrix, Omega: 0.5}, logits, soft),
			sampleOf(t, Config{Name: EMD2, Ground: Matrix(roots)}, logits, soft))

		even := make([]float64, k)
		for i := range even {
			even[i] = 20 + 2.5*float64(i)
		}
		same("emd2 with positions at equal gaps", sampleOf(t, Config{Name: EMD2, Ground: Positions(even)}, logits, soft),
			emd2)
		s := positions.Positions
		meanGap := (s[k-1] - s[0]) / float64(k-1)
		same("emd2 with positions is the CRPS in mean gaps",
			sampleOf(t, Config{Name: EMD2, Ground: positions}, logits, soft)*meanGap, crps(p, soft, s))

		for _, g := range []GroundDistance{{}, positions, matrix} {
			sum := sampleOf(t, Config{}, logits, soft) + 0.7*sampleOf(t, Config{Name: EMD2, Ground: g}, logits, soft)
			same("xemd2 is the sum", sampleOf(t, Config{Name: XEMD2, Ground: g, Lambda: 0.7}, logits, soft), sum)
		}
		for _, cfg := range everyLoss(rng, k) {
			cfg.Classes = k
			z := logits[:mustNew[float64](t, cfg).Outputs()]
			votes := make([]float64, k)
			if err := Votes(votes, scaled(oneHot, 7)); err != nil {
				t.Fatal(err)
			}
			same("votes for one class are one-hot: "+describe(cfg), sampleOf(t, cfg, z, votes), sampleOf(t, cfg, z, oneHot))
			if cfg.Name == L2 || cfg.Name == CORAL || cfg.Name == CORN || cfg.Name == CrossEntropy ||
				cfg.Ground.Matrix != nil && cfg.Name != Sinkhorn {
				var mean float64
				for j, share := range soft {
					OneHot(votes, j)
					mean += share * sampleOf(t, cfg, z, votes)
				}
				same("a soft target is the mean over its labels: "+describe(cfg), sampleOf(t, cfg, z, soft), mean)
			}
		}
		two := []float64{soft[0] / (soft[0] + soft[1]), soft[1] / (soft[0] + soft[1])}
		for _, name := range []string{CORAL, CORN} {
			same(name+" with two classes is cross-entropy", sampleOf(t, Config{Name: name}, logits[:1], two),
				sampleOf(t, Config{}, []float64{0, logits[0]}, two))
		}
	}
}

// rankedProbabilityScore sums the squared differences of the two cumulative distributions by its definition.
func rankedProbabilityScore(p, t []float64) float64 {
	var cp, ct, score float64
	for i := range p {
		cp += p[i]
		ct += t[i]
		score += (cp - ct) * (cp - ct)
	}
	return score
}

// crps integrates the squared difference of two step functions over the line.
func crps(p, t, positions []float64) float64 {
	var cp, ct, score float64
	for i := range len(p) - 1 {
		cp += p[i]
		ct += t[i]
		score += (cp - ct) * (cp - ct) * (positions[i+1] - positions[i])
	}
	return score
}

func scaled(x []float64, by float64) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = by * v
	}
	return y
}

// FuzzSample makes every loss with a random ground distance and checks its properties at a random point.
func FuzzSample(f *testing.F) {
	f.Add(uint64(1), uint8(0), 1.0, 3.0, true)
	f.Add(uint64(2), uint8(6), 300.0, -5.0, false)
	f.Add(uint64(3), uint8(40), 1e4, 1e3, true)
	f.Add(uint64(4), uint8(99), 30.0, 0.0, false)
	f.Fuzz(func(t *testing.T, seed uint64, classes uint8, scale, shift float64, soft bool) {
		if !(math.Abs(scale) <= 1e4) || !(math.Abs(shift) <= 1e4) {
			t.Skip()
		}
		k := 2 + int(classes)%99
		rng := rand.New(rand.NewPCG(seed, 11))
		fill := oneHotTargets[float64]
		if soft {
			fill = softTargets[float64]
		}
		target := make([]float64, k)
		fill(rng, target)
		if soft && seed%2 == 0 { // votes that leave classes out
			for i := range target {
				target[i] *= float64(rng.IntN(2))
			}
			target[rng.IntN(k)] += 0.1
			if err := Votes(target, append([]float64(nil), target...)); err != nil {
				t.Fatal(err)
			}
		}
		for _, cfg := range everyLoss(rng, k) {
			l := mustNew[float64](t, cfg)
			logits := make([]float64, l.Outputs())
			for i := range logits {
				logits[i] = scale * (2*rng.Float64() - 1)
			}
			value, _ := validate(t, l, logits, target)
			if cfg.Mu >= 0 && cfg.Name != Sinkhorn && value < 0 {
				t.Errorf("%s: negative value %v", describe(cfg), value)
			}
			if l.Outputs() != k {
				continue
			}
			for i := range logits {
				logits[i] += shift
			}
			// The shift itself rounds the logits, by as much as they are large.
			tol := 1e-15 * (1 + math.Abs(scale) + math.Abs(shift)) * float64(20*k)
			if shifted, _ := validate(t, l, logits, target); !(math.Abs(shifted-value) <= tol*(1+math.Abs(value))) {
				t.Errorf("%s: value %v, with %v added to each logit %v", describe(cfg), value, shift, shifted)
			}
		}
	})
}
