package dataset

import (
	"fmt"
	"slices"

	"finetune/internal/randstream"
	"finetune/invalid"
)

// Folds assigns every item of a labelled set to one of k folds and returns the fold of each, from 0. Groups stay
// whole and each fold has about the class shares of all (as scikit-learn's StratifiedGroupKFold, greedily from
// the largest group). Where the data gives folds they are taken, renumbered in ascending order; k must then be
// their number, or 0.
func Folds(s *Set, k int, seed uint64) ([]int, error) {
	all := make([]int, len(s.Items))
	givenFolds := 0
	for i, it := range s.Items {
		if it.Label < 0 {
			return nil, fmt.Errorf("folds: item %s has no label", it.Path)
		}
		if it.Fold >= 0 {
			givenFolds++
		}
		all[i] = i
	}
	if givenFolds > 0 {
		return s.givenFolds(k, givenFolds)
	}
	u := s.units(all)
	if k < 2 || k > len(u.items) {
		return nil, &invalid.Error{
			Field: "Folds",
			Found: fmt.Sprint(k),
			Want:  fmt.Sprintf("2 to %d, the number of images or groups", len(u.items)),
		}
	}
	folds := make([]int, len(s.Items))
	for unit, fold := range u.assign(slices.Repeat([]float64{1 / float64(k)}, k), randstream.New(seed, "folds")) {
		for _, i := range u.items[unit] {
			folds[i] = fold
		}
	}
	return folds, nil
}

func (s *Set) givenFolds(k, n int) ([]int, error) {
	if n < len(s.Items) {
		i := slices.IndexFunc(s.Items, func(it Item) bool { return it.Fold < 0 })
		return nil, &invalid.Error{
			Path:  s.Source,
			Found: fmt.Sprintf("a fold for %d of %d images, none for %s", n, len(s.Items), s.Items[i].Path),
			Want:  "one for all or none",
		}
	}
	folds := make([]int, n)
	for i, it := range s.Items {
		folds[i] = it.Fold
	}
	numbers := slices.Compact(slices.Sorted(slices.Values(folds)))
	if k != 0 && k != len(numbers) || len(numbers) < 2 {
		return nil, &invalid.Error{
			Field: "Folds",
			Found: fmt.Sprint(k),
			Want:  fmt.Sprintf("%d, the folds that the data gives, of which there must be two", len(numbers)),
		}
	}
	name := func(fold int) string { return fmt.Sprintf("fold %d", fold) }
	if err := s.checkGivenGroups(func(it Item) int { return it.Fold }, name); err != nil {
		return nil, err
	}
	for i := range folds {
		folds[i], _ = slices.BinarySearch(numbers, folds[i])
	}
	return folds, nil
}
