package head

import (
	"fmt"
	"math"

	"finetune/internal/linalg/dense"
	"finetune/invalid"
	"finetune/loss"
)

// Features is a row-major matrix, a row an item. Data may be mapped from a file; it is only read.
type Features struct {
	Rows, Cols int
	Data       []float32 // Rows × Cols
}

// Row returns row i.
func (f Features) Row(i int) []float32 { return f.Data[i*f.Cols : (i+1)*f.Cols] }

// All returns the indices of all rows.
func (f Features) All() []int { return inOrder(f.Rows) }

// checkFinite returns an error for the first of the listed rows that isn't finite. Their logits, a row each, tell
// which rows have to be looked at: features that aren't finite make logits that aren't.
func (f Features) checkFinite(rows []int, logits dense.Matrix) error {
	for i, row := range rows {
		if finite(logits.Row(i)) {
			continue
		}
		if err := f.checkRow(row); err != nil {
			return err
		}
	}
	return nil
}

// checkFinite returns an error for the first row of the examples that isn't finite, of the given number of views of
// each.
func (e Examples) checkFinite(views int) error {
	for i := range e.Len() {
		for v := range views {
			if err := e.Features.checkRow(e.rowIndex(i, v)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkRow returns an error where a row isn't finite.
func (f Features) checkRow(row int) error {
	for j, v := range f.Row(row) {
		if !isFinite(float64(v)) {
			return &invalid.Error{Field: "Features", Found: fmt.Sprintf("%g in row %d, column %d", v, row, j),
				Want: "finite numbers", Hint: "extract them again or leave the row out"}
		}
	}
	return nil
}

// check reports whether the sizes fit each other.
func (f Features) check() error {
	if f.Rows < 0 || f.Cols < 1 || len(f.Data) != f.Rows*f.Cols {
		return fmt.Errorf("head: %d features for %d rows of %d columns", len(f.Data), f.Rows, f.Cols)
	}
	return nil
}

// Examples are items to train on: rows of a feature matrix, a target distribution each and, where they aren't all 1,
// a weight each. Many Examples may share one matrix.
//
// Where the matrix holds augmented views, an item has Views rows that follow each other, the plain one first. All of
// them are used to standardise features. SGD and AdamW take one for each example in each epoch, at random; LBFGS,
// whose loss has to stay the same, takes every view as an example of its own with an equal part of the weight.
// Validation uses plain rows.
type Examples struct {
	Features Features
	Views    int       // rows of an item; 0 and 1: the plain one alone
	Index    []int     // item of each example; nil: example i is item i, for all items. An empty list has no examples
	Targets  []float32 // Len() × K, each row a distribution over the classes
	Weights  []float32 // Len() weights, 0 or more; nil: all 1

	// Groups are Len() numbers, or nil where each example stands alone. ClosedForm leaves examples with equal numbers out
	// together: pictures of one person, copies of an image. The other optimisers don't read them.
	Groups []int

	offset []float32 // Len() × outputs, added to the logits; nil: nothing
}

// Len is the number of examples.
func (e Examples) Len() int {
	if e.Index != nil {
		return len(e.Index)
	}
	return e.items()
}

// items is the number of items that the matrix has rows of.
func (e Examples) items() int { return e.Features.Rows / e.views() }

func (e Examples) views() int { return max(1, e.Views) }

// Row returns the features of example i, of its plain view.
func (e Examples) Row(i int) []float32 { return e.Features.Row(e.rowIndex(i, 0)) }

// rowIndex returns the row that holds a view of example i.
func (e Examples) rowIndex(i, view int) int {
	if e.Index != nil {
		i = e.Index[i]
	}
	return i*e.views() + view
}

// Weight returns the weight of example i.
func (e Examples) Weight(i int) float64 {
	if e.Weights == nil {
		return 1
	}
	return float64(e.Weights[i])
}

// Subset returns the listed examples, in that order and as often as they are listed; of a nil list none. Features are
// shared; targets and weights are copied.
func (e Examples) Subset(examples []int) Examples {
	n := e.Len()
	out := Examples{Features: e.Features, Views: e.Views, Index: make([]int, len(examples))}
	classes := 0
	if n > 0 {
		classes = len(e.Targets) / n
	}
	out.Targets = make([]float32, 0, len(examples)*classes)
	for i, example := range examples {
		out.Index[i] = example
		if e.Index != nil {
			out.Index[i] = e.Index[example]
		}
		out.Targets = append(out.Targets, e.Targets[example*classes:(example+1)*classes]...)
		if e.Weights != nil {
			out.Weights = append(out.Weights, e.Weights[example])
		}
		if e.Groups != nil {
			out.Groups = append(out.Groups, e.Groups[example])
		}
	}
	return out
}

// unrolled returns every view as an example of its own with an equal part of the weight. The views of an example
// follow each other.
func (e Examples) unrolled() Examples {
	views := e.views()
	if views == 1 {
		return e
	}
	n := e.Len()
	out := Examples{Features: e.Features, Index: make([]int, 0, n*views), Weights: make([]float32, 0, n*views)}
	out.Targets = make([]float32, 0, len(e.Targets)*views)
	for i := range n {
		k := len(e.Targets) / n
		for v := range views {
			out.Index = append(out.Index, e.rowIndex(i, v))
			out.Targets = append(out.Targets, e.Targets[i*k:(i+1)*k]...)
			out.Weights = append(out.Weights, float32(e.Weight(i)/float64(views)))
		}
	}
	return out
}

// OneHot returns the targets of class indices: a row of the given number of classes each, 1 at the label.
func OneHot(labels []int, classes int) ([]float32, error) {
	targets := make([]float32, len(labels)*classes)
	for i, k := range labels {
		if k < 0 || k >= classes {
			return nil, wrong("Labels", fmt.Sprintf("class %d for label %d", k, i), fmt.Sprintf("0 to %d", classes-1))
		}
		loss.OneHot(targets[i*classes:(i+1)*classes], k)
	}
	return targets, nil
}

// check reports why the examples can't be used with a loss over the given number of classes.
func (e Examples) check(what string, classes int, target func([]float32) error) error {
	if err := e.Features.check(); err != nil {
		return err
	}
	if e.Views < 0 || e.Features.Rows%e.views() != 0 {
		return fmt.Errorf("head: %s: %d rows of items with %d views", what, e.Features.Rows, e.Views)
	}
	n := e.Len()
	for _, item := range e.Index {
		if item < 0 || item >= e.items() {
			return fmt.Errorf("head: %s: item %d of %d", what, item, e.items())
		}
	}
	if len(e.Targets) != n*classes {
		return fmt.Errorf("head: %s: %d targets for %d examples of %d classes", what, len(e.Targets), n, classes)
	}
	if e.Groups != nil && len(e.Groups) != n {
		return fmt.Errorf("head: %s: %d groups for %d examples", what, len(e.Groups), n)
	}
	if e.Weights != nil && len(e.Weights) != n {
		return fmt.Errorf("head: %s: %d weights for %d examples", what, len(e.Weights), n)
	}
	var total float64
	for i := range n {
		if err := target(e.Targets[i*classes : (i+1)*classes]); err != nil {
			return fmt.Errorf("%s example %d: %w", what, i, err)
		}
		w := e.Weight(i)
		if !(w >= 0) || math.IsInf(w, 0) {
			return wrong("Examples.Weights", fmt.Sprintf("%g for %s example %d", w, what, i), "a finite number, 0 or more")
		}
		total += w
	}
	if n > 0 && total == 0 {
		return wrong("Examples.Weights", "no weight above 0 in the "+what+" examples", "at least one")
	}
	return nil
}
