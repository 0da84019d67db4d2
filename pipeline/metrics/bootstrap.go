package metrics

import (
	"math"
	"slices"
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
	units.resample(resamples, in.Seed, func() func(int, []int32) {
		t := newTally(in.Space.Len())
		return func(r int, times []int32) { drawn[r] = t.resampled(items, times) }
	})
	out := make(map[string][2]Number, len(intervalOf))
	values := make([]float64, 0, resamples)
	for _, f := range intervalOf {
		if !f.get(whole).Defined() {
			continue
		}
		values = values[:0]
		for _, d := range drawn {
			values = append(values, float64(f.get(d)))
		}
		out[f.name] = Interval(values)
	}
	return out
}

// Interval returns the 95 % percentile interval of resampled values, NaN of none. Values that aren't defined are left
// out. It sorts the slice.
func Interval(values []float64) [2]Number {
	defined := slices.DeleteFunc(values, func(v float64) bool { return !Number(v).Defined() })
	slices.Sort(defined)
	return [2]Number{Number(quantile(defined, 0.025)), Number(quantile(defined, 0.975))}
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
