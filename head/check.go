package head

import (
	"fmt"
	"strings"

	"finetune/invalid"
)

// maxThreads and maxParameters are checked before anything is allocated.
const (
	maxThreads    = 1024
	maxParameters = 1 << 28
)

// Check reports the first field that can't be used, whatever the examples are, as a *invalid.Error with a Go name
// such as "Head.LR" or "Loss.Lambda". Loss.Classes has to be set.
func (c Config) Check() error {
	if c.AutoLambda && c.Loss.Lambda != 0 {
		return wrong("Loss.Lambda", fmt.Sprintf("both auto and %g", c.Loss.Lambda), "one of them")
	}
	c = c.Resolved(1, 1)
	if err := c.checkClosedForm(); err != nil {
		return err
	}
	if err := c.checkEnsemble(); err != nil {
		return err
	}
	if _, err := newLossSchedule(c); err != nil {
		return err
	}
	return c.check()
}

// check reports the first field of a resolved configuration that can't be used.
func (c Config) check() error {
	for _, o := range Options() {
		if !strings.HasPrefix(o.Field, "Head.") { // loss.New checks the others
			continue
		}
		if !o.Only.readBy(c.Optimizer) {
			if text := o.Text(c); text != "0" && text != auto {
				return unread(o, text, c.Optimizer)
			}
			continue
		}
		if err := o.check(&c); err != nil {
			return err
		}
	}
	threads := invalid.Range{Low: 1, High: maxThreads}
	switch {
	case !threads.Contains(float64(c.Threads)):
		return wrong("Head.Threads", c.Threads, threads.String())
	case c.Momentum > 0 && c.Optimizer != SGD:
		return wrong("Head.Momentum", fmt.Sprintf("%g with {Head.Optimizer} %s", c.Momentum, c.Optimizer),
			"{Head.Optimizer} sgd")
	case c.Optimizer == AdamW && c.LR*c.WeightDecay > 1:
		return wrong("Head.WeightDecay", c.WeightDecay,
			fmt.Sprintf("at most 1/lr = %g: a step multiplies weights by 1 − lr·decay", 1/c.LR))
	case c.Optimizer == LBFGS && c.Dropout != 0:
		return &invalid.Error{Field: "Head.Dropout", Found: fmt.Sprintf("%g with {Head.Optimizer} lbfgs", c.Dropout),
			Want: "0: L-BFGS needs a loss that is the same each time",
			Hint: "leave it out, or use {Head.Optimizer} sgd or adamw"}
	case c.Optimizer == LBFGS && c.SelfGuided && c.Hidden > 0:
		return &invalid.Error{Field: "Head.Optimizer",
			Found: "lbfgs with a self-guided ground distance and a hidden layer", Want: "sgd or adamw",
			Hint: "the distance changes with the hidden layer, and L-BFGS needs a loss that stays the same"}
	case c.ClassWeights != nil && c.Balanced:
		return wrong("Head.ClassWeights", "both balanced and a list", "one of them")
	case c.ClassWeights != nil && len(c.ClassWeights) != c.Loss.Classes:
		return wrong("Head.ClassWeights", fmt.Sprintf("%d numbers", len(c.ClassWeights)),
			fmt.Sprintf("%d, one for each class", c.Loss.Classes))
	}
	return nil
}

// unread is the error for an option that the optimiser doesn't read.
func unread(o Option, text, optimizer string) error {
	e := &invalid.Error{Field: o.Field, Found: text + " with {Head.Optimizer} " + optimizer,
		Want: "{Head.Optimizer} sgd or adamw",
		Hint: "leave it out: L-BFGS works on all images at once and finds the size of its steps"}
	if optimizer == ClosedForm {
		e.Hint = "leave it out: the closed form takes no steps"
		if o.Only == Iterative {
			e.Want = "{Head.Optimizer} sgd, adamw or lbfgs"
		}
	}
	return e
}

// checkSize refuses a hidden layer that would take too much memory on the given number of features.
func (c Config) checkSize(columns, outputs int) error {
	if units := c.Hidden * c.Ensemble; units > maxParameters/(columns+outputs) {
		return wrong("Head.Hidden", fmt.Sprintf("%d units, which make %d parameters on %d features", units,
			units*(columns+outputs), columns),
			fmt.Sprintf("at most %d parameters", maxParameters))
	}
	return nil
}

func wrong(field string, found any, expected string) error {
	return &invalid.Error{Field: field, Found: fmt.Sprint(found), Want: expected}
}
