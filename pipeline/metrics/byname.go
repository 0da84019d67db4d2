package metrics

// A Metric describes one field of Figures. Name is its name in metrics.json.
type Metric struct {
	Name   string
	Higher bool // is better
	Rule   bool // depends on the predicted classes, so on the decision rule, and not on the distributions
	Of     func(*Figures) Number

	resampled bool // has an interval
	biased    bool // upwards under resampling; see removeBias
}

// registry lists all metrics in the order of Figures. The rank correlations have no interval because they aren't sums
// over items.
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

// ByName returns the metric of the given name.
func ByName(name string) (Metric, bool) {
	for _, m := range registry {
		if m.Name == name {
			return m, true
		}
	}
	return Metric{}, false
}

// Better reports whether a is better than b. A defined value is better than an undefined one.
func (m Metric) Better(a, b Number) bool {
	if !a.Defined() || !b.Defined() {
		return a.Defined() && !b.Defined()
	}
	return a != b && a > b == m.Higher
}

// RuleNames returns the names of the metrics that depend on the decision rule.
func RuleNames() []string {
	var names []string
	for _, m := range registry {
		if m.Rule {
			names = append(names, m.Name)
		}
	}
	return names
}
