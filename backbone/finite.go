package backbone

import (
	"fmt"
	"math"

	"finetune/internal/store/half"
	"finetune/invalid"
)

// A NotFiniteError means that features of some images are infinite, not a number, or too large for Options.FeaturePrecision. It wraps
// an *invalid.Error.
type NotFiniteError struct {
	Rows []int // the images' indices in the call, rising; the rows of all others are valid
	err  *invalid.Error
}

// Error returns the message of the error that it wraps, which is about the first of the rows.
func (e *NotFiniteError) Error() string { return e.err.Error() }

// Unwrap returns an *invalid.Error.
func (e *NotFiniteError) Unwrap() error { return e.err }

// finite refuses features that no head can learn from: out holds n rows.
func (b *Backbone) finite(out []float32, n int) error {
	var bad *NotFiniteError
	dim, end := b.Dim(), float32(math.Inf(1))
	if b.rounded {
		end = half.End
	}
	for row := range n {
		for i, v := range out[row*dim:][:dim] {
			if -end < v && v < end { // NaN isn't
				continue
			}
			if bad == nil && v-v == 0 {
				bad = &NotFiniteError{err: &invalid.Error{Path: b.name,
					Found: fmt.Sprintf("feature %d of image %d of the batch is %v", i, row, v),
					Want:  fmt.Sprintf("at most %d, the largest number of %s", half.Largest, Float16),
					Hint:  "give {Images.FeaturePrecision} " + Float32}}
			}
			if bad == nil {
				bad = &NotFiniteError{err: &invalid.Error{Path: b.name,
					Found: fmt.Sprintf("feature %d of image %d of the batch is %v", i, row, v), Want: "finite numbers",
					Hint: "check the image and the preprocessing ({Images.Overrides.Scale}, " +
						"{Images.Overrides.Mean}, {Images.Overrides.Std}), " +
						"or choose an earlier tensor with {Images.Tap}"}}
			}
			bad.Rows = append(bad.Rows, row)
			break
		}
	}
	if bad == nil {
		return nil
	}
	return bad
}
