package closedform

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/floats"

	"finetune/loss"
)

// linked returns a sample of n rows with scores.
func linked(t *testing.T, name string, n, classes int) (*sample, []float64) {
	t.Helper()
	c := loss.Config{Name: name, Classes: classes, Ground: loss.Positions([]float64{0, 1, 3, 7}[:classes])}
	l, err := loss.New[float64](c)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	s := &sample{loss: l, gaps: gaps(c), targets: make([]float64, n*classes)}
	var scores []float64
	for i := range n {
		label := r.IntN(classes)
		loss.Exponential(s.targets[i*classes:(i+1)*classes], label, 0.5, 1)
		s.weights = append(s.weights, float64(i%4))
		s.folds = append(s.folds, i%3)
		for k := range classes - 1 {
			value := 0.2 * r.NormFloat64()
			if label <= k {
				value += 0.7
			}
			scores = append(scores, value)
		}
	}
	return s, scores
}

// TestLinkGradient compares the gradient in the coordinates of the fit with central differences.
func TestLinkGradient(t *testing.T) {
	for _, name := range loss.Names() {
		s, scores := linked(t, name, 30, 4)
		k := newLink(s.loss)
		o := newObjective(s, k, scores, 1, 0.05)
		x := make([]float64, len(k.params))
		r := rand.New(rand.NewPCG(2, 2))
		for i := range x {
			x[i] = r.NormFloat64()
		}
		value := func(x []float64) float64 { o.evaluate(x); return o.value }
		want := fd.Gradient(nil, value, x, &fd.Settings{Formula: fd.Central})
		o.evaluate(x)
		if !floats.EqualApprox(o.gradient, want, 1e-6) {
			t.Errorf("%s: gradient %g, by differences %g", name, o.gradient, want)
		}
	}
}

// TestLinkStart checks that the link begins near the differences of the scores.
func TestLinkStart(t *testing.T) {
	s, _ := linked(t, loss.XEMD2, 30, 4)
	k := newLink(s.loss)
	k.start(s.loss, s.shares())
	logits := make([]float64, 4)
	k.logits(logits, []float64{0.1, 0.3, 0.9})
	want := []float64{0.1, 0.2, 0.6, 0.1}
	floats.Scale(steepness, want)
	if !floats.EqualApprox(logits, want, 1e-12) {
		t.Errorf("logits %g", logits)
	}
}

// TestRankedProbability compares with emd2 of package loss.
func TestRankedProbability(t *testing.T) {
	for _, ground := range []loss.GroundDistance{loss.Ordered(), loss.Positions([]float64{1, 2, 5, 5.5})} {
		c := loss.Config{Name: loss.EMD2, Classes: 4, Ground: ground}
		l, err := loss.New[float64](c)
		if err != nil {
			t.Fatal(err)
		}
		logits, target, probabilities := []float64{0.3, -1, 2, 0.4}, []float64{0.1, 0.2, 0.3, 0.4}, make([]float64, 4)
		l.Probabilities(logits, probabilities)
		want := l.Sample(logits, target, nil, loss.NewWorkspace(l))
		if got := rankedProbability(gaps(c), probabilities, target); math.Abs(got-want) > 1e-14 {
			t.Errorf("%g, want %g", got, want)
		}
	}
}
