package head

import (
	"context"
	"maps"
	"math"
	"slices"
)

// besideClosedForm reports whether a hidden layer of a resolved configuration is trained beside a linear head in closed form.
func (c Config) besideClosedForm() bool {
	return c.Hidden > 0 && c.Optimizer != LBFGS && c.Optimizer != ClosedForm && c.Loss.Ground.Positions == nil && c.linear().notClosedForm() == nil
}

// linear is the configuration of the linear head in closed form that a hidden layer is trained beside.
func (c Config) linear() Config {
	l := Defaults(c.Loss, 0)
	l.Optimizer, l.Raw, l.SelfGuided, l.AutoLambda = ClosedForm, c.Raw, c.SelfGuided, c.AutoLambda
	l.Decision, l.Balanced, l.ClassWeights, l.Seed, l.Threads = c.Decision, c.Balanced, c.ClassWeights, c.Seed, c.Threads
	return l
}

// beside solves the linear head and returns its network and the examples with its logits, to which a hidden layer adds its own. They are
// out of fold, so that the hidden layer learns what the linear head gets wrong on images that it hasn't seen, and so that the linear
// head can be fitted to the validation examples too.
func beside(ctx context.Context, train, val Examples, c Config) (Network, Examples, Examples, error) {
	all := together(train, val)
	order := inOrder(all.Len()) // that of the features, in which training the linear head alone has the same folds
	if all.Index != nil {
		slices.SortStableFunc(order, func(i, j int) int { return all.Index[i] - all.Index[j] })
	}
	solved, err := solve(ctx, all.Subset(order), c.linear().Resolved(all.Features.Cols, all.Len()), nil)
	if err != nil {
		return Network{}, train, val, err
	}
	classes := c.Loss.Classes
	each := len(solved.OutOfFold.Probabilities) / all.Len() // the views of an example, the plain one first
	offset := make([]float32, all.Len()*classes)
	for at, i := range order {
		for k, p := range solved.OutOfFold.Probabilities[at*each : at*each+classes] {
			offset[i*classes+k] = float32(math.Log(max(float64(p), leastProbability)))
		}
	}
	train.offset, val.offset = offset[:train.Len()*classes], offset[train.Len()*classes:]
	return solved.Network, train, val, nil
}

// together returns the examples of both lists, which have features of one width and one number of views.
func together(a, b Examples) Examples {
	if b.Len() == 0 {
		return a
	}
	out := Examples{Features: a.Features, Views: a.Views, Targets: slices.Concat(a.Targets, b.Targets)}
	first := 0 // item of the second list
	if &a.Features.Data[0] != &b.Features.Data[0] || len(a.Features.Data) != len(b.Features.Data) {
		first = a.items()
		out.Features.Rows += b.Features.Rows
		out.Features.Data = slices.Concat(a.Features.Data, b.Features.Data)
	}
	for _, part := range []struct {
		Examples
		first int
	}{{a, 0}, {b, first}} {
		for i := range part.Len() {
			item := i
			if part.Index != nil {
				item = part.Index[i]
			}
			out.Index = append(out.Index, part.first+item)
			out.Weights = append(out.Weights, float32(part.Weight(i)))
		}
	}
	if a.Groups != nil && b.Groups != nil {
		out.Groups = slices.Concat(a.Groups, b.Groups)
	}
	return out
}

// leastProbability keeps logits of out-of-fold predictions finite.
const leastProbability = 1e-6

// startBeside makes the hidden layer begin with no say, and early stopping with the linear head alone.
func (f *fit) startBeside() {
	o := f.objective
	clear(o.params.output.Data)
	clear(o.params.outputBias)
	if f.valTotal == 0 || f.schedule.warmup(1) {
		return
	}
	start := o.evaluate(f.val, f.valWeights)
	f.best.loss, f.startRPS = start.loss, start.rps
	f.best.params, f.best.lossConfig, f.best.started = slices.Clone(o.params.all), f.schedule.config, true
	f.startLosses = f.valLosses()
}

// valLosses returns the loss of each validation example.
func (f *fit) valLosses() []float64 {
	losses := make([]float64, f.val.Len())
	f.objective.pass.forward(f.val, func(i int, a activations) { losses[i] = a.loss })
	return losses
}

// shrink multiplies what the hidden layer adds to the logits by its share, and returns that.
func (f *fit) shrink() float64 {
	share := f.share(f.valLosses())
	for _, part := range [][]float32{f.objective.params.output.Data, f.objective.params.outputBias} {
		for i := range part {
			part[i] *= float32(share)
		}
	}
	return share
}

// share says how sure the gain on the validation examples is: 1 − (standard error / gain)², or 0 where that is
// negative, which is the factor of James and Stein. Few validation examples, or few groups of them, show gains by chance.
func (f *fit) share(losses []float64) float64 {
	gain, squaredError := f.gain(losses)
	if !(gain > 0) {
		return 0
	}
	return max(0, 1-squaredError/(gain*gain))
}

// gain returns by how much the mean loss of the validation examples is below that at the start, and the square of its
// standard error over groups. That of one group is infinite.
func (f *fit) gain(losses []float64) (gain, squaredError float64) {
	for i, w := range f.valWeights {
		gain += float64(w) / f.valTotal * (f.startLosses[i] - losses[i])
	}
	apart := map[int]float64{} // of each group, times its share of the weight
	for i, w := range f.valWeights {
		group := i
		if f.val.Groups != nil {
			group = f.val.Groups[i]
		}
		apart[group] += float64(w) / f.valTotal * (f.startLosses[i] - losses[i] - gain)
	}
	if len(apart) < 2 {
		return gain, math.Inf(1)
	}
	for _, group := range slices.Sorted(maps.Keys(apart)) {
		squaredError += apart[group] * apart[group]
	}
	n := float64(len(apart))
	return gain, squaredError * n / (n - 1)
}

// valLogits returns the logits of the validation examples, for which the part of the linear head is out of fold.
func (f *fit) valLogits() []float32 {
	var out []float32
	if f.val.Len() > 0 {
		f.objective.pass.forward(f.val, func(_ int, a activations) { out = append(out, a.logits...) })
	}
	return out
}

// joined returns one network with the sum of the logits of a linear one and of one with a hidden layer: z = max(0, z) − max(0, −z).
func joined(linear, n Network) Network {
	l, hidden, output := linear.Layers[0], n.Layers[0], n.Layers[1]
	wide := Layer{In: hidden.In, Out: hidden.Out + 2*l.Out, Weight: slices.Clone(hidden.Weight), Bias: slices.Clone(hidden.Bias)}
	for _, sign := range []float32{1, -1} {
		for _, w := range l.Weight {
			wide.Weight = append(wide.Weight, sign*w)
		}
		for _, b := range l.Bias {
			wide.Bias = append(wide.Bias, sign*b)
		}
	}
	last := Layer{In: wide.Out, Out: output.Out, Bias: output.Bias}
	for o := range output.Out {
		last.Weight = append(last.Weight, output.Weight[o*output.In:(o+1)*output.In]...)
		for _, sign := range []float32{1, -1} {
			units := make([]float32, l.Out)
			units[o] = sign
			last.Weight = append(last.Weight, units...)
		}
	}
	return Network{Layers: []Layer{wide, last}}
}
