package metrics

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"
)

// forecast makes n items of k classes with noisy, confident forecasts; each group of size size shares its noise.
func forecast(t testing.TB, n, k, size int, seed uint64) Input {
	rng := rand.New(rand.NewPCG(seed, 7))
	in := Input{Space: space(t, k, nil), Probabilities: make([]float64, n*k), Groups: make([]string, n), Seed: seed}
	var shift float64
	for i := range n {
		if i%size == 0 {
			shift = rng.NormFloat64()
		}
		y := rng.IntN(k)
		in.Labels = append(in.Labels, y)
		in.Groups[i] = fmt.Sprint(i / size)
		p := in.Probabilities[i*k : (i+1)*k]
		var sum float64
		for c := range p {
			p[c] = math.Exp(-math.Abs(float64(c-y) + shift))
			sum += p[c]
		}
		for c := range p {
			p[c] /= sum
		}
	}
	return in
}

func mustEvaluate(t testing.TB, in Input) Report {
	t.Helper()
	r, err := Evaluate(in)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestIntervals(t *testing.T) {
	in := forecast(t, 300, 6, 10, 1)
	grouped := mustEvaluate(t, in)
	figures := jsonOf(t, grouped)
	for _, name := range []string{"accuracy", "one_off_accuracy", "mae", "rmse", "amae", "qwk", "rps", "nll",
		"brier"} {
		at, ok := grouped.Intervals[name]
		if v := Number(figures[name].(float64)); !ok || !(at[0] < v && v < at[1]) {
			t.Errorf("%s = %v in %v", name, v, at)
		}
	}
	if _, ok := grouped.Intervals["mae_units"]; ok {
		t.Error("an interval of a figure that isn't defined")
	}
	in.Groups = nil
	alone := mustEvaluate(t, in)
	width := func(r Report) Number { return r.Intervals["mae"][1] - r.Intervals["mae"][0] }
	if width(grouped) < 1.5*width(alone) {
		t.Errorf("items of a group err alike, yet the interval by group is %v wide, by item %v", width(grouped),
			width(alone))
	}
	// For a mean of many items the percentile interval is near ± 1.96 standard errors.
	var sum, squares float64
	for i, y := range in.Labels {
		e := math.Abs(float64(argmax(in.Probabilities[i*6:(i+1)*6]) - y))
		sum += e
		squares += e * e
	}
	n := float64(len(in.Labels))
	want := 2 * 1.96 * math.Sqrt((squares/n-sum/n*sum/n)/n)
	if got := float64(width(alone)); got < 0.85*want || got > 1.15*want {
		t.Errorf("interval %v wide, by theory %v", got, want)
	}
}

// TestIntervalsCover draws data sets whose expected accuracy is known and counts how often the interval holds it.
func TestIntervalsCover(t *testing.T) {
	const sets, n, truth = 200, 150, 0.7
	rng := rand.New(rand.NewPCG(3, 3))
	held := 0
	for set := range sets {
		in := Input{Space: space(t, 2, nil), Seed: uint64(set), Resamples: 150}
		for range n {
			y := rng.IntN(2)
			in.Labels = append(in.Labels, y)
			p := []float64{0.1, 0.9}
			if (y == 1) != (rng.Float64() < truth) {
				p[0], p[1] = p[1], p[0]
			}
			in.Probabilities = append(in.Probabilities, p...)
		}
		at := mustEvaluate(t, in).Intervals["accuracy"]
		if at[0] <= truth && truth <= at[1] {
			held++
		}
	}
	if share := float64(held) / sets; share < 0.91 || share > 0.985 {
		t.Errorf("the 95 %% interval holds the truth in %v of %d sets", share, sets)
	}
}

func TestSameBytes(t *testing.T) {
	in := forecast(t, 200, 5, 3, 1)
	var first string
	for _, procs := range []int{1, 2, 5} {
		before := runtime.GOMAXPROCS(procs)
		b, err := json.Marshal(mustEvaluate(t, in))
		runtime.GOMAXPROCS(before)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(b)
		}
		if string(b) != first {
			t.Errorf("%d processors gave another report", procs)
		}
	}
	in.Seed++
	if b, _ := json.Marshal(mustEvaluate(t, in)); string(b) == first {
		t.Error("another seed gave the same intervals")
	}
}

// A calibration error is never outside its own interval, however well calibrated the forecasts are.
func TestIntervalHoldsCalibrationError(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for seed := range uint64(10) {
		const n, k = 600, 5
		in := Input{Space: space(t, k, nil), Seed: seed}
		for range n {
			p := make([]float64, k)
			sum := 0.0
			for j := range p {
				p[j] = math.Exp(r.NormFloat64())
				sum += p[j]
			}
			at, label := r.Float64()*sum, -1
			for j := range p {
				if at >= 0 {
					label = j
				}
				at -= p[j]
				p[j] /= sum
			}
			in.Labels, in.Probabilities = append(in.Labels, label), append(in.Probabilities, p...)
		}
		report := mustEvaluate(t, in)
		if i := report.Intervals["ece"]; report.ECE < i[0] || report.ECE > i[1] || i[0] < 0 || i[0] == i[1] {
			t.Errorf("seed %d: %v is not in %v", seed, report.ECE, i)
		}
	}
}

func TestNoIntervals(t *testing.T) {
	in := forecast(t, 10, 3, 10, 1)
	if r := mustEvaluate(t, in); r.Intervals != nil {
		t.Errorf("one group has no spread, yet %v", r.Intervals)
	}
	in.Groups, in.Resamples = nil, -1
	if r := mustEvaluate(t, in); r.Intervals != nil {
		t.Errorf("none asked for, yet %v", r.Intervals)
	}
}

func TestBaseline(t *testing.T) {
	in := Input{Space: space(t, 3, []float64{0, 10, 30}), Labels: []int{0, 0, 1, 2},
		Probabilities: []float64{1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1}}
	r := mustEvaluate(t, in)
	if r.Baseline.Class != "c0" || r.Baseline.Accuracy != 0.5 || r.Baseline.MAE != 0.75 || r.Baseline.MAEUnits != 10 ||
		r.Baseline.QWK != 0 {
		t.Errorf("%+v", r.Baseline)
	}
	// Shares 1/2, 1/4, 1/4: (P − T)² sums to 1/4+1/16 for class 0, 1/4+1/16 for class 1, 1/4+9/16 for class 2.
	if want := Number((5. + 5 + 5 + 13) / 16 / 4); math.Abs(float64(r.Baseline.RPS-want)) > 1e-15 {
		t.Errorf("rps %v, want %v", r.Baseline.RPS, want)
	}
	if r.Accuracy != 1 || r.MAE != 0 || r.QWK != 1 || r.RPS != 0 {
		t.Errorf("a perfect forecast has %+v", r.Figures)
	}
	// The commonest class of the training part, here given as counts, may be another.
	in.Prior = []float64{1, 2, 7}
	if r := mustEvaluate(t, in); r.Baseline.Class != "c2" || r.Baseline.Accuracy != 0.25 {
		t.Errorf("%+v", r.Baseline)
	}
	if in.Prior[2] != 7 {
		t.Error("the input was changed")
	}
}

func TestEvaluateRefuses(t *testing.T) {
	good := func() Input {
		return Input{Space: space(t, 2, nil), Labels: []int{0, 1}, Probabilities: []float64{1, 0, 0.5, 0.5}}
	}
	for _, c := range []struct {
		want   string
		change func(*Input)
	}{
		{"label space", func(in *Input) { *in = Input{Labels: []int{0}} }},
		{"no items", func(in *Input) { in.Labels = nil }},
		{"4 probabilities for 1 items", func(in *Input) { in.Labels = []int{0} }},
		{"3 target values", func(in *Input) { in.Targets = []float64{1, 0, 0} }},
		{"1 predicted", func(in *Input) { in.Predicted = []int{0} }},
		{"1 groups", func(in *Input) { in.Groups = []string{"a"} }},
		{"item 1: the true class 2 of 2", func(in *Input) { in.Labels[1] = 2 }},
		{"item 0: the true class -1", func(in *Input) { in.Labels[0] = -1 }},
		{"item 1: the predicted class 5", func(in *Input) { in.Predicted = []int{0, 5} }},
		{"item 0: the probabilities hold NaN", func(in *Input) { in.Probabilities[0] = math.NaN() }},
		{"item 1: the probabilities hold -0.5", func(in *Input) { in.Probabilities[2] = -0.5 }},
		{"item 1: the probabilities sum to 0.75", func(in *Input) { in.Probabilities[2] = 0.25 }},
		{"item 0: the probabilities sum to +Inf", func(in *Input) { in.Probabilities[0] = math.Inf(1) }},
		{"item 1: the target sum to 0", func(in *Input) { in.Targets = []float64{1, 0, 0, 0} }},
		{"3 class shares", func(in *Input) { in.Prior = []float64{1, 1, 1} }},
		{"sum to 0", func(in *Input) { in.Prior = []float64{0, 0} }},
		{"a class share of -1", func(in *Input) { in.Prior = []float64{2, -1} }},
	} {
		in := good()
		if _, err := Evaluate(in); err != nil {
			t.Fatal(err)
		}
		c.change(&in)
		if _, err := Evaluate(in); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%v; want an error with %q", err, c.want)
		}
	}
}

// TestJSON pins the names that metrics.json promises.
func TestJSON(t *testing.T) {
	r := mustEvaluate(t, forecast(t, 50, 4, 1, 1))
	got := jsonOf(t, r)
	for _, name := range []string{"n", "accuracy", "one_off_accuracy", "mae", "mae_units", "amae", "mmae", "qwk",
		"rps", "nll", "ece", "confusion", "per_class", "intervals", "baseline"} {
		if _, ok := got[name]; !ok {
			t.Errorf("no %s", name)
		}
	}
	class := got["per_class"].([]any)[0].(map[string]any)
	for _, name := range []string{"class", "precision", "recall", "support"} {
		if _, ok := class[name]; !ok {
			t.Errorf("no %s in per_class", name)
		}
	}
	if at := got["intervals"].(map[string]any)["mae"].([]any); len(at) != 2 {
		t.Errorf("interval %v", at)
	}
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Report
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if again, _ := json.Marshal(back); string(again) != string(b) {
		t.Errorf("read back as\n%s, not\n%s", again, b)
	}
	if !reflect.DeepEqual(back.Confusion, r.Confusion) || back.MAEUnits.Defined() {
		t.Errorf("%+v", back)
	}
	if s := Number(math.NaN()).String() + " " + Number(0.12345).String(); s != "– 0.123" {
		t.Error(s)
	}
}

func BenchmarkEvaluate(b *testing.B) {
	for _, n := range []int{750, 100_000} {
		b.Run(fmt.Sprintf("%d×8", n), func(b *testing.B) {
			in := forecast(b, n, 8, 1, 1)
			in.Groups = nil
			for b.Loop() {
				mustEvaluate(b, in)
			}
		})
	}
}
