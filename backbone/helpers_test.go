package backbone

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"finetune/internal/ort/env"
	"finetune/internal/store/npy"
)

// TestMain fails rather than skips where the native library is missing: `make test` sets it up first.
func TestMain(m *testing.M) {
	if _, err := env.Open("", ""); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func testdata(name string) string { return filepath.Join("testdata", name) }

// images returns the pictures of a file, a row each.
func images(t testing.TB, name string) (tensor []float32, n int) {
	t.Helper()
	f, err := os.Open(testdata(name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	h, data, err := npy.Read(f)
	if err != nil {
		t.Fatal(err)
	}
	return data, h.Rows
}

// torchFeatures returns torch's own features, by network.
func torchFeatures(t testing.TB) map[string][][]float64 {
	t.Helper()
	data, err := os.ReadFile(testdata("features.json"))
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Models map[string][][]float64 `json:"models"`
	}
	if err := json.Unmarshal(data, &table); err != nil {
		t.Fatal(err)
	}
	return table.Models
}

func openFixture(t testing.TB, name string, o Options) *Backbone {
	t.Helper()
	return openPath(t, testdata(name+".onnx"), o)
}

func openPath(t testing.TB, path string, o Options) *Backbone {
	t.Helper()
	b, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// features runs n images and fails the test on an error.
func features(t testing.TB, b *Backbone, tensor []float32, n int) []float32 {
	t.Helper()
	out := make([]float32, n*b.Dim())
	if err := b.Features(t.Context(), tensor, n, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// compare returns the least cosine over the rows and the largest difference.
func compare(got []float32, want [][]float64) (cosine, diff float64) {
	cosine = 1
	for r, row := range want {
		var dot, a, b float64
		for i, w := range row {
			g := float64(got[r*len(row)+i])
			dot, a, b = dot+g*w, a+g*g, b+w*w
			diff = max(diff, math.Abs(g-w))
		}
		cosine = min(cosine, dot/math.Sqrt(a*b))
	}
	return cosine, diff
}
