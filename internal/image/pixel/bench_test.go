package pixel

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkLoops runs every loop as it is called, which is in assembly where there is some, and in plain Go. samples/op is
// the number of bytes that come out.
func BenchmarkLoops(b *testing.B) {
	const n = 1024
	r := rand.New(rand.NewPCG(13, 14))
	run := func(loop, kind string, work int, f func()) {
		b.Run(loop+"/"+kind, func(b *testing.B) {
			for b.Loop() {
				f()
			}
			b.ReportMetric(float64(work), "samples/op")
		})
	}
	luma, cb, cr, dst := noise(r, n), noise(r, n), noise(r, n), make([]uint8, 4*n)
	coefficients := make([]int32, 20) // every column has some, as in most blocks of fine texture
	for i := range coefficients {
		coefficients[i] = r.Int32N(200) - 100
	}
	block := new([64]int32)
	transform := func(f func([]uint8, int, *[64]int32)) func() {
		return func() {
			copy(block[:], coefficients)
			f(dst, 8, block)
		}
	}
	run("inverseDCT", "called", 64, transform(InverseDCT))
	run("inverseDCT", "plain", 64, transform(inverseDCTPlain))
	run("colours", "called", 3*n, func() { Colours(dst, luma, cb, cr) })
	run("colours", "plain", 3*n, func() { coloursPlain(dst, luma, cb, cr) })
	run("widen", "called", 2*n, func() { Widen(dst[:2*n], luma) })
	run("widen", "plain", 2*n, func() { widenPlain(dst[1:2*n], luma) })
	run("widenBetween", "called", 2*n, func() { WidenBetween(dst[:2*n], luma, cb) })
	run("widenBetween", "plain", 2*n, func() { widenBetweenPlain(dst[1:2*n], luma, cb) })

	const taps = 9
	t := Taps{End: n, Width: taps, Weights: weights(r, n/4*taps)}
	for i := range n / 4 {
		t.Starts, t.Counts = append(t.Starts, min(4*i, n-taps)), append(t.Counts, taps)
	}
	row, columns := noise(r, 4*n), weights(r, taps)
	run("across", "called", 3*n/4, func() { Across(dst, row, &t) })
	run("across", "plain", 3*n/4, func() { acrossPlain(dst[:3*n/4], row, &t, 0) })
	rows := noise(r, taps*n)
	run("down", "called", n, func() { Down(dst[:n], rows, n, columns) })
	run("down", "plain", n, func() { downPlain(dst[:n], rows, n, columns) })
}
