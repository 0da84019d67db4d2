package pixel

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// What is exported runs assembly where the processor has it. It is compared with the plain version or the definition to the
// bit here, and with libjpeg and Pillow in the packages that use it.

func noise(r *rand.Rand, n int) []uint8 {
	b := make([]uint8, n)
	for i := range b {
		b[i] = uint8(r.Uint32())
	}
	return b
}

func TestInverseDCTIsTheSameEverywhere(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int32{1, 30, 1000, 40_000, 2 << 17} { // the last overflow later, in the same way
		for range 200 {
			var block [64]int32
			for range 1 + r.IntN(64) {
				block[r.IntN(64)] = r.Int32N(size) - size/2
			}
			plain := block
			const stride = 11
			got, want := noise(r, 7*stride+8), make([]uint8, 7*stride+8)
			copy(want, got)
			InverseDCT(got, stride, &block)
			inverseDCTPlain(want, stride, &plain)
			if !bytes.Equal(got, want) {
				t.Fatalf("size %d: %v, want %v", size, got, want)
			}
			if block != ([64]int32{}) || plain != block {
				t.Fatal("the block was not cleared")
			}
		}
	}
}

func FuzzInverseDCT(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8})
	f.Add(bytes.Repeat([]byte{0xff, 0x7f}, 64))
	f.Fuzz(func(t *testing.T, data []byte) {
		var block [64]int32
		for i := range min(len(data)/2, 64) {
			block[i] = int32(int16(binary.LittleEndian.Uint16(data[2*i:])))
		}
		plain := block
		var got, want [64]uint8
		InverseDCT(got[:], 8, &block)
		inverseDCTPlain(want[:], 8, &plain)
		if got != want {
			t.Fatalf("%v, want %v", got, want)
		}
	})
}

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
		InverseDCT(got[:], 8, &block)
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
		FillBlock(fast[:], 8, dc)
		InverseDCT(slow[:], 8, &[64]int32{dc})
		if fast != slow {
			t.Fatalf("DC %d: %d, want %d", dc, fast[0], slow[0])
		}
	}
}

func TestColours(t *testing.T) {
	const n = 1 << 16 // every pair of chroma
	luma, cb, cr := make([]uint8, n), make([]uint8, n), make([]uint8, n)
	for i := range luma {
		luma[i], cb[i], cr[i] = uint8(i*7+i>>8), uint8(i), uint8(i>>8)
	}
	for _, n := range []int{1, 7, 8, 9, 31, n} {
		got, want := make([]uint8, 4*n), make([]uint8, 4*n)
		Colours(got, luma[:n], cb, cr)
		coloursPlain(want, luma[:n], cb, cr)
		if !bytes.Equal(got, want) {
			t.Fatalf("%d pixels differ", n)
		}
		for i := range n {
			y, u, v := float64(luma[i]), float64(cb[i])-128, float64(cr[i])-128
			for c, exact := range []float64{y + 1.402*v, y - 0.344136*u - 0.714136*v, y + 1.772*u, 255} {
				if d := math.Abs(float64(got[4*i+c]) - min(max(exact, 0), 255)); d > 0.51 {
					t.Fatalf("Y %v, Cb %v, Cr %v, channel %d: %d, want %.2f", y, u, v, c, got[4*i+c], exact)
				}
			}
		}
	}
}

func TestWiden(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	for n := 1; n < 70; n++ {
		src := noise(r, n)
		for _, width := range []int{2*n - 1, 2 * n} {
			got := make([]uint8, width)
			Widen(got, src)
			for x, v := range got {
				i := x / 2
				other := min(max(i-1+2*(x&1), 0), n-1)
				sum := 3*int(src[i]) + int(src[other])
				if want := uint8((sum + 1 + x&1) >> 2); v != want {
					t.Fatalf("%d samples, width %d: sample %d is %d, want %d", n, width, x, v, want)
				}
			}
		}
	}
}

func TestWidenBetween(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for n := 1; n < 70; n++ {
		near, far := noise(r, n), noise(r, n)
		for _, width := range []int{2*n - 1, 2 * n} {
			got := make([]uint8, width)
			WidenBetween(got, near, far)
			for x, v := range got {
				i := x / 2
				other := min(max(i-1+2*(x&1), 0), n-1)
				sum := 9*int(near[i]) + 3*int(far[i]) + 3*int(near[other]) + int(far[other])
				if want := uint8((sum + 8 - x&1) >> 4); v != want {
					t.Fatalf("%d samples, width %d: sample %d is %d, want %d", n, width, x, v, want)
				}
			}
		}
	}
}

// sum is one level of a resized picture by its definition.
func sum(levels []uint8, step int, weights []int32) uint8 {
	s := int64(half)
	for k, w := range weights {
		s += int64(w) * int64(levels[k*step])
	}
	return uint8(min(max(s>>Precision, 0), 255))
}

// weights sum to about one and overshoot, as a cubic's do.
func weights(r *rand.Rand, n int) []int32 {
	w := make([]int32, n)
	for i := range w {
		w[i] = (r.Int32N(5<<Precision) - 1<<Precision) / (2 * int32(n))
	}
	return w
}

func TestAcross(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for _, n := range []int{1, 2, 5, 64} {
		for _, width := range []int{1, 2, 3, 4, 5, 7, 8, 37} {
			t.Run(fmt.Sprintf("%d of %d", n, width), func(t *testing.T) {
				src := noise(r, 4*100)
				taps := Taps{End: 100, Width: width, Weights: weights(r, n*width)}
				for range n {
					count := 1 + r.IntN(width)
					taps.Starts, taps.Counts = append(taps.Starts, r.IntN(101-count)), append(taps.Counts, count)
				}
				dst := make([]uint8, 3*n)
				Across(dst, src, &taps)
				for i, first := range taps.Starts {
					for c := range 3 {
						want := sum(src[4*first+c:], 4, taps.Weights[i*width:][:taps.Counts[i]])
						if dst[3*i+c] != want {
							t.Fatalf("pixel %d, channel %d: %d, want %d", i, c, dst[3*i+c], want)
						}
					}
				}
			})
		}
	}
}

func TestDown(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	for _, n := range []int{1, 31, 32, 33, 64, 300, 700} {
		for _, taps := range []int{1, 2, 7} {
			const gap = 5
			rows, w := noise(r, taps*(n+gap)), weights(r, taps)
			dst := noise(r, n+1)
			guard := dst[n]
			Down(dst[:n], rows, n+gap, w)
			for i := range n {
				if want := sum(rows[i:], n+gap, w); dst[i] != want {
					t.Fatalf("%d columns, %d rows: column %d is %d, want %d", n, taps, i, dst[i], want)
				}
			}
			if dst[n] != guard {
				t.Fatal("written beyond the end")
			}
		}
	}
}
