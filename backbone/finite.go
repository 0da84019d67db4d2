package backbone

import (
	"fmt"

	"finetune/invalid"
)

// A NotFiniteError means that features of some images are infinite or not a number. It wraps an *invalid.Error.
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
	dim := b.Dim()
	for row := range n {
		for i, v := range out[row*dim:][:dim] {
			if v-v == 0 { // neither Inf nor NaN
				continue
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
