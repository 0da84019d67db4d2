package metrics

import (
	"math"

	"finetune/label"
)

// A tally sums what items add and turns the sums into figures. All but the rank correlations come out of it.
type tally struct {
	n, hits, near   int   // items; right; at most one class off
	squares         int   // Σ (predicted − true)²
	support, said   []int // items by true and by predicted class
	right, off      []int // by true class: right ones, Σ |predicted − true|
	units           float64
	rps, nll, brier float64
	binCount        [calibrationBins]int
	binConfidence   [calibrationBins]float64
	binRight        [calibrationBins]int
}

func newTally(k int) *tally {
	b := make([]int, 4*k)
	return &tally{support: b[:k], said: b[k : 2*k], right: b[2*k : 3*k], off: b[3*k:]}
}

// reset makes the tally empty without giving up its memory.
func (t *tally) reset() {
	*t = tally{support: t.support, said: t.said, right: t.right, off: t.off}
	clear(t.support)
	clear(t.said)
	clear(t.right)
	clear(t.off)
}

// addAll adds every item once.
func (t *tally) addAll(items []item) {
	for i := range items {
		t.add(&items[i], 1)
	}
}

// resampled returns the figures of items that came so many times each.
func (t *tally) resampled(items []item, times []int32) Figures {
	t.reset()
	for i, n := range times {
		if n > 0 {
			t.add(&items[i], int(n))
		}
	}
	return t.figures()
}

// add adds an item so many times.
func (t *tally) add(it *item, times int) {
	y, p := int(it.truth), int(it.predicted)
	d := p - y
	if d < 0 {
		d = -d
	}
	t.n += times
	t.support[y] += times
	t.said[p] += times
	t.off[y] += times * d
	t.squares += times * d * d
	if d <= 1 {
		t.near += times
	}
	if d == 0 {
		t.hits += times
		t.right[y] += times
	}
	w := float64(times)
	t.units += w * it.gap
	t.rps += w * it.rps
	t.nll += w * it.nll
	t.brier += w * it.brier
	t.binCount[it.bin] += times
	t.binConfidence[it.bin] += w * it.confidence
	t.binRight[it.bin] += times * int(it.top)
}

// figures returns the figures of what was added. Of nothing they are NaN, but for MMAE.
func (t *tally) figures() Figures {
	n := float64(t.n)
	f := Figures{
		Accuracy: Number(float64(t.hits) / n), OneOffAccuracy: Number(float64(t.near) / n),
		MAEUnits: Number(t.units / n), RMSE: Number(math.Sqrt(float64(t.squares) / n)),
		QWK: Number(t.kappa()), Spearman: Number(math.NaN()), Kendall: Number(math.NaN()),
		RPS: Number(t.rps / n), NLL: Number(t.nll / n), Brier: Number(t.brier / n), ECE: Number(t.ece()),
	}
	var sum, present, off, worst float64
	for c, m := range t.support {
		if m == 0 {
			continue
		}
		mae := float64(t.off[c]) / float64(m)
		present++
		sum += mae
		worst = max(worst, mae)
		off += float64(t.off[c])
	}
	f.MAE, f.AMAE, f.MMAE = Number(off/n), Number(sum/present), Number(worst)
	return f
}

// kappa is quadratic weighted kappa, 1 − Σ (i−j)² observed / Σ (i−j)² expected from the margins alone. The
// expected sum needs only their first two moments: E(i−j)² = E i² − 2 E i E j + E j².
func (t *tally) kappa() float64 {
	var i1, i2, j1, j2 float64
	for c := range t.support {
		x, y, v := float64(t.support[c]), float64(t.said[c]), float64(c)
		i1 += x * v
		i2 += x * v * v
		j1 += y * v
		j2 += y * v * v
	}
	n := float64(t.n)
	expected := n*i2 - 2*i1*j1 + n*j2 // times n²; cancels to exactly 0 where both sides are one class
	if expected == 0 {
		return math.NaN()
	}
	return 1 - n*float64(t.squares)/expected
}

func (t *tally) ece() float64 {
	var sum float64
	for b := range t.binConfidence {
		sum += math.Abs(t.binConfidence[b] - float64(t.binRight[b]))
	}
	return sum / float64(t.n)
}

// classes returns the figures of each class.
func (t *tally) classes(s label.Space) []Class {
	out := make([]Class, s.Len())
	for c := range out {
		right, support, said := float64(t.right[c]), float64(t.support[c]), float64(t.said[c])
		// Without items 0/0 is NaN, which is what such a figure is.
		out[c] = Class{Class: s.Class(c), Support: t.support[c], Predicted: t.said[c],
			Precision: Number(right / said), Recall: Number(right / support), MAE: Number(float64(t.off[c]) / support)}
	}
	return out
}
