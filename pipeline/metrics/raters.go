package metrics

import (
	"context"
	"math"
)

// Raters says how far those who labelled are apart, beside how far the answers are from them. It is about the items
// with votes of two raters or more. An answer can't be nearer to raters on average than the best guess of their votes
// is, and one that is as near to a rater as raters are to each other is as good as another rater.
type Raters struct {
	N              int       `json:"n"`               // items
	Spread         Number    `json:"spread"`          // expected absolute difference between two raters of an item, in class steps
	SpreadInterval [2]Number `json:"spread_interval"` // 95 %, items or groups drawn anew
	MAE            Number    `json:"mae"`             // expected absolute difference between the answer and a rater
	MAEInterval    [2]Number `json:"mae_interval"`
	// Shares is set where votes are shares and not counts. Then it isn't known how many raters there were, and Spread
	// is that of two raters drawn with replacement, which is less than that of two different ones.
	Shares bool `json:"shares,omitempty"`
}

// raters measures the spread of checked items; nil where no item has votes of two raters.
//
// Two raters drawn from shares t with cumulative sums T differ by 2 Σ T(1−T) on average, the mean difference of Gini;
// of n votes two different ones differ by n/(n−1) times that.
func raters(ctx context.Context, in Input, items []item) *Raters {
	if in.Targets == nil || in.Votes == nil {
		return nil
	}
	r := &Raters{}
	k := in.Space.Len()
	spread, off := make([]float64, len(items)), make([]float64, len(items))
	counted := make([]bool, len(items))
	for i, votes := range in.Votes {
		t := in.Targets[i*k : (i+1)*k]
		shares := votes > 0 &&
			(votes < 2-1e-9 && votes != 1 || math.Abs(votes-math.Round(votes)) > 1e-6 || votes == 1 && !oneVote(t))
		if !shares && votes < 2 {
			continue // nobody, or one rater
		}
		spread[i] = 2 * ExpectedRPS(t)
		if shares {
			r.Shares = true
		} else {
			spread[i] *= votes / (votes - 1)
		}
		off[i], counted[i] = ExpectedDistance(t, int(items[i].predicted)), true
		r.N++
	}
	if r.N == 0 {
		return nil
	}
	r.Spread, r.SpreadInterval = in.meanOf(ctx, spread, counted)
	r.MAE, r.MAEInterval = in.meanOf(ctx, off, counted)
	return r
}

// oneVote reports whether all of a distribution is on one class.
func oneVote(t []float64) bool {
	for _, v := range t {
		if v > 0 && v < 1 {
			return false
		}
	}
	return true
}

// meanOf returns the mean of the values of the items that count, and its 95 % interval when items or whole groups are
// drawn anew; NaN where only one could be or ctx ends.
func (in Input) meanOf(ctx context.Context, values []float64, counted []bool) (Number, [2]Number) {
	mean := func(times func(i int) float64) float64 {
		var sum, n float64
		for i, v := range values {
			if counted[i] {
				sum += times(i) * v
				n += times(i)
			}
		}
		return sum / n
	}
	u, resamples := newUnits(in.Groups, len(values)), max(in.Resamples, 0)
	if in.Resamples == 0 {
		resamples = defaultResamples
	}
	if u.len() < 2 {
		resamples = 0
	}
	drawn := make([]float64, resamples)
	u.resample(ctx, resamples, in.Seed, func() func(int, []int32) {
		return func(r int, times []int32) { drawn[r] = mean(func(i int) float64 { return float64(times[i]) }) }
	})
	return Number(mean(func(int) float64 { return 1 })), Interval(drawn)
}
