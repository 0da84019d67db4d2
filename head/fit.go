package head

import (
	"context"
	"math"
	"time"

	"finetune/loss"
)

// A fit is a training run under way: what happens before and after every epoch, whatever the optimiser.
type fit struct {
	trainer    *trainer
	stages     *stages
	val        Examples
	valWeights []float32
	valTotal   float64

	onEpoch func(Epoch)
	begun   time.Time
	history []Epoch
	best    watch
}

func newFit(t *trainer, s *stages, val Examples, onEpoch func(Epoch)) *fit {
	return &fit{
		trainer: t, stages: s, val: val, onEpoch: onEpoch, begun: time.Now(),
		best: watch{patience: t.config.Patience, loss: math.Inf(1)},
	}
}

// begin makes the record of an epoch and sets the epoch's loss.
func (f *fit) begin(epoch int) (Epoch, error) {
	record := Epoch{Epoch: epoch, ValLoss: math.NaN(), ValMAE: math.NaN(), LR: math.NaN(), Gradient: math.NaN()}
	return record, f.stages.enter(f.trainer, &record)
}

// end measures an epoch and reports whether it was the last because no better one came for too long.
func (f *fit) end(record Epoch) (stop bool, err error) {
	t := f.trainer
	if !finite(t.params.all) {
		return false, t.diverged(record.Epoch)
	}
	watched := f.valTotal > 0
	if watched {
		record.ValLoss, record.ValMAE = t.evaluate(f.val, f.valWeights)
	}
	record.TrainLoss *= f.stages.unit.lossScale()
	record.ValLoss *= f.stages.unit.lossScale()
	record.Seconds = time.Since(f.begun).Seconds()
	f.history = append(f.history, record)
	if f.onEpoch != nil {
		f.onEpoch(record)
	}
	return watched && !f.stages.warming(record.Epoch) && f.best.stop(record, t.params.all, f.stages.config), nil
}

// descend trains by steps along the gradients of batches.
func (f *fit) descend(ctx context.Context) error {
	t := f.trainer
	b := newBatches(t, t.newRule())
	for epoch := 1; epoch <= t.config.Epochs; epoch++ {
		record, err := f.begin(epoch)
		if err != nil {
			return err
		}
		record.LR = t.config.rate(epoch-1, t.config.Epochs)
		if record.TrainLoss, err = b.epoch(ctx, epoch); err != nil {
			return err
		}
		if stop, err := f.end(record); stop || err != nil {
			return err
		}
	}
	return nil
}

// result is what the run came to.
func (f *fit) result() (*Result, error) {
	t := f.trainer
	r := &Result{History: f.history, Best: len(f.history), Loss: f.stages.config, Config: t.config}
	if f.best.epoch > 0 {
		r.Best, r.Loss = f.best.epoch, f.best.lossConfig
		copy(t.params.all, f.best.params)
	}
	r.Network = t.params.network(t.scaling)
	f.stages.unit.fold(r.Network.Layers[len(r.Network.Layers)-1])
	if err := r.Network.check(); err != nil {
		return nil, t.diverged(r.Best)
	}
	return r, nil
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
