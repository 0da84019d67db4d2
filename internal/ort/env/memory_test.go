package env

import (
	"errors"
	"testing"
)

// What ONNX Runtime and the loader say without memory, as the torture program met it.
func TestStarved(t *testing.T) {
	for text, want := range map[string]bool{
		"Error creating session: Exception caught: std::bad_alloc":             true,
		"x.so: cannot create shared object descriptor: Cannot allocate memory": true,
		"Failed to allocate memory for requested buffer of size 4096":          true,
		"Load model failed: no such opset":                                     false,
	} {
		if got := Starved(errors.New(text)); (got != nil) != want {
			t.Errorf("%q: %v", text, got)
		}
	}
}
