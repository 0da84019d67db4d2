package head

import (
	"math/rand/v2"
	"slices"
	"testing"
)

func TestShuffle(t *testing.T) {
	for name, test := range map[string]struct{ n, bytes int }{
		"small":                  {1000, 4096},
		"large":                  {300_000, 4096},
		"large, a partial chunk": {300_001, 4096},
		"large, of wide rows":    {2000, 1 << 20},
		"large, of wider rows":   {500, 3 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			order := make([]int, test.n)
			shuffle(order, test.bytes, rand.New(rand.NewPCG(1, 2)))
			sorted := slices.Sorted(slices.Values(order))
			for i, v := range sorted {
				if i != v {
					t.Fatalf("%d is missing or there twice", i)
				}
			}
			if slices.Equal(order, sorted) {
				t.Error("nothing was shuffled")
			}
			again := make([]int, test.n)
			shuffle(again, test.bytes, rand.New(rand.NewPCG(1, 2)))
			if !slices.Equal(order, again) {
				t.Error("the same generator gives another order")
			}
		})
	}
}

// Batches of a large set must be fair samples of it whatever its order: of examples sorted by class each batch has
// both halves. And a window must read few chunks.
func TestShuffleLarge(t *testing.T) {
	const n, bytes, batch = 1 << 20, 4096, 256
	order := make([]int, n)
	shuffle(order, bytes, rand.New(rand.NewPCG(3, 4)))
	for i := 0; i < n; i += batch {
		upper := 0
		for _, example := range order[i : i+batch] {
			if example >= n/2 {
				upper++
			}
		}
		if upper < batch/2-64 || upper > batch/2+64 { // eight standard deviations, and what a window of 256 chunks adds
			t.Fatalf("the batch at %d has %d of %d examples from the upper half", i, upper, batch)
		}
	}
	for i := 0; i < n; i += windowBytes / bytes {
		chunks := map[int]bool{}
		for _, example := range order[i : i+windowBytes/bytes] {
			chunks[example/(chunkBytes/bytes)] = true
		}
		if len(chunks) != windowBytes/chunkBytes {
			t.Fatalf("the window at %d reads %d chunks", i, len(chunks))
		}
	}
}
