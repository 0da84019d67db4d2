package head

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"
)

// gradientEnough is the length of the gradient, over that at the start, with which LBFGS has arrived. Examples in float32
// bear a tenth of it.
const gradientEnough = 1e-5

// resolution is the part of the loss at the start below which differences are rounding of the float32 that examples are
// computed in. Losses are rounded to it: close to the optimum they are then equal, and the line search goes by gradients,
// which are still good, where it would fail over a loss that seems to rise.
const resolution = 5e-7

// minimise trains by L-BFGS (Liu and Nocedal 1989, here gonum's) on the mean loss over all examples plus the penalty
// WeightDecay/2·|w|². An epoch is an iteration. Training ends where the gradient is short enough or no step makes the loss
// smaller any more, and else as with the other optimisers: after the last epoch or when patience is out.
func (f *fit) minimise(ctx context.Context) error {
	for len(f.history) < f.trainer.config.Epochs {
		o := newObjective(f)
		if err := o.minimise(ctx); err != nil || o.last {
			return err
		}
		f.stages.endWarmup(len(f.history))
	}
	return nil
}

// An objective is the penalised loss of one stage, cross-entropy while warming up or the configured loss, as a function of all
// numbers that are free: the parameters, of which rows that share their weights count once.
type objective struct {
	fit    *fit
	budget int   // epochs when the stage ends
	free   []int // places in the parameters: weights, then biases
	decays int   // how many of free are weights
	copies int   // how often each weight of the last layer stands in the parameters

	at          []float64 // where value and the trainer's gradient were taken last
	value       float64   // of the loss there, without penalty
	quantum     float64   // to which penalised values are rounded
	x           []float64 // after the last iteration
	startLength float64   // of the gradient where the stage began

	tries  int   // places looked at since the last iteration
	record Epoch // of the iteration under way
	over   bool  // the stage ended
	last   bool  // and training with it
	err    error
}

func newObjective(f *fit) *objective {
	t := f.trainer
	o := &objective{fit: f, budget: t.config.Epochs, copies: 1, startLength: math.NaN()}
	if f.stages.warming(len(f.history) + 1) {
		o.budget = f.stages.settings.WarmupEpochs
	}
	first, rest := t.params.hiddenUnits*t.params.inputs, t.params.weights
	if t.pass.loss.SharedWeights() {
		o.copies = t.params.outputs
	}
	for i := range t.params.all {
		if i < first || i >= rest || i < first+(rest-first)/o.copies {
			o.free = append(o.free, i)
		}
	}
	o.decays = len(o.free) - (len(t.params.all) - t.params.weights)
	o.x = make([]float64, len(o.free))
	for j, i := range o.free {
		o.x[j] = float64(t.params.all[i])
	}
	for i := range t.order {
		t.order[i] = i
	}
	return o
}

func (o *objective) minimise(ctx context.Context) error {
	if o.record, o.err = o.fit.begin(len(o.fit.history) + 1); o.err != nil {
		return o.err
	}
	for !o.over {
		before := len(o.fit.history)
		o.tries = 0
		_, err := optimize.Minimize(optimize.Problem{
			Func:   o.penalised,
			Grad:   o.gradient,
			Status: func() (optimize.Status, error) { return o.status(), ctx.Err() },
		}, o.x, &optimize.Settings{Converger: o}, &optimize.LBFGS{Linesearcher: &optimize.MoreThuente{}, GradStopThreshold: math.NaN()})
		switch {
		case o.err != nil:
			return o.err
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil && !isFinite(o.value):
			return o.fit.trainer.diverged(o.record.Epoch)
		}
		// No step was found. With the memory of former steps that may be their fault; without, it is an optimum but for rounding.
		o.over = o.over || len(o.fit.history) == before
	}
	o.set(o.x)
	if len(o.fit.history) == 0 {
		o.evaluate(o.x)
		o.end(o.x) // it began at the optimum
	}
	o.last = o.last || len(o.fit.history) >= o.fit.trainer.config.Epochs || !o.fit.stages.warming(len(o.fit.history))
	return o.err
}

// mostTries bounds the search for a step. A good one takes two or three; where all values are equal but for rounding the
// search need not end by itself.
const mostTries = 40

// status is asked after each try, and ends a search that leads nowhere.
func (o *objective) status() optimize.Status {
	if o.tries++; o.tries > mostTries {
		return optimize.Failure
	}
	return optimize.NotTerminated
}

// Init is for optimize.Converger.
func (o *objective) Init(int) {}

// Converged is called after each iteration, and once before the first.
func (o *objective) Converged(l *optimize.Location) optimize.Status {
	length := floats.Norm(l.Gradient, 2)
	if math.IsNaN(o.startLength) {
		o.startLength = length
	}
	if slices.Equal(l.X, o.x) {
		return optimize.NotTerminated
	}
	copy(o.x, l.X)
	o.tries = 0
	o.record.Gradient = length / o.startLength
	o.end(l.X)
	o.over = o.over || o.err != nil || length <= gradientEnough*o.startLength || len(o.fit.history) >= o.budget
	if !o.over {
		o.record, o.err = o.fit.begin(len(o.fit.history) + 1)
	}
	if o.over || o.err != nil {
		return optimize.MethodConverge
	}
	return optimize.NotTerminated
}

// end closes the iteration under way, which led to x.
func (o *objective) end(x []float64) {
	o.evaluate(x)
	o.record.TrainLoss = o.value
	o.last, o.err = o.fit.end(o.record)
	o.over = o.over || o.last
}

// set puts the free numbers in their places.
func (o *objective) set(x []float64) {
	p := o.fit.trainer.params
	for j, i := range o.free {
		p.all[i] = float32(x[j])
	}
	for r := 1; r < o.copies; r++ {
		copy(p.output.Row(r), p.output.Row(0))
	}
}

// evaluate leaves the value and the gradient of the loss at x, unless they are those of the last call.
func (o *objective) evaluate(x []float64) {
	if slices.Equal(x, o.at) {
		return
	}
	t := o.fit.trainer
	o.at = append(o.at[:0], x...)
	o.set(x)
	o.value = t.gradient(t.order, &dropout{}) / t.totalWeight
}

func (o *objective) penalised(x []float64) float64 {
	o.evaluate(x)
	w := x[:o.decays]
	v := o.value + o.fit.trainer.config.WeightDecay/2*floats.Dot(w, w)
	if o.quantum == 0 {
		o.quantum = math.Abs(v) * resolution
	}
	if o.quantum == 0 {
		return v
	}
	return math.Round(v/o.quantum) * o.quantum
}

func (o *objective) gradient(grad, x []float64) {
	o.evaluate(x)
	t := o.fit.trainer
	for j, i := range o.free {
		grad[j] = float64(t.grads.all[i])
	}
	floats.AddScaled(grad[:o.decays], t.config.WeightDecay, x[:o.decays])
}
