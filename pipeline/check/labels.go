package check

import (
	"context"
	"fmt"
	"slices"

	"finetune/internal/cores"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
	"finetune/pipeline/run"
	"finetune/pipeline/train"
)

// folds is the number of folds of the cross-validation that looks for label errors.
const folds = 5

// suspects returns possible label errors by out-of-fold predictions of the default head. Copies stay in one fold, so
// that a wrong label can't be learned from a copy. If folds can't be made, suspects notes why and returns nil.
func (c Job) suspects(ctx context.Context, t *features.Table, copies []Copies) ([]run.SuspectLabel, error) {
	set := t.Set
	together := *set
	together.Items = withCopies(set.Items, copies)
	plan, err := crossval.NewPlan(&together, crossval.AllRows(&together), crossval.Options{
		Folds: folds, Seed: c.Split.Seed, Seeds: []uint64{c.Split.Seed}, ValShare: c.Split.Val, Redraw: true,
	})
	if err != nil {
		c.Progress.Note("labels are not checked: " + err.Error())
		return nil, nil
	}
	cfg, err := crossval.HeadConfig(t, train.New("").Head)
	if err != nil {
		return nil, err
	}
	predictions := &crossval.Predictions{Items: plan.Items(set)}
	stage := c.Progress.Start("labels", len(plan.HeldOut), "fold")
	defer stage.Done()
	examples := t.Examples(nil)
	cfg.Threads = cores.Of(c.Threads)
	for fold := range plan.HeldOut {
		fit, err := crossval.FitFold(ctx, t, examples, plan, fold, 0, cfg)
		if err != nil {
			return nil, fmt.Errorf("fold %d: %w", fold+1, err)
		}
		predictions.Probabilities = append(predictions.Probabilities, fit.Predictions.Probabilities...)
		stage.Add(1)
	}
	found, err := metrics.Suspects(predictions.Input(set.Space))
	if err != nil {
		return nil, err
	}
	return run.DescribeSuspects(set.Space, predictions, found), nil
}

// withCopies returns the items with copies in one group. Groups that share copies are merged.
func withCopies(items []dataset.Item, copies []Copies) []dataset.Item {
	out := slices.Clone(items)
	// A merged group takes the name of the other group. Chains of renamed groups end at a name that is final.
	renamed := map[string]string{}
	final := func(group string) string {
		for renamed[group] != "" {
			group = renamed[group]
		}
		return group
	}
	for _, c := range copies {
		name := ""
		for _, row := range c.rows {
			if g := final(out[row].Group); g != "" && name == "" {
				name = g
			}
		}
		if name == "" {
			name = "copies of " + items[c.rows[0]].Path
		}
		for _, row := range c.rows {
			if g := final(out[row].Group); g != "" && g != name {
				renamed[g] = name
			}
			out[row].Group = name
		}
	}
	for i := range out {
		out[i].Group = final(out[i].Group)
	}
	return out
}
