package metrics

// Sets are the figures of prediction sets, ranges of classes that are to hold the true class.
type Sets struct {
	TargetCoverage float64     `json:"wanted"`
	Coverage       Number      `json:"coverage"` // share of items whose range holds the true class
	Interval       [2]Number   `json:"interval"` // 95 % of Coverage: over groups by bootstrap where there are some, otherwise Wilson's
	Width          Number      `json:"mean_width"`
	Widths         []int       `json:"widths"` // items by width: Widths[0] of one class, up to all K
	PerClass       []ClassSets `json:"per_class"`
}

// ClassSets are the figures of the items of one true class. Without any they are NaN.
type ClassSets struct {
	Class    string    `json:"class"`
	N        int       `json:"n"`
	Coverage Number    `json:"coverage"`
	Interval [2]Number `json:"interval"` // 95 %, Wilson's, as if items were independent
	Width    Number    `json:"mean_width"`
}

// sets measures the ranges of a checked input.
func sets(in Input) *Sets {
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
	s.Coverage, s.Width, s.Interval = Number(covered/n), Number(float64(width)/n), wilson(covered, n)
	if in.Groups != nil {
		s.Interval = coverageByGroup(in)
	}
	for c := range s.PerClass {
		p := &s.PerClass[c]
		m := float64(p.N)
		p.Class, p.Coverage, p.Interval, p.Width = in.Space.Class(c), Number(byClass[c]/m), wilson(byClass[c], m), p.Width/Number(m)
	}
	return s
}

func (in Input) covers(i int) bool { return in.Low[i] <= in.Labels[i] && in.Labels[i] <= in.High[i] }

// coverageByGroup returns the 95 % interval of the coverage when whole groups are drawn anew, NaN where only one could be.
func coverageByGroup(in Input) [2]Number {
	u, resamples := newUnits(in.Groups, len(in.Labels)), max(in.Resamples, 0)
	if in.Resamples == 0 {
		resamples = defaultResamples
	}
	if u.len() < 2 {
		return Interval(nil)
	}
	drawn := make([]float64, resamples)
	u.resample(resamples, in.Seed, func() func(int, []int32) {
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
