package head

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"finetune/internal/linalg/dense"
	"finetune/loss"
)

func standardiserOf(t *testing.T, e Examples) *standardiser {
	t.Helper()
	pool := dense.NewPool(2)
	defer pool.Close()
	s, err := newStandardiser(context.Background(), pool, e, false)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestStandardiser checks that standardised columns have mean 0, keep their proportions, and have the documented
// length, with weights and with a mean far above the deviation.
func TestStandardiser(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const n, cols = 3*momentRows + 11, momentCols + 6
	e := Examples{Features: Features{Rows: n, Cols: cols, Data: make([]float32, n*cols)}}
	for i := range n {
		e.Weights = append(e.Weights, float32(i%4))
		for j := range cols {
			v := 1000 + r.NormFloat64()*float64(1+j%2)
			switch j {
			case 0:
				v = 7 // constant
			case 1:
				v *= 1e5 // far wider than the others
			}
			e.Features.Data[i*cols+j] = float32(v)
		}
	}
	s := standardiserOf(t, e)
	var mean, square [cols]float64
	var total float64
	row := make([]float32, cols)
	for i := range n {
		s.apply(row, e.Row(i))
		for j, v := range row {
			mean[j] += e.Weight(i) * float64(v)
			square[j] += e.Weight(i) * float64(v) * float64(v)
		}
		total += e.Weight(i)
	}
	var length float64
	for j := range cols {
		length += square[j] / total
		if math.Abs(mean[j]/total) > 1e-3 {
			t.Errorf("column %d has mean %g", j, mean[j]/total)
		}
	}
	if math.Abs(length-(cols-1)) > 1e-3*cols {
		t.Errorf("the mean squared length is %g, want %d", length, cols-1)
	}
	if square[0] != 0 {
		t.Error("a constant column isn't scaled to zero")
	}
	if ratio := math.Sqrt(square[3] / square[2]); ratio < 1.8 || ratio > 2.2 {
		t.Errorf("a column twice as wide as another is %g times as wide", ratio)
	}
	if ratio := math.Sqrt(square[1] / square[2]); ratio > 2*maxDeviationRatio+1 {
		t.Errorf("one column is %g times as wide as another", ratio)
	}
}

func TestStandardiserLimits(t *testing.T) {
	wide := synthetic(50, 3*maxSquaredLength, 2, 1)
	s := standardiserOf(t, wide)
	var length float64
	row := make([]float32, wide.Features.Cols)
	for i := range wide.Len() {
		s.apply(row, wide.Row(i))
		for _, v := range row {
			length += float64(v) * float64(v) / float64(wide.Len())
		}
	}
	if math.Abs(length-maxSquaredLength) > 1 {
		t.Errorf("the mean squared length is %g, want %d", length, maxSquaredLength)
	}
	constant := Examples{Features: Features{Rows: 2, Cols: 2, Data: []float32{1, 2, 1, 2}}}
	if s := standardiserOf(t, constant); s.inverse[0] != 0 || s.inverse[1] != 0 {
		t.Errorf("constant columns are scaled by %v", s.inverse)
	}
}

// TestFold compares the network on raw features with the one on standardised features that was trained, on features
// whose means are large relative to their deviations.
func TestFold(t *testing.T) {
	for _, hidden := range []int{0, 7} {
		e := synthetic(100, 9, 3, 8)
		for i := range e.Features.Data {
			e.Features.Data[i] += 50
		}
		s := standardiserOf(t, e)
		l, err := loss.New[float32](loss.Config{Classes: 3})
		if err != nil {
			t.Fatal(err)
		}
		pool := dense.NewPool(1)
		o := newObjective(Config{Hidden: hidden}, pool, s, l, e, nil)
		r := rand.New(rand.NewPCG(1, 1))
		for i := range o.params.all {
			o.params.all[i] = r.Float32() - 0.5
		}
		raw := o.params.network(s)
		o.pass.forward(e, func(example int, a activations) {
			for k, want := range reference(raw, e.Row(example)) {
				if got := float64(a.logits[k]); math.Abs(got-want) > 1e-4*max(1, math.Abs(want)) {
					t.Errorf("hidden %d, example %d: logit %g scaled, %g raw", hidden, example, got, want)
				}
			}
		})
		pool.Close()
	}
}
