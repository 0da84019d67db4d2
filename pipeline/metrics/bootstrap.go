package metrics

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat"
)

const defaultResamples = 1000

// bootstrap returns the 95 % percentile interval of each defined metric. A resample draws items, or whole groups,
// with replacement, as many as there are. With a single unit there are no intervals. What it returns when ctx
// ends is undefined.
func bootstrap(ctx context.Context, items []item, in Input, whole Figures) map[string][2]Number {
	resamples := in.Resamples
	if resamples == 0 {
		resamples = defaultResamples
	}
	units := newUnits(in.Groups, len(items))
	if resamples < 0 || units.len() < 2 {
		return nil
	}
	drawn := make([]Figures, resamples)
	units.resample(ctx, resamples, in.Seed, func() func(int, []int32) {
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
		if m.biased {
			removeBias(values, float64(m.Of(&whole)))
		}
		out[m.Name] = Interval(values)
	}
	return out
}

// removeBias subtracts the bootstrap bias, the mean of values minus the estimate, if it is positive. Values stay at
// or above 0. Without it the interval of the expected calibration error can lie above the estimate: the error of n
// items is positive by chance alone, and resampling adds chance once more.
func removeBias(values []float64, estimate float64) {
	bias := max(0, stat.Mean(values, nil)-estimate)
	for i, v := range values {
		values[i] = max(0, v-bias)
	}
}

// Interval returns the 95 % percentile interval of resampled values, skipping undefined ones; NaN if none is left. It
// modifies the slice.
func Interval(values []float64) [2]Number {
	defined := slices.DeleteFunc(values, func(v float64) bool { return !Number(v).Defined() })
	slices.Sort(defined)
	return [2]Number{Number(quantile(defined, 0.025)), Number(quantile(defined, 0.975))}
}

// quantile interpolates linearly between sorted values, as numpy.quantile does; NaN without values.
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
