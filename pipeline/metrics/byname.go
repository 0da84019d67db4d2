package metrics

// A Metric is one of the figures, known by its name in metrics.json.
type Metric struct {
	Name   string
	Higher bool // is better
	Rule   bool // is of the classes that a decision rule takes, and not of the distributions
	Of     func(*Figures) Number

	resampled bool // has an interval
	inflated  bool // resampling adds to it, on average, what it takes from chance already
}

// registry lists all figures in the order of Figures. The rank correlations have no interval: they aren't sums over items,
// and one figure of agreement with an interval, QWK, is enough.
var registry = []Metric{
	{"accuracy", true, true, func(f *Figures) Number { return f.Accuracy }, true, false},
	{"one_off_accuracy", true, true, func(f *Figures) Number { return f.OneOffAccuracy }, true, false},
	{"mae", false, true, func(f *Figures) Number { return f.MAE }, true, false},
	{"mae_units", false, true, func(f *Figures) Number { return f.MAEUnits }, true, false},
	{"rmse", false, true, func(f *Figures) Number { return f.RMSE }, true, false},
	{"amae", false, true, func(f *Figures) Number { return f.AMAE }, true, false},
	{"mmae", false, true, func(f *Figures) Number { return f.MMAE }, true, false},
	{"qwk", true, true, func(f *Figures) Number { return f.QWK }, true, false},
	{"spearman", true, true, func(f *Figures) Number { return f.Spearman }, false, false},
	{"kendall", true, true, func(f *Figures) Number { return f.Kendall }, false, false},
	{"rps", false, false, func(f *Figures) Number { return f.RPS }, true, false},
	{"nll", false, false, func(f *Figures) Number { return f.NLL }, true, false},
	{"brier", false, false, func(f *Figures) Number { return f.Brier }, true, false},
	{"ece", false, false, func(f *Figures) Number { return f.ECE }, true, true},
}

// ByName returns the figure of that name.
func ByName(name string) (Metric, bool) {
	for _, m := range registry {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

// Better reports whether a is a better value than b. Any value is better than one that isn't defined.
func (m Metric) Better(a, b Number) bool {
	if !a.Defined() || !b.Defined() {
		return a.Defined() && !b.Defined()
	}
	return a != b && a > b == m.Higher
}

// RuleNames lists the figures that depend on the decision rule.
func RuleNames() []string {
	var names []string
	for _, m := range registry {
		if m.Rule {
			names = append(names, m.Name)
		}
	}
	return names
}
