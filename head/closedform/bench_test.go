package closedform

import (
	"context"
	"testing"
)

// BenchmarkFit is the size of the issue: 3,750 images with the default features.
func BenchmarkFit(b *testing.B) {
	p := made(3750, 11520, 8, 1)
	for b.Loop() {
		if _, err := Fit(context.Background(), p, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}
