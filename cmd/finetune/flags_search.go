package main

import (
	"slices"

	"github.com/spf13/pflag"

	"finetune/pipeline/run"
	"finetune/pipeline/train"
)

// addSearchFlags binds the search for better settings.
func addSearchFlags(f *pflag.FlagSet, s *run.Search) {
	addNumber(f, &s.Trials, train.Numbers.Trials, "search", "compare so many `settings` (loss, weight of emd2, rate, decay, width) by their RPS out of fold, and train with the best; what is given by flag stays, and so are all settings unless others are better by more than the standard error")
	addNumber(f, &s.Time, train.Numbers.Time, "search-time", "of a choice (--search, --quality best, --views auto): begin no candidate that would probably end after this `time`, such as 2m (default: no limit)")
}

// searchOver is what a search may vary: all but what the user gave. A loss of one's own keeps its distances too.
func searchOver(f *pflag.FlagSet) []string {
	fixedBy := map[string][]string{
		"loss":         {"loss", "ground-distance", "emd-exponent", "sinkhorn-gamma"},
		"emd-weight":   {"emd-weight"},
		"emd-omega":    {"emd-omega", "emd-mu"},
		"lr":           {"lr"},
		"weight-decay": {"weight-decay"},
		"hidden":       {"hidden"},
	}
	return slices.DeleteFunc(train.SearchSettings(), func(setting string) bool {
		return slices.ContainsFunc(fixedBy[setting], f.Changed)
	})
}
