package head

import (
	"context"
	"math"
	"time"

	"finetune/internal/linalg/dense"
	"finetune/loss"
)

// A fit is a training run under way: the objective, and what happens before and after every epoch, whatever the
// optimiser.
type fit struct {
	objective  *objective
	schedule   *lossSchedule
	val        Examples
	valWeights []float32
	valTotal   float64

	onEpoch func(Epoch)
	begun   time.Time
	history []Epoch
	best    earlyStopping

	// Of the validation examples before the first epoch of a hidden layer beside a linear head.
	startRPS    float64
	startLosses []float64
}

// newFit measures the features of the training examples and initialises the parameters.
func newFit(ctx context.Context, pool *dense.Pool, train, val Examples, c Config, s *lossSchedule,
	onEpoch func(Epoch)) (*fit, error) {
	standardiser, err := newStandardiser(ctx, pool, train, c.Raw)
	if err != nil {
		return nil, err
	}
	if c.Optimizer == LBFGS { // whose loss has to stay the same
		train = train.unrolled()
	}
	classWeights := c.classWeights(train)
	f := &fit{
		objective: newObjective(c, pool, standardiser, s.final, train, classWeights), schedule: s, val: val,
		onEpoch: onEpoch, begun: time.Now(), best: earlyStopping{patience: c.Patience, loss: math.Inf(1)},
	}
	if f.objective.totalWeight == 0 {
		return nil, wrong("Head.ClassWeights", "0 for every class of the training examples",
			"a weight above 0 for at least one of them")
	}
	f.valWeights, f.valTotal = exampleWeights(val, classWeights)
	f.objective.initialiseBias()
	return f, nil
}

// begin returns the record of an epoch and sets the epoch's loss.
func (f *fit) begin(epoch int) (Epoch, error) {
	record := newEpoch(epoch)
	return record, f.schedule.enter(f.objective, &record)
}

// end measures an epoch and reports whether patience is exhausted.
func (f *fit) end(record Epoch) (stop bool, err error) {
	o := f.objective
	if !finite(o.params.all) {
		return false, o.diverged(record.Epoch)
	}
	validated := f.valTotal > 0
	if validated {
		v := o.evaluate(f.val, f.valWeights)
		record.ValLoss, record.ValMAE, record.ValAccuracy, record.ValQWK, record.RPS = v.loss, v.mae, v.accuracy, v.qwk, v.rps
		if !isFinite(record.ValLoss) {
			if err := f.val.checkFinite(1); err != nil {
				return false, err
			}
		}
	}
	record.TrainLoss *= f.schedule.positions.lossFactor()
	record.ValLoss *= f.schedule.positions.lossFactor()
	record.Seconds = time.Since(f.begun).Seconds()
	f.history = append(f.history, record)
	if f.onEpoch != nil {
		f.onEpoch(record)
	}
	return validated && !f.schedule.warmup(record.Epoch) && f.best.stop(record, o.params.all, f.schedule.config), nil
}

// result returns the network of the best epoch, or of the last without early stopping.
func (f *fit) result() (*Result, error) {
	o := f.objective
	r := &Result{History: f.history, Best: len(f.history), Loss: f.schedule.config, Config: o.config}
	if f.best.epoch > 0 || f.best.started && f.best.patience > 0 {
		r.Best, r.Loss = f.best.epoch, f.best.lossConfig
		copy(o.params.all, f.best.params)
		if r.Best > 0 && f.startLosses != nil && f.shrink() == 0 {
			r.Best = 0
		}
		if r.Best == 0 {
			r.StartRPS = f.startRPS
		}
	}
	r.Network = o.params.network(o.standardiser)
	f.schedule.positions.fold(r.Network.Layers[len(r.Network.Layers)-1])
	if err := r.Network.check(); err != nil {
		return nil, o.diverged(r.Best)
	}
	return r, nil
}

// earlyStopping keeps the parameters of the epoch with the best validation loss.
type earlyStopping struct {
	patience   int // 0: off
	loss       float64
	epoch      int
	started    bool // params are those before the first epoch until one is better
	params     []float32
	lossConfig loss.Config
}

// stop compares an epoch with the best one and reports whether that is patience epochs ago.
func (s *earlyStopping) stop(e Epoch, params []float32, c loss.Config) bool {
	if s.patience == 0 {
		return false
	}
	if e.ValLoss < s.loss {
		s.loss, s.epoch, s.lossConfig = e.ValLoss, e.Epoch, c
		s.params = append(s.params[:0], params...)
	}
	return (s.epoch > 0 || s.started) && e.Epoch-s.epoch >= s.patience
}
