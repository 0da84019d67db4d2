package loss

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
)

// batch returns random logits and soft targets for n samples.
func batch[T Float](rng *rand.Rand, l Loss[T], n int) (logits, targets []T) {
	logits = convert[T](randomLogits(rng, n*l.Outputs(), 2))
	targets = make([]T, n*l.Classes())
	for i := range n {
		softTargets(rng, targets[i*l.Classes():(i+1)*l.Classes()])
	}
	return logits, targets
}

// TestMean: an integer weight equals copies, blocks with the scale of the batch add up to the batch, and samples
// of weight zero have no gradient.
func TestMean(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	for _, cfg := range everyLoss(rng, 4) {
		l := mustNew[float64](t, cfg)
		const n = 5
		out := l.Outputs()
		logits, targets := batch(rng, l, n)
		weights := []float64{1, 3, 0, 2, 1}
		var manyLogits, manyTargets []float64
		for i, w := range weights {
			for range int(w) {
				manyLogits = append(manyLogits, logits[i*out:(i+1)*out]...)
				manyTargets = append(manyTargets, targets[i*4:(i+1)*4]...)
			}
		}
		ws := NewWorkspace(l)
		grad, manyGrad := make([]float64, n*out), make([]float64, len(manyLogits))
		got := Mean(l, logits, targets, weights, grad, ws)
		want := Mean(l, manyLogits, manyTargets, nil, manyGrad, ws)
		if math.Abs(got-want) > 1e-12*(1+math.Abs(want)) {
			t.Errorf("%s: weighted mean %v, of copies %v", describe(cfg), got, want)
		}
		for j := range out {
			if got, want := grad[out+j], 3*manyGrad[out+j]; math.Abs(got-want) > 1e-12 {
				t.Errorf("%s: gradient with weight 3 is %v, three copies' %v", describe(cfg), got, want)
			}
			if grad[2*out+j] != 0 {
				t.Errorf("%s: a sample without weight has gradient %v", describe(cfg), grad[2*out+j])
			}
		}
		blockGrad := make([]float64, n*out)
		first := Sum(l, logits[:2*out], targets[:8], weights[:2], 1./7, blockGrad[:2*out], ws)
		rest := Sum(l, logits[2*out:], targets[8:], weights[2:], 1./7, blockGrad[2*out:], ws)
		if math.Abs(first+rest-got) > 1e-12*(1+math.Abs(got)) || !slices.Equal(blockGrad, grad) {
			t.Errorf("%s: blocks give %v, the batch %v, or other gradients", describe(cfg), first+rest, got)
		}
	}
}

func TestMeanWithoutWeight(t *testing.T) {
	l := mustNew[float32](t, Config{Name: EMD2, Classes: 2})
	ws := NewWorkspace(l)
	nan := float32(math.NaN())
	logits, targets, grad := []float32{nan, 2, 1, 2}, []float32{1, 0, 1, 0}, []float32{3, 3, 3, 3}
	v := Mean(l, logits, targets, []float32{0, 1}, grad, ws)
	if want := Mean(l, logits[2:], targets[2:], nil, nil, ws); v != want || grad[0] != 0 || grad[1] != 0 {
		t.Errorf("mean %v and gradient %v, want %v and zeros for the first sample", v, grad, want)
	}
	if v := Mean(l, logits, targets, []float32{0, 0}, grad, ws); v != 0 || grad[2] != 0 || grad[3] != 0 {
		t.Errorf("mean %v and gradient %v, want zeros", v, grad)
	}
	if v := Mean(l, nil, nil, nil, nil, ws); v != 0 {
		t.Errorf("mean of no samples is %v", v)
	}
}

func TestNoAllocation(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	for _, cfg := range everyLoss(rng, 8) {
		l := mustNew[float32](t, cfg)
		logits, targets := batch(rng, l, 3)
		grad, probs, weights := make([]float32, len(logits)), make([]float32, 8), []float32{1, 2, 3}
		ws := NewWorkspace(l)
		n := testing.AllocsPerRun(10, func() {
			Mean(l, logits, targets, weights, grad, ws)
			l.Probabilities(logits[:l.Outputs()], probs)
			if err := l.CheckTarget(targets[:8]); err != nil {
				t.Fatal(err)
			}
		})
		if n != 0 {
			t.Errorf("%s: %v allocations a batch", describe(cfg), n)
		}
	}
}

// TestConcurrent uses one loss from several goroutines with a workspace each, for the race detector.
func TestConcurrent(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 10))
	for _, cfg := range everyLoss(rng, 6) {
		l := mustNew[float32](t, cfg)
		logits, targets := batch(rng, l, 20)
		want := make([]float32, len(logits))
		value := Mean(l, logits, targets, nil, want, NewWorkspace(l))
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				grad := make([]float32, len(logits))
				if v := Mean(l, logits, targets, nil, grad, NewWorkspace(l)); v != value || !slices.Equal(grad, want) {
					t.Errorf("%s: %v in a goroutine, %v alone", describe(cfg), v, value)
				}
			})
		}
		wg.Wait()
	}
}

func TestWrongLengthsPanic(t *testing.T) {
	for _, name := range Names() {
		l := mustNew[float64](t, Config{Name: name, Classes: 3})
		other := mustNew[float64](t, Config{Name: name, Classes: 5})
		out, target := make([]float64, l.Outputs()), []float64{1, 0, 0}
		ws := NewWorkspace(l)
		calls := map[string]func(){
			"logits":        func() { l.Sample(make([]float64, 9), target, nil, ws) },
			"target":        func() { l.Sample(out, target[:2], nil, ws) },
			"grad":          func() { l.Sample(out, target, make([]float64, 9), ws) },
			"probabilities": func() { l.Probabilities(out, target[:2]) },
			"weights":       func() { Mean(l, out, target, []float64{1, 1}, nil, ws) },
			"ragged":        func() { Mean(l, out, make([]float64, 4), nil, nil, ws) },
		}
		if l.Outputs() == 3 {
			calls["workspace"] = func() { l.Sample(out, target, nil, NewWorkspace(other)) }
		}
		for what, call := range calls {
			func() {
				defer func() {
					if r := recover(); r == nil || fmt.Sprint(r)[:5] != "loss:" {
						t.Errorf("%s, wrong %s: recovered %v", name, what, r)
					}
				}()
				call()
			}()
		}
	}
}
