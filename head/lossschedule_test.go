package head

import (
	"math"
	"testing"

	"finetune/loss"
)

// TestSelfGuided trains with a warm-up, a measured λ and a measured ground distance.
func TestSelfGuided(t *testing.T) {
	const classes, warmup = 8, 3
	e := synthetic(200, 10, classes, 2)
	for i := range e.Features.Data {
		e.Features.Data[i] = max(0, e.Features.Data[i]) // as a backbone's last activation
	}
	for _, hidden := range []int{0, 16} {
		c := Config{Loss: loss.Config{Name: loss.XEMD2, Classes: classes, Mu: 0.5}, Hidden: hidden, LR: 0.05,
			Epochs: 10, WarmupEpochs: warmup, AutoLambda: true, SelfGuided: true}
		r := train(t, e, e, c)
		var moved float64
		for _, h := range r.History {
			if warming := h.Epoch <= warmup; warming != (h.Lambda == 0) {
				t.Errorf("epoch %d has λ %g", h.Epoch, h.Lambda)
			}
			if h.Epoch <= warmup+1 && h.DistanceMoved != 0 {
				t.Errorf("the distance moved in epoch %d", h.Epoch)
			}
			moved += h.DistanceMoved
		}
		if (moved > 0) != (hidden > 0) {
			t.Errorf("hidden %d: the distance moved by %g", hidden, moved)
		}
		d := r.Loss.Ground.Matrix
		if len(d) != classes*classes || d[classes-1] <= d[1] {
			t.Errorf("hidden %d: the first class is as far from its neighbour as from the last: %v", hidden, d)
		}
		if hidden > 0 {
			continue
		}
		// λ is that of the formula at the end of the warm-up.
		c.AutoLambda, c.SelfGuided, c.WarmupEpochs, c.Loss.Name, c.Loss.Mu, c.Schedule = false, false, 0,
			loss.CrossEntropy, 0, Constant
		c.Epochs = warmup
		first := r.Config
		first.Schedule = Constant
		warm := train(t, e, e, c)
		r = train(t, e, e, first)
		emd := loss.Config{Name: loss.EMD2, Classes: classes, Mu: 0.5, Ground: loss.Matrix(d)}
		want := meanLoss(t, warm.Network, e, c.Loss) / meanLoss(t, warm.Network, e, emd) / 3.5
		if got := r.History[warmup].Lambda; math.Abs(got-want) > 1e-3*want {
			t.Errorf("λ is %g, want %g", got, want)
		}
		if _, err := loss.New[float32](r.Loss); err != nil {
			t.Errorf("the loss of the result: %v", err)
		}
	}
}

// TestWarmupIsCrossEntropy checks that a warm-up trains as cross-entropy does, to the bit.
func TestWarmupIsCrossEntropy(t *testing.T) {
	e := synthetic(100, 6, 3, 2)
	plain := train(t, e, Examples{}, Config{Loss: loss.Config{Classes: 3}, LR: 0.02, Epochs: 4})
	warm := train(t, e, Examples{}, Config{Loss: loss.Config{Name: loss.EMD2, Classes: 3}, LR: 0.02, Epochs: 4,
		WarmupEpochs: 2})
	for i := range 4 {
		if same := plain.History[i].TrainLoss == warm.History[i].TrainLoss; same != (i < 2) {
			t.Errorf("epoch %d: equal losses is %v", i+1, same)
		}
	}
}
