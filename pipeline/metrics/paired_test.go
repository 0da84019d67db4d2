package metrics

import (
	"math"
	"reflect"
	"runtime"
	"sync"
	"testing"
)

// scored cuts predictions into parts of the given lengths and scores each.
func scored(t *testing.T, in Input, lengths ...int) []*Scores {
	t.Helper()
	k := in.Space.Len()
	var parts []*Scores
	first := 0
	for _, n := range lengths {
		end := first + n
		s, err := Score(Input{Space: in.Space, Labels: in.Labels[first:end],
			Probabilities: in.Probabilities[first*k : end*k]})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, s)
		first = end
	}
	return parts
}

func TestScoresAgreeWithTheReport(t *testing.T) {
	in := forecast(t, 120, 5, 1, 3)
	report := mustEvaluate(t, in)
	got := scored(t, in, 120)[0].Figures()
	want := report.Figures
	want.Spearman, want.Kendall = got.Spearman, got.Kendall // NaN
	got.MAEUnits, want.MAEUnits = 0, 0                      // NaN without values
	got.Spearman, got.Kendall, want.Spearman, want.Kendall = 0, 0, 0, 0
	if got != want {
		t.Errorf("scores give\n%+v, the report has\n%+v", got, want)
	}
}

// TestResampleIsTheBootstrapOfTheReport: one model on one part is what Evaluate draws.
func TestResampleIsTheBootstrapOfTheReport(t *testing.T) {
	in := forecast(t, 200, 5, 4, 9)
	in.Resamples = 300
	want := mustEvaluate(t, in).Intervals["mae"]
	drawn := make([]float64, in.Resamples)
	units, err := Resample(t.Context(), [][]*Scores{scored(t, in, 200)}, in.Groups, in.Resamples, in.Seed,
		func(r int, f [][]Figures) {
			drawn[r] = float64(f[0][0].MAE)
		})
	if err != nil || units != 50 {
		t.Fatalf("%d units, %v; want 50", units, err)
	}
	if got := Interval(drawn); got != want {
		t.Errorf("interval %v, Evaluate has %v", got, want)
	}
}

// TestResampleDrawsAlike: where one model errs by one class more on every item, so does it in every draw. Draws of
// its own for each model would spread the difference.
func TestResampleDrawsAlike(t *testing.T) {
	in := Input{Space: space(t, 4, nil)}
	near, far := in, in
	for i := range 90 {
		truth := i % 2
		p, q := make([]float64, 4), make([]float64, 4)
		p[truth+i%3/2], q[truth+i%3/2+1] = 1, 1
		near.Labels, far.Labels = append(near.Labels, truth), append(far.Labels, truth)
		near.Probabilities = append(near.Probabilities, p...)
		far.Probabilities = append(far.Probabilities, q...)
	}
	var mu sync.Mutex
	spread := map[Number]bool{}
	units, err := Resample(t.Context(), [][]*Scores{scored(t, near, 40, 50), scored(t, far, 40, 50)}, nil, 50, 1,
		func(_ int, f [][]Figures) {
			mu.Lock()
			defer mu.Unlock()
			for part := range 2 {
				spread[f[0][part].MAE] = true
				if d := float64(f[1][part].MAE - f[0][part].MAE); math.Abs(d-1) > 1e-12 {
					t.Errorf("difference %v, want 1", d)
				}
			}
		})
	if err != nil || units != 90 || len(spread) < 5 {
		t.Errorf("%d units, %d different values, %v", units, len(spread), err)
	}
}

func TestResampleOnAnyNumberOfProcessors(t *testing.T) {
	in := forecast(t, 60, 4, 1, 2)
	draw := func(procs int) []Figures {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		out := make([]Figures, 40)
		if _, err := Resample(t.Context(), [][]*Scores{scored(t, in, 60)}, nil, 40, 5, func(r int, f [][]Figures) {
			out[r] = f[0][0]
			out[r].Spearman, out[r].Kendall, out[r].MAEUnits = 0, 0, 0 // NaN equals nothing
		}); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if !reflect.DeepEqual(draw(1), draw(3)) {
		t.Error("draws depend on the number of processors")
	}
}

func TestResampleRefuses(t *testing.T) {
	in := forecast(t, 20, 3, 1, 1)
	whole, halves := scored(t, in, 20), scored(t, in, 10, 10)
	never := func(int, [][]Figures) { t.Error("something was drawn") }
	for name, c := range map[string]struct {
		models [][]*Scores
		groups []string
	}{
		"no models":        {nil, nil},
		"no parts":         {[][]*Scores{{}}, nil},
		"other parts":      {[][]*Scores{whole, halves}, nil},
		"other lengths":    {[][]*Scores{halves, scored(t, in, 12, 8)}, nil},
		"too few groups":   {[][]*Scores{whole}, make([]string, 3)},
		"other classes":    {[][]*Scores{whole, scored(t, forecast(t, 20, 4, 1, 1), 20)}, nil},
		"groups per model": {[][]*Scores{whole, whole}, make([]string, 40)},
	} {
		if _, err := Resample(t.Context(), c.models, c.groups, 10, 0, never); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	groups := make([]string, 20)
	for i := range groups {
		groups[i] = "one"
	}
	if units, err := Resample(t.Context(), [][]*Scores{whole}, groups, 10, 0, never); units != 1 || err != nil {
		t.Errorf("one group: %d units, %v", units, err)
	}
}

func TestIntervalLeavesOutWhatIsNotDefined(t *testing.T) {
	nan := math.NaN()
	if got := Interval([]float64{nan, 3, 1, nan, 2}); math.Abs(float64(got[0])-1.05) > 1e-12 ||
		math.Abs(float64(got[1])-2.95) > 1e-12 {
		t.Errorf("interval %v of 1, 2, 3", got)
	}
	if got := Interval([]float64{nan}); got[0].Defined() || got[1].Defined() {
		t.Errorf("interval %v of nothing", got)
	}
}
