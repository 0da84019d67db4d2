package head

import (
	"fmt"
	"math"

	"finetune/internal/linalg/dense"
	"finetune/invalid"
)

// predictRows is the number of rows that pass through the network together.
const predictRows = 1024

// Logits writes the logits of rows of f to out, len(index) × Outputs: of the rows in index, or of all rows in order
// where index is nil. Nothing is divided by the temperature. It uses that many threads; memory doesn't grow with the
// number of rows. Features of another width than the head's are a *invalid.Error.
func (h *Head) Logits(f Features, index []int, threads int, out []float32) error {
	return h.forward(f, index, threads, out, h.Outputs(), func(z, row []float32) { copy(row, z) })
}

// Probabilities writes P(y = k) for rows of f to out, len(index) × classes; the rest is as with Logits, but for
// the temperature, which is applied.
func (h *Head) Probabilities(f Features, index []int, threads int, out []float32) error {
	t := float32(h.about.Temperature)
	return h.forward(f, index, threads, out, h.loss.Classes(), func(z, row []float32) {
		if t != 1 {
			for j := range z {
				z[j] /= t
			}
		}
		h.loss.Probabilities(z, row)
	})
}

// Untempered returns the head with a temperature of 1. They share their weights.
func (h *Head) Untempered() *Head {
	plain := *h
	plain.about.Temperature = 1
	return &plain
}

// Temper turns a distribution of the untempered head into that of h, in place: its logits are divided by the temperature. A mean over
// several views of an image is taken untempered and tempered afterwards, so that the temperature is of what is decided on. What underflowed
// to zero is taken as the smallest float32. It panics on a length other than classes.
func (h *Head) Temper(probs []float32) {
	t := float32(h.about.Temperature)
	if t == 1 {
		return
	}
	for k, p := range probs {
		probs[k] = max(p, math.SmallestNonzeroFloat32)
	}
	z := make([]float32, h.Outputs())
	h.loss.Logits(probs, z)
	for j := range z {
		z[j] /= t
	}
	h.loss.Probabilities(z, probs)
}

// forward calls finish with the logits of each row, which it may change, and the row's part of out.
func (h *Head) forward(f Features, index []int, threads int, out []float32, width int, finish func(z, row []float32)) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.Cols != h.Inputs() {
		return &invalid.Error{Field: "features", Found: fmt.Sprintf("%d columns", f.Cols),
			Want: fmt.Sprintf("%d, as the head was trained on", h.Inputs()), Hint: "use the backbone and tap that the head was trained with"}
	}
	e := Examples{Features: f, Index: index}
	n := e.Len()
	if len(out) != n*width {
		return fmt.Errorf("head: room for %d numbers, %d rows of %d", len(out), n, width)
	}
	for _, i := range index {
		if i < 0 || i >= f.Rows {
			return fmt.Errorf("head: row %d of %d", i, f.Rows)
		}
	}
	pool := dense.NewPool(threads)
	defer pool.Close()
	rows := min(predictRows, n)
	buffer := func(cols int) dense.Matrix { return dense.Wrap(rows, cols, make([]float32, rows*cols)) }
	values := make([]dense.Matrix, len(h.network.Layers))
	for i, l := range h.network.Layers {
		values[i] = buffer(l.Out)
	}
	var gathered dense.Matrix
	if index != nil {
		gathered = buffer(f.Cols)
	}
	for first := 0; first < n; first += rows {
		m := min(rows, n-first)
		var x dense.Matrix
		if index == nil {
			x = dense.Wrap(m, f.Cols, f.Data[first*f.Cols:])
		} else {
			x = top(gathered, m)
			for i := range m {
				copy(x.Row(i), e.Row(first+i))
			}
		}
		for i, l := range h.network.Layers {
			y := top(values[i], m)
			pool.MulABt(y, x, dense.Wrap(l.Out, l.In, l.Weight))
			if i < len(values)-1 {
				pool.Run(m, func(r, _ int) { activate(y.Row(r), l.Bias) })
			}
			x = y
		}
		bias := h.network.Layers[len(values)-1].Bias
		pool.Run(m, func(r, _ int) {
			z := x.Row(r)
			for j, b := range bias {
				z[j] += b
			}
			finish(z, out[(first+r)*width:(first+r+1)*width])
		})
	}
	return nil
}
