package pixel

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

// FuzzLoops compares what is called with plain Go, to the bit, at lengths and with weights of any kind. Weights may overflow
// a sum, which has to be the same then, too.
func FuzzLoops(f *testing.F) {
	f.Add(uint64(1), uint16(33), uint8(3), int32(1<<Precision))
	f.Add(uint64(2), uint16(1), uint8(1), int32(-1<<31))
	f.Add(uint64(3), uint16(700), uint8(17), int32(5))
	f.Fuzz(func(t *testing.T, seed uint64, length uint16, taps uint8, size int32) {
		r := rand.New(rand.NewPCG(seed, 0))
		n, count := 1+int(length%1500), 1+int(taps%40)
		same := func(what string, got, want []uint8) {
			t.Helper()
			if !bytes.Equal(got, want) {
				t.Fatalf("%s of %d, %d taps: %v, want %v", what, n, count, got, want)
			}
		}
		luma, cb, cr := noise(r, n), noise(r, n), noise(r, n)
		got, want := make([]uint8, 4*n), make([]uint8, 4*n)
		Colours(got, luma, cb, cr)
		coloursPlain(want, luma, cb, cr)
		same("colours", got, want)

		inner := 2 * (n - 1) // without the samples at both ends
		Widen(got[:2*n], luma)
		widenPlain(want[1:2*n], luma)
		same("widen", got[1:1+inner], want[1:1+inner])
		WidenBetween(got[:2*n], luma, cb)
		widenBetweenPlain(want[1:2*n], luma, cb)
		same("widenBetween", got[1:1+inner], want[1:1+inner])

		pixels := count + n
		table := Taps{End: pixels, Width: count, Weights: make([]int32, n*count)}
		for i := range table.Weights {
			table.Weights[i] = int32(r.Uint32()) % max(size, 1)
		}
		for range n {
			c := 1 + r.IntN(count)
			table.Starts, table.Counts = append(table.Starts, r.IntN(pixels-c+1)), append(table.Counts, c)
		}
		row := noise(r, 4*pixels)
		Across(got[:3*n], row, &table)
		acrossPlain(want[:3*n], row, &table, 0)
		same("across", got[:3*n], want[:3*n])

		rows := noise(r, count*(n+3))
		Down(got[:n], rows, n+3, table.Weights[:count])
		downPlain(want[:n], rows, n+3, table.Weights[:count])
		same("down", got[:n], want[:n])
	})
}
