package metrics

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

const defaultResamples = 1000

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
	out := make(map[string][2]Number, len(registry))
	values := make([]float64, 0, resamples)
	for _, m := range registry {
		if !m.resampled || !m.Of(&whole).Defined() {
			continue
		}
		values = values[:0]
		for i := range drawn {
			values = append(values, float64(m.Of(&drawn[i])))
		}
		if m.inflated {
			deflate(values, float64(m.Of(&whole)))
		}
		out[m.Name] = Interval(values)
	}
	return out
}

// deflate takes from resampled values what resampling added to the figure on average, but doesn't go below 0. An expected calibration
// error of n items is above 0 by chance alone, and that of a resample of them by chance twice, so that an interval of the values
// as they are can lie above the figure itself.
func deflate(values []float64, figure float64) {
	added := max(0, stat.Mean(values, nil)-figure)
	for i, v := range values {
		values[i] = max(0, v-added)
	}
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
