package metrics

import "context"

// Sets are the metrics of prediction sets, contiguous ranges of classes.
type Sets struct {
	TargetCoverage float64 `json:"wanted"`
	Coverage       Number  `json:"coverage"` // share of items whose set contains the label
	// 95 % of Coverage: bootstrap over groups if there are any, otherwise Wilson
	Interval [2]Number   `json:"interval"`
	Width    Number      `json:"mean_width"`
	Widths   []int       `json:"widths"` // K counts: Widths[w-1] sets span w classes
	PerClass []ClassSets `json:"per_class"`
}

// ClassSets are the metrics of the items of one true class; NaN without items.
type ClassSets struct {
	Class    string    `json:"class"`
	N        int       `json:"n"`
	Coverage Number    `json:"coverage"`
	Interval [2]Number `json:"interval"` // 95 %, Wilson, as if items were independent
	Width    Number    `json:"mean_width"`
}

// sets evaluates the prediction sets of a checked input.
func sets(ctx context.Context, in Input) *Sets {
	k := in.Space.Len()
	s := &Sets{TargetCoverage: in.Coverage, Widths: make([]int, k), PerClass: make([]ClassSets, k)}
	covered, width, byClass := 0.0, 0, make([]float64, k)
	for i, y := range in.Labels {
		w := in.High[i] - in.Low[i] + 1
		width += w
		s.Widths[w-1]++
		c := &s.PerClass[y]
		c.N++
		c.Width += Number(w)
		if in.covers(i) {
			covered++
			byClass[y]++
		}
	}
	n := float64(len(in.Labels))
	s.Coverage, s.Width, s.Interval = Number(covered/n), Number(float64(width)/n), Wilson(covered, n)
	if in.Groups != nil {
		s.Interval = coverageByGroup(ctx, in)
	}
	for c := range s.PerClass {
		p := &s.PerClass[c]
		m := float64(p.N)
		p.Class, p.Coverage, p.Interval, p.Width = in.Space.Class(c), Number(byClass[c]/m), Wilson(byClass[c], m),
			p.Width/Number(m)
	}
	return s
}

func (in Input) covers(i int) bool { return in.Low[i] <= in.Labels[i] && in.Labels[i] <= in.High[i] }

// coverageByGroup returns the 95 % bootstrap interval of the coverage over groups; NaN for a single group.
func coverageByGroup(ctx context.Context, in Input) [2]Number {
	u, resamples := newUnits(in.Groups, len(in.Labels)), max(in.Resamples, 0)
	if in.Resamples == 0 {
		resamples = defaultResamples
	}
	if u.len() < 2 {
		return Interval(nil)
	}
	drawn := make([]float64, resamples)
	u.resample(ctx, resamples, in.Seed, func() func(int, []int32) {
		return func(r int, times []int32) {
			var covered, all int32
			for i, n := range times {
				all += n
				if in.covers(i) {
					covered += n
				}
			}
			drawn[r] = float64(covered) / float64(all)
		}
	})
	return Interval(drawn)
}
