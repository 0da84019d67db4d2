package head

import (
	"fmt"
	"math"
	"slices"

	"finetune/internal/linalg/dense"
	"finetune/invalid"
)

// predictRows is the number of rows that pass through the network together.
const predictRows = 1024

// Logits writes the logits of the listed rows of f to out, len(rows) × Outputs, not divided by the temperature.
// [Features.All] lists all rows; a nil list has none. Memory doesn't grow with the number of rows, nor does the
// result depend on the number of threads. Features of another width than the head's, or a row that isn't finite, are
// a *invalid.Error.
func (h *Head) Logits(f Features, rows []int, threads int, out []float32) error {
	return h.forward(f, rows, threads, out, h.Outputs(), func(z, row []float32) { copy(row, z) })
}

// Probabilities writes P(y = k) of the listed rows of f to out, len(rows) × classes. It applies the temperature and
// is otherwise like Logits.
func (h *Head) Probabilities(f Features, rows []int, threads int, out []float32) error {
	return h.forward(f, rows, threads, out, h.loss.Classes(), func(z, row []float32) {
		h.divide(z)
		h.loss.Probabilities(z, row)
	})
}

// Distribution writes the probabilities for one row of logits to probs, with the temperature applied. It panics on
// other lengths than [Head.Outputs] and the number of classes.
func (h *Head) Distribution(logits, probs []float32) {
	z := slices.Clone(logits)
	h.divide(z)
	h.loss.Probabilities(z, probs)
}

// divide divides logits by the temperature.
func (h *Head) divide(z []float32) {
	t := float32(h.about.Temperature)
	for j := range z {
		z[j] /= t
	}
}

// Untempered returns the head with a temperature of 1. They share their weights.
func (h *Head) Untempered() *Head {
	plain := *h
	plain.about.Temperature = 1
	return &plain
}

// Temper turns a distribution of the untempered head into that of h, in place: its logits are divided by the
// temperature. For several views of an image the temperature is fitted to, and applied to, the mean of untempered
// distributions. Probabilities that underflowed to zero are taken as the smallest float32. Temper panics on a length
// other than classes.
func (h *Head) Temper(probs []float32) {
	if h.about.Temperature == 1 {
		return
	}
	for k, p := range probs {
		probs[k] = max(p, math.SmallestNonzeroFloat32)
	}
	z := make([]float32, h.Outputs())
	h.loss.Logits(probs, z)
	h.divide(z)
	h.loss.Probabilities(z, probs)
}

// forward calls finish with the logits of each listed row, which it may change, and the row's part of out.
func (h *Head) forward(f Features, rows []int, threads int, out []float32, width int,
	finish func(z, row []float32)) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.Cols != h.Inputs() {
		return &invalid.Error{Field: "Features", Found: fmt.Sprintf("%d columns", f.Cols),
			Want: fmt.Sprintf("%d, as the head was trained on", h.Inputs()),
			Hint: "use the backbone and tap that the head was trained with"}
	}
	if len(out) != len(rows)*width {
		return fmt.Errorf("head: a result of length %d for %d rows of %d", len(out), len(rows), width)
	}
	for _, row := range rows {
		if row < 0 || row >= f.Rows {
			return fmt.Errorf("head: row %d of %d", row, f.Rows)
		}
	}
	pool := dense.NewPool(threads)
	defer pool.Close()
	buffers := newPredictBuffers(h.network, min(predictRows, len(rows)))
	for first := 0; first < len(rows); first += predictRows {
		part := rows[first:min(first+predictRows, len(rows))]
		z := buffers.forward(pool, h.network, f, part)
		if err := f.checkFinite(part, z); err != nil {
			return err
		}
		pool.Run(z.Rows, func(r, _ int) { finish(z.Row(r), out[(first+r)*width:(first+r+1)*width]) })
	}
	return nil
}

// predictBuffers hold the activations of up to predictRows rows.
type predictBuffers struct {
	copied dense.Matrix   // rows that don't follow each other
	values []dense.Matrix // of each layer
}

func newPredictBuffers(n Network, rows int) *predictBuffers {
	b := &predictBuffers{}
	for _, l := range n.Layers {
		b.values = append(b.values, dense.Wrap(rows, l.Out, make([]float32, rows*l.Out)))
	}
	return b
}

// forward returns the logits of the listed rows, of which there is at least one.
func (b *predictBuffers) forward(pool *dense.Pool, n Network, f Features, rows []int) dense.Matrix {
	x := b.gather(f, rows)
	for i, l := range n.Layers {
		y := top(b.values[i], len(rows))
		pool.MulABt(y, x, dense.Wrap(l.Out, l.In, l.Weight))
		hidden := i < len(n.Layers)-1
		pool.Run(len(rows), func(r, _ int) {
			if hidden {
				activate(y.Row(r), l.Bias)
				return
			}
			for j, v := range l.Bias {
				y.Row(r)[j] += v
			}
		})
		x = y
	}
	return x
}

// gather returns the listed rows as a matrix, without a copy where they follow each other.
func (b *predictBuffers) gather(f Features, rows []int) dense.Matrix {
	consecutive := true
	for i, row := range rows {
		consecutive = consecutive && row == rows[0]+i
	}
	if consecutive {
		return dense.Wrap(len(rows), f.Cols, f.Data[rows[0]*f.Cols:])
	}
	if b.copied.Data == nil {
		b.copied = dense.Wrap(b.values[0].Rows, f.Cols, make([]float32, b.values[0].Rows*f.Cols))
	}
	x := top(b.copied, len(rows))
	for i, row := range rows {
		copy(x.Row(i), f.Row(row))
	}
	return x
}
