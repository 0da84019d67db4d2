package head

import (
	"context"
	"fmt"
	"time"

	"finetune/head/closedform"
	"finetune/invalid"
	"finetune/loss"
)

// notClosedForm returns the first option that ClosedForm can't be used with, nil where it can.
func (c Config) notClosedForm() *invalid.Error {
	const hint = "leave it out, or use {Head.Optimizer} sgd, adamw or lbfgs"
	switch ordered := c.Loss.Name == loss.EMD2 || c.Loss.Name == loss.XEMD2; {
	case !ordered:
		return &invalid.Error{Field: "Loss.Name", Found: c.Loss.Name + " with {Head.Optimizer} closed-form",
			Want: "emd2 or xemd2", Hint: hint}
	case c.SelfGuided || c.Loss.Ground.Matrix != nil:
		return &invalid.Error{Field: "Loss.Ground", Found: "distances of their own with {Head.Optimizer} closed-form",
			Want: "the ordered distance, or positions", Hint: hint}
	case c.AutoLambda:
		return &invalid.Error{Field: "Loss.Lambda", Found: "auto with {Head.Optimizer} closed-form", Want: "a number",
			Hint: hint}
	case c.Ensemble > 1:
		return c.notTogether()
	case c.Raw:
		return &invalid.Error{Field: "Head.Optimizer", Found: "closed-form with raw features",
			Want: "standardised features, or sgd, adamw or lbfgs"}
	}
	return nil
}

// checkClosedForm reports what keeps a resolved configuration from its closed form.
func (c Config) checkClosedForm() error {
	if c.Optimizer == ClosedForm {
		if e := c.notClosedForm(); e != nil {
			return e
		}
	}
	return nil
}

// solve is Train for ClosedForm. A hidden layer has random weights, and what is solved is the layer on it. Views are
// examples of one group; those of weight 0 only get predictions.
func solve(ctx context.Context, train Examples, c Config, onEpoch func(Epoch)) (*Result, error) {
	views := train.views()
	train = train.grouped()
	weights, total := exampleWeights(train, c.classWeights(train))
	if total == 0 {
		return nil, wrong("Head.ClassWeights", "0 for every class of the training examples",
			"a weight above 0 for at least one of them")
	}
	r := &Result{Loss: c.Loss, Config: c}
	begun := time.Now()
	options := closedform.Options{Threads: c.Threads, Seed: c.Seed, Progress: func(s closedform.Score) {
		record := newEpoch(len(r.History) + 1)
		record.Seconds, record.Penalty, record.RPS = time.Since(begun).Seconds(), s.Lambda, s.RPS
		r.History = append(r.History, record)
		if onEpoch != nil {
			onEpoch(r.History[len(r.History)-1])
		}
	}}
	problem := closedform.Problem{
		Cols: train.Features.Cols, Data: train.Features.Data, Index: train.Index,
		Targets: train.Targets, Weights: weights, Groups: train.Groups, Loss: linkLoss(c.Loss),
	}
	if c.Hidden > 0 {
		if err := c.checkOutputs(train.Len()); err != nil {
			return nil, err
		}
		layer, on, err := closedform.Random(ctx, problem, c.Hidden, options)
		if err != nil {
			return nil, err
		}
		problem = on
		r.Network.Layers = append(r.Network.Layers, Layer(layer))
	}
	solved, err := closedform.Fit(ctx, problem, options)
	if err != nil {
		return nil, err
	}
	for i, e := range r.History { // a search on half of the examples comes before the fit on all
		if e.Penalty == solved.Lambda {
			r.Best = i + 1
		}
	}
	r.Network.Layers = append(r.Network.Layers, Layer(solved.Layer))
	r.OutOfFold = &OutOfFold{Probabilities: solved.Probabilities, RPS: solved.RPS, NestedRPS: solved.NestedRPS,
		LinkPenalty: solved.Penalty}
	for i := 0; i < len(solved.Folds); i += views {
		r.OutOfFold.Folds = append(r.OutOfFold.Folds, solved.Folds[i])
	}
	return r, nil
}

// mostOutputs is the most outputs of a random layer for all examples together: 8 GiB.
const mostOutputs = 1 << 31

// checkOutputs refuses a random layer whose outputs for the examples would take too much memory.
func (c Config) checkOutputs(examples int) error {
	if c.Hidden > mostOutputs/examples {
		return wrong("Head.Hidden", fmt.Sprintf("%d random units, whose outputs for %d examples take %.1f GiB", c.Hidden,
			examples, float64(c.Hidden)*float64(examples)*4/(1<<30)), fmt.Sprintf("at most %d", mostOutputs/examples))
	}
	return nil
}

// linkEMD is the weight of the squared EMD beside cross-entropy in a link for emd2.
const linkEMD = 1 / 0.3

// linkLoss is what the link of a run with the given loss is fitted by. The squared EMD of a softmax alone isn't convex and
// its links end with classes that are never predicted; with 0.3 of cross-entropy the RPS is the least (docs/closed-form.md).
func linkLoss(c loss.Config) loss.Config {
	if c.Name == loss.EMD2 {
		c.Name, c.Lambda = loss.XEMD2, linkEMD
	}
	return c
}

// grouped returns the examples unrolled, every view in the group of its example and every example in one.
func (e Examples) grouped() Examples {
	groups := e.Groups
	if groups == nil && e.views() > 1 {
		groups = inOrder(e.Len())
	}
	out := e.unrolled()
	out.Groups = nil
	for _, g := range groups {
		for range e.views() {
			out.Groups = append(out.Groups, g)
		}
	}
	if out.Index == nil {
		out.Index = inOrder(out.Len())
	}
	return out
}
