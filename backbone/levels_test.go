package backbone

import (
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/internal/onnx/graph"
	"finetune/preprocess"
)

// A network that takes levels gives the bits of the one that takes the numbers of the same pictures: its first nodes look up what
// the preprocessing computes. That holds for every network of the fixtures, whatever its layout, size and type.
func TestLevels(t *testing.T) {
	files, err := filepath.Glob(testdata("*.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	spec := preprocess.Default()
	spec.Mean, spec.Std = [3]float64{0.48, 0.45, 0.4}, [3]float64{0.27, 0.26, 0.28}
	random := rand.New(rand.NewPCG(1, 2))
	taken := 0
	for _, file := range files {
		if strings.Contains(file, "dynamo") {
			continue // the same networks from another exporter
		}
		plain, err := Open(file, Options{Threads: 1, MaxBatch: 2})
		if err != nil {
			continue // a fixture for another test
		}
		in, table := plain.Input(), spec.Levels()
		if in.Type == "uint8" { // it takes the levels as numbers
			spec := spec
			spec.Mean, spec.Std, spec.Scale = [3]float64{}, [3]float64{1, 1, 1}, 1
			table = spec.Levels()
		}
		side := func(n int) int {
			if n == 0 {
				return 32
			}
			return n
		}
		height, width := side(in.Height), side(in.Width)
		const n = 3
		levels, numbers := make([]uint8, n*3*height*width), make([]float32, n*3*height*width)
		for i := range levels {
			levels[i] = uint8(random.IntN(256))
			channel := i / (height * width) % 3
			if in.Layout == graph.NHWC {
				channel = i % 3
			}
			numbers[i] = table[channel][levels[i]]
		}
		b, err := Open(file, Options{Threads: 1, MaxBatch: 2, Sessions: 1, Levels: &table})
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		want, got := make([]float32, n*plain.Dim()), make([]float32, n*plain.Dim())
		if err := plain.Features(t.Context(), numbers, n, want); err != nil {
			t.Logf("%s: %v", file, err) // some take another size
		} else if !b.TakesLevels() || b.Sessions() != 1 {
			t.Errorf("%s takes no levels", file)
		} else if err := b.FeaturesOfLevels(t.Context(), levels, n, got); err != nil {
			t.Errorf("%s: %v", file, err)
		} else if !slices.Equal(got, want) {
			t.Errorf("%s: other bits", file)
		} else {
			taken++
		}
		if err := b.Features(t.Context(), numbers, n, got); err == nil {
			t.Errorf("%s takes numbers too", file)
		}
		if err := plain.FeaturesOfLevels(t.Context(), levels, n, got); err == nil {
			t.Errorf("%s: takes levels without being asked", file)
		}
		for _, net := range []*Backbone{plain, b} {
			if err := net.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	if taken < 25 {
		t.Errorf("only %d networks were compared", taken)
	}
}

func TestTryLevels(t *testing.T) {
	table := preprocess.Default().Levels()
	b := openFixture(t, "mobilenet_v2_13", Options{Threads: 1, MaxBatch: 8, Sessions: 1, Levels: &table})
	if err := b.TryLevels(t.Context(), 8, 32, 32); err != nil {
		t.Error(err)
	}
	// A batch that a device has no room for must not make the network take images one at a time.
	if err := b.TryLevels(t.Context(), 1, 0, 0); err == nil || b.batchSize() != 8 {
		t.Errorf("no picture: %v, then batches of %d", err, b.batchSize())
	}
	plain := openFixture(t, "mobilenet_v2_13", Options{Threads: 1})
	if err := plain.TryLevels(t.Context(), 1, 32, 32); err == nil {
		t.Error("a network that takes numbers took levels")
	}
}
