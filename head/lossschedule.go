package head

import (
	"errors"
	"fmt"

	"finetune/invalid"
	"finetune/loss"
)

// A lossSchedule decides which loss an epoch trains with: cross-entropy alone in the warm-up, then the configured
// loss, with the λ and the ground distance that are measured while training.
type lossSchedule struct {
	settings  Config
	final     loss.Loss[float32]
	config    loss.Config // of final, with positions in their own unit
	positions positionScale
}

// newLossSchedule makes and checks the losses of a resolved configuration.
func newLossSchedule(c Config) (*lossSchedule, error) {
	s := &lossSchedule{settings: c, config: c.Loss}
	if c.SelfGuided {
		if c.Loss.Ground.Matrix != nil || c.Loss.Ground.Positions != nil {
			return nil, errors.New("head: a self-guided ground distance beside a given one")
		}
		s.config.Ground = orderedMatrix(c.Loss.Classes)
	}
	s.config = s.config.WithDefaults()
	if _, err := loss.New[float32](s.config); err != nil {
		return nil, err // before positions are scaled, so that the error shows those that were given
	}
	s.positions = positionScaleOf(s.config)
	var err error
	if s.final, err = loss.New[float32](s.positions.scaled(s.config)); err != nil {
		return nil, err
	}
	const field = "Head.WarmupEpochs"
	switch {
	case c.WarmupEpochs < 0 || c.WarmupEpochs > 0 && c.WarmupEpochs >= c.Epochs:
		return nil, wrong(field, c.WarmupEpochs, fmt.Sprintf("0 or more, and fewer than the %d epochs", c.Epochs))
	case c.WarmupEpochs > 0 && s.final.Outputs() != c.Loss.Classes:
		return nil, &invalid.Error{Field: field, Found: fmt.Sprintf("%d with {Loss.Name} %s", c.WarmupEpochs, c.Loss.Name),
			Want: "a loss with one output a class, as cross-entropy has", Hint: "leave it out"}
	case c.AutoLambda && (c.WarmupEpochs == 0 || c.Loss.Name != loss.XEMD2):
		return nil, &invalid.Error{Field: "Loss.Lambda", Found: "auto",
			Want: "{Loss.Name} xemd2, and warm-up epochs to measure it after",
			Hint: "give {Head.WarmupEpochs}, or the weight as a number"}
	}
	return s, nil
}

// warmup reports whether an epoch is one of cross-entropy alone.
func (s *lossSchedule) warmup(epoch int) bool { return epoch <= s.settings.WarmupEpochs }

// endWarmup ends the warm-up after the given number of epochs.
func (s *lossSchedule) endWarmup(epochs int) { s.settings.WarmupEpochs = epochs }

// enter sets the loss of the epoch that the record is for, and records what was measured for it.
func (s *lossSchedule) enter(o *objective, record *Epoch) error {
	first := s.settings.WarmupEpochs + 1
	switch {
	case record.Epoch < first && record.Epoch > 1:
		return nil
	case record.Epoch < first:
		return s.setLoss(o, loss.Config{Name: loss.CrossEntropy, Classes: s.config.Classes})
	}
	changed := record.Epoch == first
	if s.settings.SelfGuided && (changed || o.params.hiddenUnits > 0) {
		distances, err := o.selfGuided()
		if err != nil {
			return err
		}
		if record.Epoch > first {
			record.DistanceMoved = meanChange(s.config.Ground.Matrix, distances, s.config.Classes)
		}
		s.config.Ground = loss.Matrix(distances)
		o.ground = s.config.Ground
		changed = true
	}
	if s.settings.AutoLambda && record.Epoch == first {
		if err := s.measureLambda(o); err != nil {
			return err
		}
	}
	record.Lambda = s.config.Lambda
	if !changed {
		return nil
	}
	return s.setLoss(o, s.positions.scaled(s.config))
}

// measureLambda sets λ by the mean losses of the training examples at the end of the warm-up, without dropout. They
// stand for the means over the last warm-up epoch, which would mix the weights of all its steps.
func (s *lossSchedule) measureLambda(o *objective) error {
	var means [2]float64
	emd2 := s.config
	emd2.Name, emd2.Lambda = loss.EMD2, 0
	for i, c := range []loss.Config{{Name: loss.CrossEntropy, Classes: s.config.Classes}, emd2} {
		if err := s.setLoss(o, c); err != nil {
			return err
		}
		means[i] = o.evaluate(o.train, o.weights).loss
	}
	var err error
	s.config.Lambda, err = loss.AutoLambda(means[0], means[1])
	return err
}

func (s *lossSchedule) setLoss(o *objective, c loss.Config) error {
	l, err := loss.New[float32](c)
	if err == nil {
		o.setLoss(l)
	}
	return err
}
