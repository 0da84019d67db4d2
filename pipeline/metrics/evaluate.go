package metrics

import "errors"

// Evaluate measures.
func Evaluate(in Input) (Report, error) { return Report{}, errors.ErrUnsupported }
