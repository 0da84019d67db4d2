package jpeg

import "testing"

func TestNaturalIsAZigzag(t *testing.T) {
	var seen [64]bool
	for k, at := range natural {
		if seen[at] {
			t.Fatalf("place %d comes twice", at)
		}
		seen[at] = true
		if k == 0 {
			continue
		}
		// From one place to the next the diagonal stays or becomes the next.
		diagonal := func(i uint8) int { return int(i/8 + i%8) }
		if d := diagonal(at) - diagonal(natural[k-1]); d != 0 && d != 1 {
			t.Errorf("a jump from %d to %d", natural[k-1], at)
		}
	}
}
