package head

import (
	"errors"
	"fmt"

	"finetune/invalid"
	"finetune/loss"
)

// stages decides which loss an epoch trains with: cross-entropy alone while it warms up, then the configured loss,
// with the weight and the ground distance that are measured while training.
type stages struct {
	settings Config
	final    loss.Loss[float32]
	config   loss.Config // of final, but for the unit
	unit     unit
}

// newStages makes and checks the losses of a resolved configuration.
func newStages(c Config) (*stages, error) {
	s := &stages{settings: c, config: c.Loss}
	if c.SelfGuided {
		if c.Loss.Ground.Matrix != nil || c.Loss.Ground.Positions != nil {
			return nil, errors.New("head: a ground distance is given and another one is to be measured")
		}
		s.config.Ground = standIn(c.Loss.Classes)
	}
	s.config = s.config.WithDefaults()
	if _, err := loss.New[float32](s.config); err != nil {
		return nil, err // before the unit hides what is wrong with positions
	}
	s.unit = unitOf(s.config)
	var err error
	if s.final, err = loss.New[float32](s.unit.config(s.config)); err != nil {
		return nil, err
	}
	switch {
	case c.WarmupEpochs < 0 || c.WarmupEpochs > 0 && c.WarmupEpochs >= c.Epochs:
		return nil, &invalid.Error{Field: "--warmup-epochs", Found: fmt.Sprint(c.WarmupEpochs),
			Want: fmt.Sprintf("0 or more, and fewer than the %d epochs", c.Epochs)}
	case c.WarmupEpochs > 0 && s.final.Outputs() != c.Loss.Classes:
		return nil, &invalid.Error{Field: "--warmup-epochs", Found: fmt.Sprintf("%d with --loss %s", c.WarmupEpochs, c.Loss.Name),
			Want: "a loss with one output a class, as cross-entropy has", Hint: "leave it out"}
	case c.AutoLambda && (c.WarmupEpochs == 0 || c.Loss.Name != loss.XEMD2):
		return nil, &invalid.Error{Field: "--emd-weight", Found: "auto", Want: "--loss xemd2, and warm-up epochs to measure it after",
			Hint: "give --warmup-epochs, or the weight as a number"}
	}
	return s, nil
}

// warming reports whether an epoch is one of cross-entropy alone.
func (s *stages) warming(epoch int) bool { return epoch <= s.settings.WarmupEpochs }

// endWarmup makes the next epoch after that many the first of the configured loss.
func (s *stages) endWarmup(epochs int) { s.settings.WarmupEpochs = epochs }

// enter sets the loss of the epoch that the record is for, and notes in it what was measured.
func (s *stages) enter(t *trainer, record *Epoch) error {
	first := s.settings.WarmupEpochs + 1
	switch {
	case record.Epoch < first && record.Epoch > 1:
		return nil
	case record.Epoch < first:
		l, err := s.other(loss.CrossEntropy)
		if err == nil {
			t.pass.use(l)
		}
		return err
	}
	changed := record.Epoch == first
	if s.settings.SelfGuided && (record.Epoch == first || t.params.hiddenUnits > 0) {
		distances, err := t.selfGuided()
		if err != nil {
			return err
		}
		if record.Epoch > first {
			record.DistanceMoved = moved(s.config.Ground.Matrix, distances, s.config.Classes)
		}
		s.config.Ground = loss.Matrix(distances)
		t.ground = s.config.Ground
		changed = true
	}
	if s.settings.AutoLambda && record.Epoch == first {
		if err := s.measureLambda(t); err != nil {
			return err
		}
	}
	record.Lambda = s.config.Lambda
	if !changed {
		return nil
	}
	l, err := loss.New[float32](s.unit.config(s.config))
	if err == nil {
		s.final = l
		t.pass.use(l)
	}
	return err
}

// measureLambda sets λ by the mean losses of the training examples at the end of warm-up, without dropout. They
// stand for the means over the last warm-up epoch, which would mix the weights of all its steps.
func (s *stages) measureLambda(t *trainer) error {
	var means [2]float64
	for i, name := range []string{loss.CrossEntropy, loss.EMD2} {
		l, err := s.other(name)
		if err != nil {
			return err
		}
		t.pass.use(l)
		means[i], _ = t.evaluate(t.train, t.weights)
	}
	var err error
	s.config.Lambda, err = loss.AutoLambda(means[0], means[1])
	return err
}

// other makes the loss of another name over the same classes, for emd2 with the same ground distance.
func (s *stages) other(name string) (loss.Loss[float32], error) {
	c := loss.Config{Name: name, Classes: s.config.Classes}
	if name == loss.EMD2 {
		c.Ground, c.Omega, c.Mu = s.config.Ground, s.config.Omega, s.config.Mu
	}
	return loss.New[float32](c)
}
