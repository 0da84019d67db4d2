package head

import (
	"context"
	"errors"
	"math"
	"time"

	"finetune/internal/dense"
	"finetune/internal/mistake"
	"finetune/loss"
)

// An Epoch is the record of one pass over the training examples. Losses are weighted means; without validation
// examples ValLoss and ValMAE are NaN.
type Epoch struct {
	Epoch     int     // from 1
	Seconds   float64 // since training began, at the end of the epoch
	TrainLoss float64 // as met on the way, with dropout and while the weights move
	ValLoss   float64 // at the end
	ValMAE    float64 // of Config.Decision, in classes
	LR        float64 // at the start

	Lambda        float64 // weight of the EMD² term: 0 while warming up and for losses without one
	DistanceMoved float64 // mean change of the self-guided distances between classes since the epoch before
}

// A Result is what training gives.
type Result struct {
	Network Network     // on raw features; of the best epoch with Config.Patience, otherwise of the last
	Loss    loss.Config // as it was at the end, with what was measured while training
	History []Epoch
	Best    int    // the epoch of Network, from 1
	Config  Config // as it was used, nothing left to defaults
}

// Train fits a network to the examples of train. Where val isn't empty its loss is recorded after every epoch
// and decides on early stopping. onEpoch, which may be nil, is called after each epoch from the calling goroutine.
//
// When ctx ends Train stops within a batch and returns its error. A configuration or examples that can't be used and
// a training that diverges are reported as a *mistake.Error.
func Train(ctx context.Context, train, val Examples, cfg Config, onEpoch func(Epoch)) (*Result, error) {
	cfg = cfg.resolved(train)
	l, err := newStages(cfg)
	if err != nil {
		return nil, err
	}
	if err := check(train, val, cfg, l.final); err != nil {
		return nil, err
	}
	pool := dense.NewPool(cfg.Threads)
	defer pool.Close()
	s, err := learnScaling(ctx, pool, train, cfg.Raw)
	if err != nil {
		return nil, err
	}

	t := newTrainer(cfg, pool, s, l.final, train)
	if cfg.Balanced {
		cfg.ClassWeights = balanced(train, cfg.Loss.Classes)
	}
	t.weights, t.totalWeight = exampleWeights(train, cfg.ClassWeights)
	if t.totalWeight == 0 {
		return nil, &mistake.Error{Subject: "--class-weights", Found: "0 for every class that the training examples have",
			Expected: "a weight above 0 for at least one of them"}
	}
	valWeights, valTotal := exampleWeights(val, cfg.ClassWeights)
	hasVal := valTotal > 0
	best := watch{patience: cfg.Patience, loss: math.Inf(1)}
	result := &Result{}
	optimiser := t.newOptimiser()
	start := time.Now()
	for epoch := 1; epoch <= cfg.Epochs; epoch++ {
		record := Epoch{Epoch: epoch, LR: cfg.rate(epoch-1, cfg.Epochs), ValLoss: math.NaN(), ValMAE: math.NaN()}
		if err := l.enter(t, &record); err != nil {
			return nil, err
		}
		if record.TrainLoss, err = optimiser.epoch(ctx, t, epoch); err != nil {
			return nil, err
		}
		if !finite(t.params.all) {
			return nil, t.diverged(epoch)
		}
		if hasVal {
			record.ValLoss, record.ValMAE = t.evaluate(val, valWeights)
		}
		record.Seconds = time.Since(start).Seconds()
		result.History = append(result.History, record)
		if onEpoch != nil {
			onEpoch(record)
		}
		if hasVal && epoch > cfg.WarmupEpochs && best.stop(record, t.params.all, l.config) {
			break
		}
	}
	result.Best, result.Loss = len(result.History), l.config
	if best.epoch > 0 {
		result.Best, result.Loss = best.epoch, best.lossConfig
		copy(t.params.all, best.params)
	}
	result.Network = t.params.network(s)
	if err := result.Network.check(); err != nil {
		return nil, t.diverged(result.Best)
	}
	result.Config = cfg
	return result, nil
}

// watch keeps the parameters of the best epoch.
type watch struct {
	patience   int // 0: nothing is watched
	loss       float64
	epoch      int
	params     []float32
	lossConfig loss.Config
}

// stop notes an epoch and reports whether the last better one is longer ago than patience allows.
func (w *watch) stop(e Epoch, params []float32, c loss.Config) bool {
	if w.patience == 0 {
		return false
	}
	if e.ValLoss < w.loss {
		w.loss, w.epoch, w.lossConfig = e.ValLoss, e.Epoch, c
		w.params = append(w.params[:0], params...)
	}
	return w.epoch > 0 && e.Epoch-w.epoch >= w.patience
}

func (t *trainer) newOptimiser() optimiser {
	if t.config.Optimizer == SGD {
		return newBatches(t, newSGD(t.config.Momentum, len(t.params.all)))
	}
	return newBatches(t, newAdamW(len(t.params.all)))
}

// check reports what keeps Train from using its arguments.
func check(train, val Examples, cfg Config, l loss.Loss[float32]) error {
	if err := cfg.check(l.Classes()); err != nil {
		return err
	}
	if train.Len() == 0 {
		return &mistake.Error{Subject: "training examples", Found: "none", Expected: "at least one"}
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
