package closedform

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
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
		o := newObjective(s, k, newCoordinates(s, k, scores, 0.05), scores, 1, 0.05)
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

// TestCurvature compares with differences of gradients, where targets are the probabilities of the link, so that nothing
// of the second derivative is left out.
func TestCurvature(t *testing.T) {
	s, scores := linked(t, loss.XEMD2, 300, 4)
	c := loss.Config{Name: loss.XEMD2, Lambda: emdCurvature, Classes: 4, Ground: loss.Positions([]float64{0, 1, 3, 7})}
	var err error
	if s.loss, err = loss.New[float64](c); err != nil {
		t.Fatal(err)
	}
	k := newLink(s.loss)
	r := rand.New(rand.NewPCG(2, 2))
	for i := range k.params {
		k.params[i] = r.NormFloat64()
	}
	logits := make([]float64, 4)
	for i := range s.weights {
		k.logits(logits, scores[i*3:(i+1)*3])
		s.loss.Probabilities(logits, s.targets[i*4:(i+1)*4])
	}
	got := s.curvature(k, scores)
	at := slices.Clone(k.params)
	o := newObjective(s, k, coordinates{}, scores, -1, 0)
	place := func(i int) int { // of parameter i
		if i >= k.weights() {
			return (i-k.weights())*4 + 3
		}
		return i/3*4 + i%3
	}
	const step = 1e-5
	for i := range at {
		var slopes [2][]float64
		for side, d := range []float64{step, -step} {
			x := slices.Clone(at)
			x[i] += d
			o.evaluate(x)
			slopes[side] = slices.Clone(o.gradient)
		}
		for j := range at {
			want := (slopes[0][j] - slopes[1][j]) / (2 * step)
			a, b := max(place(i), place(j)), min(place(i), place(j))
			if !(math.Abs(got.Data[a*got.Stride+b]-want) < 1e-8) {
				t.Errorf("parameters %d and %d: %g, by differences %g", i, j, got.Data[a*got.Stride+b], want)
			}
		}
	}
}

// TestManyClasses fits a link with more parameters than second derivatives are taken of.
func TestManyClasses(t *testing.T) {
	p := made(150, 20, 33, 8)
	r, err := Fit(context.Background(), p, Options{Lambdas: []float64{0.1}, Penalties: []float64{1e-3}})
	if err != nil {
		t.Fatal(err)
	}
	if !(r.RPS < 1) {
		t.Errorf("RPS %g", r.RPS)
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
