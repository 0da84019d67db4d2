package env

import (
	"fmt"
	"strings"
)

// Starved returns the error for a failure of ONNX Runtime or of the system's loader that is a lack of memory, which is no fault of the
// library or of a network, nil for any other.
func Starved(err error) error {
	for _, said := range []string{"std::bad_alloc", "Failed to allocate memory", "cannot allocate memory", "Cannot allocate memory", "cannot create shared object descriptor"} {
		if strings.Contains(err.Error(), said) {
			return fmt.Errorf("ONNX Runtime: not enough memory: %w", oneLine(err))
		}
	}
	return nil
}
