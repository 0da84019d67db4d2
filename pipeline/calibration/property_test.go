package calibration_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"finetune/label"
	"finetune/pipeline/calibration"
)

// distribution draws probabilities that are wrong about where the class lies by as much as skew says.
func distribution(r *rand.Rand, probs []float32, class int, skew float64) {
	centre := float64(class) + 1.5*r.NormFloat64()
	var sum float64
	weights := make([]float64, len(probs))
	for k := range probs {
		weights[k] = math.Exp(-math.Abs(float64(k)-centre)*skew - 0.3*r.Float64())
		sum += weights[k]
	}
	for k, w := range weights {
		probs[k] = float32(w / sum)
	}
}

// Over many draws of exchangeable images, sets must hold the true class as often as asked for and hardly more often,
// whether the model is too sure or too cautious. The bounds leave room for four standard deviations of the mean over
// draws.
func TestCoverage(t *testing.T) {
	const draws, test, k = 400, 60, 7
	for _, c := range []struct {
		calibrated     int
		coverage, skew float64
	}{{20, 0.9, 1}, {100, 0.9, 4}, {100, 0.8, 1}, {100, 0.5, 0.2}, {39, 0.95, 2}} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			r := rand.New(rand.NewPCG(7, uint64(c.calibrated)))
			probs := make([]float32, k)
			covered := 0
			for range draws {
				scores := make([]float64, c.calibrated)
				for i := range scores {
					y := r.IntN(k)
					distribution(r, probs, y, c.skew)
					scores[i] = calibration.Score(probs, label.Median(probs), y)
				}
				threshold, _, err := calibration.Threshold(scores, nil, c.coverage)
				if err != nil {
					t.Fatal(err)
				}
				for range test {
					y := r.IntN(k)
					distribution(r, probs, y, c.skew)
					if low, high := calibration.Interval(probs, label.Median(probs), threshold); low <= y &&
						y <= high {
						covered++
					}
				}
			}
			// A draw's coverage varies by its calibration (Beta) and by its test images (binomial).
			m := float64(c.calibrated + 1)
			want := math.Ceil(m*c.coverage-1e-9) / m
			std := math.Sqrt(want * (1 - want) * (1/(m+1) + 1/float64(test)) / draws)
			got := float64(covered) / (draws * test)
			if math.Abs(got-want) > 4*std {
				t.Errorf("coverage %.4f, want %.4f ± %.4f", got, want, std)
			}
		})
	}
}

// Groups of like images, some large and some small, mustn't count for more than one each.
func TestCoverageOfGroups(t *testing.T) {
	const draws, groups, k, coverage = 400, 40, 5, 0.8
	r := rand.New(rand.NewPCG(1, 9))
	var covered, pooled int
	for range draws {
		var scores []float64
		var names []string
		group := func(name string) []float64 {
			// The larger a group, the worse its images are predicted.
			size := 1
			if r.IntN(4) == 0 {
				size = 30
			}
			probs, list := make([]float32, k), []float64{}
			skew, y := 3/float64(size), r.IntN(k)
			for range size {
				distribution(r, probs, (y+size/8)%k, skew)
				list = append(list, calibration.Score(probs, label.Median(probs), y))
			}
			return list
		}
		for g := range groups {
			for _, s := range group("") {
				scores, names = append(scores, s), append(names, fmt.Sprint(g))
			}
		}
		threshold, units, err := calibration.Threshold(scores, names, coverage)
		if err != nil || units != groups {
			t.Fatalf("%d units, %v", units, err)
		}
		asImages, _, _ := calibration.Threshold(scores, nil, coverage)
		next := group("")
		if next[0] <= threshold {
			covered++
		}
		if next[0] <= asImages {
			pooled++
		}
	}
	d := distuv.Binomial{N: draws, P: coverage}
	// At least the coverage, and at most as much more as one of groups weighs.
	if got := float64(covered); got < d.Mean()-3*d.StdDev() || got > d.Mean()+draws/(groups+1)+3*d.StdDev() {
		t.Errorf("%d of %d images of new groups are covered, want about %v", covered, draws, d.Mean())
	}
	if float64(pooled) > d.Mean()-5*d.StdDev() {
		t.Errorf("counting images covers %d, counting groups %d: the test tells nothing apart", pooled, covered)
	}
}

// Sets are contiguous by their type; they hold their start, widen with the threshold, and hold a class just when it
// scores no more.
func FuzzInterval(f *testing.F) {
	f.Add([]byte{1, 2, 3, 200, 5}, uint8(2), 0.9)
	f.Add([]byte{0, 0, 0, 0}, uint8(3), 1.0)
	f.Add([]byte{255}, uint8(0), 0.0)
	f.Fuzz(func(t *testing.T, weights []byte, at uint8, threshold float64) {
		if len(weights) == 0 || len(weights) > 200 || math.IsNaN(threshold) {
			return
		}
		var sum float64
		for _, w := range weights {
			sum += float64(w)
		}
		probs := make([]float32, len(weights))
		for i, w := range weights {
			probs[i] = float32(float64(w) / max(sum, 1))
		}
		start := int(at) % len(probs)
		low, high := calibration.Interval(probs, start, threshold)
		if low < 0 || low > start || high < start || high >= len(probs) {
			t.Fatalf("%d to %d around %d of %d classes", low, high, start, len(probs))
		}
		for class := range probs {
			score := calibration.Score(probs, start, class)
			if !(score >= 0 && score <= 1) || score == 0 && sum > 0 && class != start && weights[start] > 0 {
				t.Fatalf("class %d scores %v", class, score)
			}
			if inside := class >= low && class <= high; inside != (score <= threshold || class == start) {
				t.Fatalf("class %d scores %v at threshold %v; inside: %v", class, score, threshold, inside)
			}
		}
		if l, h := calibration.Interval(probs, start, 1); l != 0 || h != len(probs)-1 {
			t.Fatalf("threshold 1 gives %d to %d of %d classes", l, h, len(probs))
		}
		if l, h := calibration.Interval(probs, start, threshold/2); threshold >= 0 && (l < low || h > high) {
			t.Fatalf("%d to %d at half the threshold, %d to %d at all of it", l, h, low, high)
		}
	})
}

func TestThresholdRises(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	scores := make([]float64, 50)
	for i := range scores {
		scores[i] = r.Float64()
	}
	last := 0.0
	for coverage := 0.01; coverage < 1; coverage += 0.01 {
		q, units, err := calibration.Threshold(scores, nil, coverage)
		if err != nil || units != 50 || q < last {
			t.Fatalf("coverage %v: %v of %d units after %v, %v", coverage, q, units, last, err)
		}
		last = q
	}
	if last != 1 {
		t.Errorf("coverage 0.99 of 50 images has threshold %v, want 1", last)
	}
}

func TestMinUnits(t *testing.T) {
	for _, coverage := range []float64{0.5, 0.75, 0.8, 0.9, 0.95, 0.99, 0.999, 1. / 3} {
		n := calibration.MinUnits(coverage)
		enough, _, _ := calibration.Threshold(make([]float64, n), nil, coverage)
		few, _, _ := calibration.Threshold(make([]float64, n-1), nil, coverage)
		if enough != 0 || few != 1 {
			t.Errorf("coverage %v: %d images should do (threshold %v) and one less not (%v)", coverage, n, enough, few)
		}
	}
}

func TestThresholdRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		scores   []float64
		groups   []string
		coverage float64
	}{
		"coverage 0":   {[]float64{0}, nil, 0},
		"coverage 1":   {[]float64{0}, nil, 1},
		"coverage NaN": {[]float64{0}, nil, math.NaN()},
		"score":        {[]float64{1.5}, nil, 0.9},
		"score NaN":    {[]float64{math.NaN()}, nil, 0.9},
		"groups":       {[]float64{0}, []string{"a", "b"}, 0.9},
	} {
		if _, _, err := calibration.Threshold(c.scores, c.groups, c.coverage); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if q, units, err := calibration.Threshold(nil, nil, 0.9); q != 1 || units != 0 || err != nil {
		t.Errorf("of nothing: %v, %d, %v; want every class", q, units, err)
	}
}

func TestTemperatureWithoutMaximum(t *testing.T) {
	l := calibration.Logits{Values: []float32{2, 0, 0, 2}, Outputs: 2, Targets: []float64{1, 0, 0, 1}, Classes: 2,
		Rule: ruleOf(t, "softmax", 2)}
	if _, err := calibration.FitTemperature(l); !errors.Is(err, calibration.ErrNoTemperature) {
		t.Errorf("all right: %v", err)
	}
	l.Targets = []float64{0, 1, 1, 0}
	if _, err := calibration.FitTemperature(l); !errors.Is(err, calibration.ErrNoTemperature) {
		t.Errorf("all wrong: %v", err)
	}
	l.Values[0] = float32(math.NaN())
	if _, err := calibration.FitTemperature(l); err == nil || errors.Is(err, calibration.ErrNoTemperature) {
		t.Errorf("NaN: %v", err)
	}
	l.Values = l.Values[1:]
	if _, err := calibration.FitTemperature(l); err == nil {
		t.Error("no error for lengths that disagree")
	}
}
