package loss

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// checkRows compares Rows with Sample, which is its plain twin, bit by bit.
func checkRows(t *testing.T, c Config, n int, logits, targets []float32) {
	t.Helper()
	l := mustNew[float32](t, c)
	out, k := l.Outputs(), l.Classes()
	ws := NewWorkspace(l)
	scales, values, grad := make([]float32, n), make([]float32, n), make([]float32, n*out)
	for i := range scales {
		scales[i] = float32(i%3) / 3
	}
	Rows(l, logits, targets, scales, values, grad, ws)
	want := make([]float32, out)
	same := func(a, b float32) bool { return a == b || math.IsNaN(float64(a)) && math.IsNaN(float64(b)) }
	for i := range n {
		z := logits[i*out : (i+1)*out]
		value := l.Sample(z, targets[i*k:(i+1)*k], want, ws)
		for j := range want {
			want[j] *= scales[i]
		}
		if !same(values[i], value) || !slices.EqualFunc(grad[i*out:(i+1)*out], want, same) {
			t.Fatalf("%+v, sample %d of %d, logits %g: %g and %g, want %g and %g", c, i, n, z, values[i], grad[i*out:(i+1)*out], value, want)
		}
	}
	without := make([]float32, n)
	Rows(l, logits, targets, nil, without, nil, ws)
	if !slices.EqualFunc(without, values, same) {
		t.Fatalf("%+v: losses without gradient are %g, with it %g", c, without, values)
	}
}

// randomRows returns logits of the given size, with some that are equal, huge or no numbers, and targets.
func randomRows(r *rand.Rand, n, out, k int, size float64) (logits, targets []float32) {
	odd := []float32{0, 100, -100, 800, -800, 1e30, float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.NaN())}
	for i := range n {
		for range out {
			logits = append(logits, float32(size*r.NormFloat64()))
		}
		if i%5 == 4 {
			logits[len(logits)-1-r.IntN(out)] = odd[r.IntN(len(odd))]
		}
		target := make([]float32, k)
		if i%2 == 0 {
			OneHot(target, r.IntN(k))
		} else {
			softTargets(r, target)
		}
		targets = append(targets, target...)
	}
	return logits, targets
}

func TestRows(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, name := range Names() {
		for _, k := range []int{2, 3, 8, 101} {
			if k > 8 && name != EMD2 {
				continue // they take Sample, which is slow for some
			}
			for _, n := range []int{1, 7, 8, 9, 32, 100} {
				c := Config{Name: name, Classes: k}
				l := mustNew[float32](t, c)
				for _, size := range []float64{0, 1, 30} {
					logits, targets := randomRows(r, n, l.Outputs(), k, size)
					checkRows(t, c, n, logits, targets)
				}
			}
		}
	}
	logits, targets := randomRows(r, 50, 4, 4, 2)
	checkRows(t, Config{Name: EMD2, Classes: 4, Ground: Positions([]float64{0, 1, 5, 6})}, 50, logits, targets)
}

func FuzzRows(f *testing.F) {
	f.Add(uint64(1), uint8(8), uint8(32), 1.0)
	f.Fuzz(func(t *testing.T, seed uint64, classes, n uint8, size float64) {
		k := 2 + int(classes)
		logits, targets := randomRows(rand.New(rand.NewPCG(seed, 1)), int(n), k, k, size)
		checkRows(t, Config{Name: EMD2, Classes: k}, int(n), logits, targets)
	})
}
