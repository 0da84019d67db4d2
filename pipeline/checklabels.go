package pipeline

import (
	"context"
	"fmt"
	"slices"

	"finetune/pipeline/dataset"
	"finetune/pipeline/metrics"
)

// checkFolds is into how many folds label outliers are looked for.
const checkFolds = 5

// A LabelOutlier is an image whose label speaks against what heads say that were trained on other images.
type LabelOutlier struct {
	Path      string `json:"path"`
	Label     string `json:"label"`
	Suggested string `json:"suggested"`
	// FromLabel and FromSuggested are the expected distances, in classes, from either to a class drawn from the predicted distribution.
	FromLabel     float64 `json:"from_label"`
	FromSuggested float64 `json:"from_suggested"`
}

// outliers trains the default head on folds and lists the held-out images whose labels it doubts. Copies are kept in one
// fold, or a copy's wrong label would vouch for itself. Where folds can't be made, as with one image of a class, there are none.
func (c Check) outliers(ctx context.Context, t *table, copies []Copies) ([]LabelOutlier, error) {
	set := t.set
	together := *set
	together.Items = withCopies(set.Items, copies)
	plan, err := planFolds(&together, everyRow(&together), foldOptions{
		folds: checkFolds, seed: c.Split.Seed, seeds: []uint64{c.Split.Seed}, val: c.Split.Val, redraw: true,
	})
	if err != nil {
		c.Progress.Note("label outliers aren't looked for: " + err.Error())
		return nil, nil
	}
	cfg, err := t.fillConfig(NewTrain("").Head)
	if err != nil {
		return nil, err
	}
	in := metrics.Input{Space: set.Space}
	rows := slices.Concat(plan.heldOut...)
	stage := c.Progress.Start("labels", len(plan.heldOut), "fold")
	defer stage.Done()
	examples := t.examples(Softening{})
	cfg.Threads = c.Images.threads()
	for fold := range plan.heldOut {
		fit, err := t.fitFold(ctx, examples, plan, fold, 0, cfg)
		if err != nil {
			return nil, fmt.Errorf("fold %d: %w", fold+1, err)
		}
		held := fit.said.input(set.Space)
		in.Labels = append(in.Labels, held.Labels...)
		in.Probabilities = append(in.Probabilities, held.Probabilities...)
		stage.Add(1)
	}
	suspects, err := metrics.Suspects(in)
	if err != nil {
		return nil, err
	}
	list := make([]LabelOutlier, len(suspects))
	for i, s := range suspects {
		item := set.Items[rows[s.Item]]
		list[i] = LabelOutlier{
			Path: item.Path, Label: set.Space.Class(item.Label), Suggested: set.Space.Class(s.Class),
			FromLabel: s.FromLabel, FromSuggested: s.FromClass,
		}
	}
	return list, nil
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
