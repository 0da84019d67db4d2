package jpegdec

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestInverseDCT compares with the definition in float64. The transform rounds twice, so a sample may be off by
// one level, rarely.
func TestInverseDCT(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	off := 0
	const blocks = 500
	for range blocks {
		var block, input [64]int32
		for range 1 + r.IntN(20) {
			input[r.IntN(64)] = int32(r.IntN(400) - 200)
		}
		block = input
		var got [64]uint8
		inverseDCT(got[:], 8, &block)
		for y := range 8 {
			for x := range 8 {
				sum := 0.0
				for v := range 8 {
					for u := range 8 {
						sum += weight(u) * weight(v) * float64(input[8*v+u]) *
							math.Cos(float64((2*x+1)*u)*math.Pi/16) * math.Cos(float64((2*y+1)*v)*math.Pi/16)
					}
				}
				want := min(max(math.Round(sum/4+128), 0), 255)
				switch d := math.Abs(float64(got[8*y+x]) - want); {
				case d > 1:
					t.Fatalf("sample (%d, %d) of %v is %d, want %v", x, y, input, got[8*y+x], want)
				case d > 0:
					off++
				}
			}
		}
	}
	if off > blocks*64/50 {
		t.Errorf("%d of %d samples are off by one level", off, blocks*64)
	}
}

func weight(frequency int) float64 {
	if frequency == 0 {
		return math.Sqrt2 / 2
	}
	return 1
}

func TestFillBlockIsInverseDCT(t *testing.T) {
	for dc := int32(-3000); dc < 3000; dc++ {
		var fast, slow [64]uint8
		fillBlock(fast[:], 8, dc)
		inverseDCT(slow[:], 8, &[64]int32{dc})
		if fast != slow {
			t.Fatalf("DC %d: %d, want %d", dc, fast[0], slow[0])
		}
	}
}

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
