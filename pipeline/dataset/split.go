package dataset

import "errors"

// SplitOptions say how much of the data to hold out.
type SplitOptions struct {
	Val  float64 // share of the data for early stopping and choices; 0 ≤ Val < 1
	Test float64 // share of the data that is held out and reported; 0 ≤ Test < 1, Val + Test < 1
	Seed uint64
}

// A Partition holds item indices, each part in ascending order, no index in two.
type Partition struct {
	Train, Val, Test []int
	Notes            []string // what the user should know
}

// Split cuts the set.
func Split(s *Set, o SplitOptions) (Partition, error) { return Partition{}, errors.ErrUnsupported }

// Folds assigns every item to one of k folds and returns the fold of each item.
func Folds(s *Set, k int, seed uint64) ([]int, error) { return nil, errors.ErrUnsupported }
