package metrics

import (
	"math"

	"finetune/internal/kappa"
	"finetune/label"
)

// A tally accumulates items and computes all metrics except the rank correlations.
type tally struct {
	n               int   // items
	correct, oneOff int   // items predicted correctly; items at most one class off
	squares         int   // Σ (predicted − true)²
	support         []int // items by true class
	predicted       []int // items by predicted class
	hits, off       []int // by true class: correct items, Σ |predicted − true|
	units           float64
	rps, nll, brier float64
	binCount        [calibrationBins]int
	binConfidence   [calibrationBins]float64
	binCorrect      [calibrationBins]int
}

func newTally(k int) *tally {
	b := make([]int, 4*k)
	return &tally{support: b[:k], predicted: b[k : 2*k], hits: b[2*k : 3*k], off: b[3*k:]}
}

// reset empties the tally and keeps its memory.
func (t *tally) reset() {
	*t = tally{support: t.support, predicted: t.predicted, hits: t.hits, off: t.off}
	clear(t.support)
	clear(t.predicted)
	clear(t.hits)
	clear(t.off)
}

// addAll adds every item once.
func (t *tally) addAll(items []item) {
	for i := range items {
		t.add(&items[i], 1)
	}
}

// resampled returns the metrics of items with the given multiplicities.
func (t *tally) resampled(items []item, times []int32) Figures {
	t.reset()
	for i, n := range times {
		if n > 0 {
			t.add(&items[i], int(n))
		}
	}
	return t.figures()
}

// add adds an item with a multiplicity.
func (t *tally) add(it *item, times int) {
	y, p := int(it.truth), int(it.predicted)
	d := p - y
	if d < 0 {
		d = -d
	}
	t.n += times
	t.support[y] += times
	t.predicted[p] += times
	t.off[y] += times * d
	t.squares += times * d * d
	if d <= 1 {
		t.oneOff += times
	}
	if d == 0 {
		t.correct += times
		t.hits[y] += times
	}
	w := float64(times)
	t.units += w * it.gap
	t.rps += w * it.rps
	t.nll += w * it.nll
	t.brier += w * it.brier
	t.binCount[it.bin] += times
	t.binConfidence[it.bin] += w * it.confidence
	t.binCorrect[it.bin] += times * int(it.top)
}

// figures returns the metrics of the added items. Without items they are NaN, except MMAE.
func (t *tally) figures() Figures {
	n := float64(t.n)
	f := Figures{
		Accuracy: Number(float64(t.correct) / n), OneOffAccuracy: Number(float64(t.oneOff) / n),
		MAEUnits: Number(t.units / n), RMSE: Number(math.Sqrt(float64(t.squares) / n)),
		QWK: Number(kappa.Quadratic(t.support, t.predicted, t.squares)), Spearman: Number(math.NaN()), Kendall: Number(math.NaN()),
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

func (t *tally) ece() float64 {
	var sum float64
	for b := range t.binConfidence {
		sum += math.Abs(t.binConfidence[b] - float64(t.binCorrect[b]))
	}
	return sum / float64(t.n)
}

// classes returns the metrics of each class.
func (t *tally) classes(s label.Space) []Class {
	out := make([]Class, s.Len())
	for c := range out {
		hits, support, predicted := float64(t.hits[c]), float64(t.support[c]), float64(t.predicted[c])
		// 0/0 is NaN, as intended without items.
		out[c] = Class{Class: s.Class(c), Support: t.support[c], Predicted: t.predicted[c],
			Precision: Number(hits / predicted), Recall: Number(hits / support),
			MAE: Number(float64(t.off[c]) / support)}
	}
	return out
}
