package head

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"
)

const (
	// gradientTolerance is the length of the gradient, relative to that at the start, at which LBFGS has converged.
	// With examples in float32 a tenth of it can be reached.
	gradientTolerance = 1e-5

	// resolution is the part of the loss at the start below which differences are rounding of float32. Losses are
	// rounded to it: close to the optimum they are then equal, and the line search goes by gradients, which are still
	// good, where it would fail over a loss that seems to rise.
	resolution = 5e-7

	// maxEvaluations bounds the line search for one step. A good one takes two or three; where all values are equal
	// but for rounding the search need not end by itself.
	maxEvaluations = 40
)

// lbfgs minimises the mean loss over all examples plus the penalty WeightDecay/2·|w|² by L-BFGS (Liu and Nocedal
// 1989, gonum's implementation). An epoch is an iteration. Training ends where the gradient is short enough or no
// step makes the loss smaller, and otherwise as with the other optimisers: after the last epoch or when patience is
// exhausted.
type lbfgs struct{ fit *fit }

func (l *lbfgs) minimise(ctx context.Context) error {
	for len(l.fit.history) < l.fit.objective.config.Epochs {
		s := newLBFGSStage(l.fit)
		if err := s.minimise(ctx); err != nil || s.last {
			return err
		}
		l.fit.schedule.endWarmup(len(l.fit.history))
	}
	return nil
}

// An lbfgsStage minimises one loss, cross-entropy in the warm-up or the configured loss, with the penalty. Its
// variables are the parameters, of which rows that share their weights count once.
type lbfgsStage struct {
	fit       *fit
	budget    int   // the number of epochs at which the stage ends
	order     []int // all examples
	variables []int // their indices in the parameters: weights, then biases
	weights   int   // how many of the variables are weights, which decay
	copies    int   // how often each weight of the last layer is in the parameters

	at          []float64 // where value and the objective's gradient were computed last
	value       float64   // of the loss there, without penalty
	quantum     float64   // to which penalised values are rounded
	x           []float64 // after the last iteration
	startLength float64   // of the gradient at the start of the stage

	evaluations int   // since the last iteration
	record      Epoch // of the iteration under way
	done        bool  // the stage has ended
	last        bool  // and training with it
	err         error
}

func newLBFGSStage(f *fit) *lbfgsStage {
	o := f.objective
	s := &lbfgsStage{fit: f, budget: o.config.Epochs, order: inOrder(o.train.Len()), copies: 1, startLength: math.NaN()}
	if f.schedule.warmup(len(f.history) + 1) {
		s.budget = f.schedule.settings.WarmupEpochs
	}
	first, rest := o.params.hiddenUnits*o.params.inputs, o.params.weights
	if o.loss.SharedWeights() {
		s.copies = o.params.outputs
	}
	for i := range o.params.all {
		if i < first || i >= rest || i < first+(rest-first)/s.copies {
			s.variables = append(s.variables, i)
			s.x = append(s.x, float64(o.params.all[i]))
		}
	}
	s.weights = len(s.variables) - (len(o.params.all) - o.params.weights)
	return s
}

func (s *lbfgsStage) minimise(ctx context.Context) error {
	if s.record, s.err = s.fit.begin(len(s.fit.history) + 1); s.err != nil {
		return s.err
	}
	for !s.done {
		before := len(s.fit.history)
		s.evaluations = 0
		_, err := optimize.Minimize(optimize.Problem{
			Func:   s.penalised,
			Grad:   s.gradient,
			Status: func() (optimize.Status, error) { return s.status(), ctx.Err() },
		}, s.x, &optimize.Settings{Converger: s}, &optimize.LBFGS{Linesearcher: &optimize.MoreThuente{},
			GradStopThreshold: math.NaN()})
		switch {
		case s.err != nil:
			return s.err
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !isFinite(s.value):
			return s.fit.objective.diverged(s.record.Epoch)
		}
		// No step was found. The memory of former steps may be the reason; without it, this is an optimum but for
		// rounding.
		s.done = s.done || len(s.fit.history) == before
	}
	s.set(s.x)
	if len(s.fit.history) == 0 {
		s.evaluate(s.x)
		s.end(s.x) // it started at the optimum
	}
	s.last = s.last || len(s.fit.history) >= s.fit.objective.config.Epochs || !s.fit.schedule.warmup(len(s.fit.history))
	return s.err
}

// status is called after each evaluation and ends a search that makes no progress.
func (s *lbfgsStage) status() optimize.Status {
	if s.evaluations++; s.evaluations > maxEvaluations {
		return optimize.Failure
	}
	return optimize.NotTerminated
}

// Init implements optimize.Converger.
func (s *lbfgsStage) Init(int) {}

// Converged implements optimize.Converger. It is called after each iteration, and once before the first.
func (s *lbfgsStage) Converged(l *optimize.Location) optimize.Status {
	length := floats.Norm(l.Gradient, 2)
	if math.IsNaN(s.startLength) {
		s.startLength = length
	}
	if slices.Equal(l.X, s.x) {
		return optimize.NotTerminated
	}
	copy(s.x, l.X)
	s.evaluations = 0
	s.record.Gradient = length / s.startLength
	s.end(l.X)
	s.done = s.done || s.err != nil || length <= gradientTolerance*s.startLength || len(s.fit.history) >= s.budget
	if !s.done {
		s.record, s.err = s.fit.begin(len(s.fit.history) + 1)
	}
	if s.done || s.err != nil {
		return optimize.MethodConverge
	}
	return optimize.NotTerminated
}

// end closes the iteration under way, which led to x.
func (s *lbfgsStage) end(x []float64) {
	s.evaluate(x)
	s.record.TrainLoss = s.value
	s.last, s.err = s.fit.end(s.record)
	s.done = s.done || s.last
}

// set writes the variables to the parameters.
func (s *lbfgsStage) set(x []float64) {
	p := s.fit.objective.params
	for j, i := range s.variables {
		p.all[i] = float32(x[j])
	}
	for r := 1; r < s.copies; r++ {
		copy(p.output.Row(r), p.output.Row(0))
	}
}

// evaluate computes the value and the gradient of the loss at x, unless they are those of the last call.
func (s *lbfgsStage) evaluate(x []float64) {
	if slices.Equal(x, s.at) {
		return
	}
	s.at = append(s.at[:0], x...)
	s.set(x)
	o := s.fit.objective
	s.value = o.gradient(s.order, &dropout{}) / o.totalWeight
}

// penalised returns the loss with the penalty at x.
func (s *lbfgsStage) penalised(x []float64) float64 {
	s.evaluate(x)
	w := x[:s.weights]
	v := s.value + s.fit.objective.config.WeightDecay/2*floats.Dot(w, w)
	if s.quantum == 0 {
		s.quantum = math.Abs(v) * resolution
	}
	if s.quantum == 0 {
		return v
	}
	return math.Round(v/s.quantum) * s.quantum
}

// gradient writes the gradient of the penalised loss at x.
func (s *lbfgsStage) gradient(grad, x []float64) {
	s.evaluate(x)
	o := s.fit.objective
	for j, i := range s.variables {
		grad[j] = float64(o.grads.all[i])
	}
	floats.AddScaled(grad[:s.weights], o.config.WeightDecay, x[:s.weights])
}
