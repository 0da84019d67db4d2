package backbone

import (
	"fmt"
	"math"

	"finetune/invalid"
)

// enough is the number of images that a Watch needs: fewer may be alike.
const enough = 8

// A Watch detects features that no head can learn from: numbers that are the same for all images. (Features itself
// refuses numbers that aren't finite.) It holds two rows and isn't safe for use by several goroutines.
type Watch struct {
	name     string
	rows     int
	min, max []float32
}

// Watch returns a Watch that has seen no image.
func (b *Backbone) Watch() *Watch {
	w := &Watch{name: b.name, min: make([]float32, b.Dim()), max: make([]float32, b.Dim())}
	for i := range w.min {
		w.min[i], w.max[i] = float32(math.Inf(1)), float32(math.Inf(-1))
	}
	return w
}

// Add takes concatenated rows of features. They must be of different images: copies of one have the same features.
func (w *Watch) Add(rows []float32) {
	for i, v := range rows {
		k := i % len(w.min)
		w.min[k], w.max[k] = min(w.min[k], v), max(w.max[k], v)
	}
	w.rows += len(rows) / len(w.min)
}

// Enough reports whether enough images were seen.
func (w *Watch) Enough() bool { return w.rows >= enough }

// Err returns a *invalid.Error if enough images were seen and none of the numbers differed between any two of them by
// more than rounding does. It costs one pass over a row.
func (w *Watch) Err() error {
	if !w.Enough() {
		return nil
	}
	// Sums of float32 in another order differ by some units in the last place of the summands, which may be larger
	// than the sum; the largest feature approximates them.
	var largest, spread float64
	for k := range w.min {
		largest = max(largest, math.Abs(float64(w.min[k])), math.Abs(float64(w.max[k])))
		spread = max(spread, float64(w.max[k])-float64(w.min[k]))
	}
	if spread > 1e-6*largest {
		return nil
	}
	return &invalid.Error{Path: w.name,
		Found: fmt.Sprintf("the same %d features for %d different images", len(w.min), w.rows),
		Want:  "features that depend on the image",
		Hint: "check the preprocessing ({Images.Overrides.Scale}, {Images.Overrides.Mean}, {Images.Overrides.Std}), " +
			"or choose an earlier tensor with {Images.Tap}",
	}
}
