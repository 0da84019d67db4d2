package head

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"finetune/loss"
)

// synthetic returns n examples of an ordinal task: the class is a step of a noisy sum of the first columns. Columns
// differ in mean and scale, as features do.
func synthetic(n, cols, classes int, seed uint64) Examples {
	r := rand.New(rand.NewPCG(seed, 1))
	f := Features{Rows: n, Cols: cols, Data: make([]float32, n*cols)}
	labels := make([]int, n)
	for i := range n {
		position := r.Float64() * float64(classes)
		labels[i] = int(position)
		for j := range cols {
			v := r.NormFloat64() * 0.3
			if j%3 == 0 {
				v += position
			}
			f.Data[i*cols+j] = float32((v + float64(j%5)) * (0.5 + float64(j%4)))
		}
	}
	targets, err := OneHot(labels, classes)
	if err != nil {
		panic(err)
	}
	return Examples{Features: f, Targets: targets}
}

// open returns c with numbers whose zero can't be used left to Auto.
func open(c Config) Config {
	for _, field := range []*int{&c.Epochs, &c.BatchSize, &c.Threads} {
		if *field == 0 {
			*field = Auto
		}
	}
	if c.LR == 0 {
		c.LR = Auto
	}
	return c
}

func train(t testing.TB, train, val Examples, c Config) *Result {
	t.Helper()
	r, err := Train(context.Background(), train, val, open(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// reference computes the logits of a raw feature in float64, by the definition.
func reference(n Network, x []float32) []float64 {
	v := make([]float64, len(x))
	for j := range x {
		v[j] = float64(x[j])
	}
	for i, l := range n.Layers {
		y := make([]float64, l.Out)
		for o := range y {
			y[o] = float64(l.Bias[o])
			for j := range v {
				y[o] += float64(l.Weight[o*l.In+j]) * v[j]
			}
			if i < len(n.Layers)-1 {
				y[o] = max(0, y[o])
			}
		}
		v = y
	}
	return v
}

// meanLoss is the weighted mean loss of e by the reference, in float64.
func meanLoss(t testing.TB, n Network, e Examples, c loss.Config) float64 {
	t.Helper()
	l, err := loss.New[float64](c)
	if err != nil {
		t.Fatal(err)
	}
	ws := loss.NewWorkspace(l)
	target := make([]float64, c.Classes)
	var sum, total float64
	for i := range e.Len() {
		for k := range target {
			target[k] = float64(e.Targets[i*c.Classes+k])
		}
		sum += e.Weight(i) * l.Sample(reference(n, e.Row(i)), target, nil, ws)
		total += e.Weight(i)
	}
	return sum / total
}

// far returns the largest difference between two vectors, relative to the largest value where that is above one.
func far(a, b []float32) float64 {
	var most, scale float64 = 0, 1
	for i := range a {
		most = max(most, math.Abs(float64(a[i]-b[i])))
		scale = max(scale, math.Abs(float64(a[i])))
	}
	return most / scale
}
