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

// checkFolds is the number of folds on which labels that may be wrong are looked for.
const checkFolds = 5

// suspects trains the default head on folds and lists the held-out images whose labels it doubts. Copies are kept in one
// fold, or a copy's wrong label would vouch for itself. Where folds can't be made, as with one image of a class, there are none.
func (c Job) suspects(ctx context.Context, t *features.Table, copies []Copies) ([]run.SuspectLabel, error) {
	set := t.Set
	together := *set
	together.Items = withCopies(set.Items, copies)
	plan, err := crossval.NewPlan(&together, crossval.AllRows(&together), crossval.Options{
		Folds: checkFolds, Seed: c.Split.Seed, Seeds: []uint64{c.Split.Seed}, ValShare: c.Split.Val, Redraw: true,
	})
	if err != nil {
		c.Progress.Note("labels that may be wrong aren't looked for: " + err.Error())
		return nil, nil
	}
	cfg, err := crossval.HeadConfig(t, train.New("").Head)
	if err != nil {
		return nil, err
	}
	said := &crossval.Predictions{Items: plan.Items(set)}
	stage := c.Progress.Start("labels", len(plan.HeldOut), "fold")
	defer stage.Done()
	examples := t.Examples(nil)
	cfg.Threads = cores.Of(c.Threads)
	for fold := range plan.HeldOut {
		fit, err := crossval.FitFold(ctx, t, examples, plan, fold, 0, cfg)
		if err != nil {
			return nil, fmt.Errorf("fold %d: %w", fold+1, err)
		}
		said.Probabilities = append(said.Probabilities, fit.Predictions.Probabilities...)
		stage.Add(1)
	}
	found, err := metrics.Suspects(said.Input(set.Space))
	if err != nil {
		return nil, err
	}
	return run.DescribeSuspects(set.Space, said, found), nil
}

// withCopies returns the items with one group for all images of a picture, and for all that were of a group with one of them.
func withCopies(items []dataset.Item, copies []Copies) []dataset.Item {
	out := slices.Clone(items)
	// A group that copies tie to another takes its name; following the chain ends at one that was never renamed.
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
