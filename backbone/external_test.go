package backbone

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// Weights in another file give the same features read and mapped; those that were read don't change when the file is cut.
func TestExternalDataReadOrMapped(t *testing.T) {
	tensor, n := images(t, "images.npy")
	dir := t.TempDir()
	for _, name := range []string{"resnet_external.onnx", "resnet_external.weights"} {
		data, err := os.ReadFile(testdata(name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), data, 0o666)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	path, weights := filepath.Join(dir, "resnet_external.onnx"), filepath.Join(dir, "resnet_external.weights")
	of := func(change func()) []float32 {
		b, err := Open(path, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer b.Close()
		change()
		return features(t, b, tensor, n)
	}
	before := mostRead
	mostRead = -1
	mapped := of(func() {})
	mostRead = before
	read := of(func() {
		if err := os.Truncate(weights, 0); err != nil {
			t.Fatal(err)
		}
	})
	if !slices.Equal(mapped, read) {
		t.Error("features of mapped weights differ from those of weights that were read")
	}
}
