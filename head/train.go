package head

import (
	"context"
	"errors"
	"math"

	"finetune/internal/linalg/dense"
	"finetune/loss"
)

// An Epoch is the record of one pass over the training examples, of one iteration of LBFGS, or of one penalty that
// ClosedForm tried, of which only Epoch, Seconds, Penalty and RPS are numbers. Losses are weighted means without
// penalty. What isn't measured is NaN, such as ValLoss without validation examples.
type Epoch struct {
	Epoch     int     // from 1
	Seconds   float64 // since training began, at the end of the epoch
	TrainLoss float64 // during the epoch, with dropout and changing weights; for LBFGS at the end
	ValLoss   float64 // at the end
	LR        float64 // at the start; NaN for LBFGS

	ValMAE, ValAccuracy, ValQWK float64 // of Config.Decision: error in classes, share, quadratic weighted kappa

	// RPS is the ranked probability score of the validation examples; of ClosedForm out of fold, the least over the penalties of
	// the link.
	RPS float64

	Lambda        float64 // weight of the EMD² term: 0 in the warm-up and for losses without one
	DistanceMoved float64 // mean change of the self-guided distances between classes since the epoch before
	Penalty       float64 // of ClosedForm: λ of the regression; otherwise NaN
	Gradient      float64 // of LBFGS: its length with penalty, relative to the start of the loss; otherwise NaN
}

// newEpoch returns the record of an epoch in which nothing is measured yet.
func newEpoch(number int) Epoch {
	nan := math.NaN()
	return Epoch{Epoch: number, TrainLoss: nan, ValLoss: nan, LR: nan, ValMAE: nan, ValAccuracy: nan, ValQWK: nan, RPS: nan, Penalty: nan, Gradient: nan}
}

// A Result is a trained network and how it was trained.
type Result struct {
	Network Network     // on raw features; of the best epoch with Config.Patience, otherwise of the last
	Loss    loss.Config // at the end, with what was measured while training
	History []Epoch     // of an ensemble, that of its first network; so is Best
	Best    int         // the epoch of Network, from 1; 0 where a hidden layer gained nothing over the linear head in closed form
	Config  Config      // as used, resolved

	StartRPS float64 // of the validation examples where Best is 0, otherwise 0

	OutOfFold *OutOfFold // of ClosedForm; otherwise nil

	// ValLogits are the logits of the validation examples, examples × K, of their plain views, where Network was fitted to them: of
	// a hidden layer beside a linear head in closed form, whose part in them is out of fold. Otherwise nil: nothing but early
	// stopping used the examples, and Network itself says what it predicts for them.
	ValLogits []float32
}

// Train fits a network to the examples of train. The loss on val, which may be empty, is recorded after every epoch
// and decides on early stopping. onEpoch, which may be nil, is called after each epoch from the calling goroutine.
//
// When ctx ends Train stops within a batch and returns the context's error. A configuration or examples that can't be
// used, and a training that diverges, are a *invalid.Error.
func Train(ctx context.Context, train, val Examples, cfg Config, onEpoch func(Epoch)) (*Result, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	cfg = cfg.Resolved(train.Features.Cols, train.Len())
	schedule, err := newLossSchedule(cfg)
	if err != nil {
		return nil, err
	}
	if err := check(train, val, schedule.final); err != nil {
		return nil, err
	}
	if err := cfg.checkSize(train.Features.Cols, schedule.final.Outputs()); err != nil {
		return nil, err
	}
	if cfg.Ensemble > 1 {
		return trainEnsemble(ctx, train, val, cfg, onEpoch)
	}
	if cfg.Optimizer == ClosedForm {
		return solve(ctx, train, cfg, onEpoch)
	}
	pool := dense.NewPool(cfg.Threads)
	defer pool.Close()
	var linear Network
	if cfg.besideClosedForm() {
		if linear, train, val, err = beside(ctx, train, val, cfg); err != nil {
			return nil, err
		}
	}
	f, err := newFit(ctx, pool, train, val, cfg, schedule, onEpoch)
	if err != nil {
		return nil, err
	}
	if cfg.besideClosedForm() {
		f.startBeside()
	}
	if err := newOptimiser(f).minimise(ctx); err != nil {
		return nil, err
	}
	r, err := f.result()
	if err == nil && cfg.besideClosedForm() {
		r.Network, r.ValLogits = joined(linear, r.Network), f.valLogits()
	}
	return r, err
}

// OutOfFold are predictions of training examples that had no part in them: the regression left the example's group
// out, and its strength and the link were chosen and fitted without the example's fold.
type OutOfFold struct {
	Probabilities []float32 // examples × views × K, the views of an example one after the other
	Folds         []int     // of each example, from 0

	RPS, NestedRPS float64 // of the best setting, and of Probabilities; see closedform.Result
	LinkPenalty    float64
}

// check reports why examples can't be used with a loss.
func check(train, val Examples, l loss.Loss[float32]) error {
	if train.Len() == 0 {
		return wrong("Examples", "no training examples", "at least one")
	}
	if err := train.check("training", l.Classes(), l.CheckTarget); err != nil {
		return err
	}
	if val.Len() == 0 {
		return nil
	}
	if val.Features.Cols != train.Features.Cols {
		return errors.New("head: validation features have another width than training features")
	}
	return val.check("validation", l.Classes(), l.CheckTarget)
}
