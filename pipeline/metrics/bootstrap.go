package metrics

import (
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"finetune/internal/randstream"
)

const defaultResamples = 1000

// intervalOf lists the figures that get an interval. The rank correlations don't: they aren't sums over items,
// and one figure of agreement with an interval, QWK, is enough.
var intervalOf = []struct {
	name string
	get  func(Figures) Number
}{
	{"accuracy", func(f Figures) Number { return f.Accuracy }},
	{"one_off_accuracy", func(f Figures) Number { return f.OneOffAccuracy }},
	{"mae", func(f Figures) Number { return f.MAE }},
	{"mae_units", func(f Figures) Number { return f.MAEUnits }},
	{"rmse", func(f Figures) Number { return f.RMSE }},
	{"amae", func(f Figures) Number { return f.AMAE }},
	{"mmae", func(f Figures) Number { return f.MMAE }},
	{"qwk", func(f Figures) Number { return f.QWK }},
	{"rps", func(f Figures) Number { return f.RPS }},
	{"nll", func(f Figures) Number { return f.NLL }},
	{"brier", func(f Figures) Number { return f.Brier }},
	{"ece", func(f Figures) Number { return f.ECE }},
}

// bootstrap returns the 95 % percentile interval of each figure that is defined: items, or whole groups, are drawn
// with replacement, as many as there are. Where only one could be drawn there is no spread to see, and no
// interval.
func bootstrap(items []item, in Input, whole Figures) map[string][2]Number {
	resamples := in.Resamples
	if resamples == 0 {
		resamples = defaultResamples
	}
	units := newUnits(in.Groups, len(items))
	if resamples < 0 || units.len() < 2 {
		return nil
	}
	drawn := make([]Figures, resamples)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), resamples) {
		wg.Go(func() {
			t := newTally(in.Space.Len())
			times := make([]int32, len(items))
			for r := next.Add(1) - 1; r < int64(resamples); r = next.Add(1) - 1 {
				// A stream for each resample: which worker draws it changes nothing.
				rng := randstream.New(in.Seed, "bootstrap", uint64(r))
				// Drawing counts first leaves the items to be read once, in order.
				clear(times)
				for range units.len() {
					for _, i := range units.of(rng.IntN(units.len())) {
						times[i]++
					}
				}
				t.reset()
				for i, n := range times {
					if n > 0 {
						t.add(&items[i], int(n))
					}
				}
				drawn[r] = t.figures()
			}
		})
	}
	wg.Wait()
	out := make(map[string][2]Number, len(intervalOf))
	values := make([]float64, 0, resamples)
	for _, f := range intervalOf {
		if !f.get(whole).Defined() {
			continue
		}
		values = values[:0]
		for _, d := range drawn {
			if v := f.get(d); v.Defined() {
				values = append(values, float64(v))
			}
		}
		slices.Sort(values)
		out[f.name] = [2]Number{Number(quantile(values, 0.025)), Number(quantile(values, 0.975))}
	}
	return out
}

// quantile interpolates between the sorted values, as numpy does; NaN of none.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}

// units are what the bootstrap draws: unit u holds the items members[start[u]:start[u+1]].
type units struct {
	members []int32
	start   []int
}

func (u units) len() int         { return len(u.start) - 1 }
func (u units) of(i int) []int32 { return u.members[u.start[i]:u.start[i+1]] }

// newUnits makes a unit of each group, in order of first appearance, and of each item without one.
func newUnits(groups []string, n int) units {
	byGroup := make(map[string]int)
	var lists [][]int32
	for i := range n {
		if groups != nil && groups[i] != "" {
			if u, ok := byGroup[groups[i]]; ok {
				lists[u] = append(lists[u], int32(i))
				continue
			}
			byGroup[groups[i]] = len(lists)
		}
		lists = append(lists, []int32{int32(i)})
	}
	u := units{members: make([]int32, 0, n), start: make([]int, 1, len(lists)+1)}
	for _, l := range lists {
		u.members = append(u.members, l...)
		u.start = append(u.start, len(u.members))
	}
	return u
}
