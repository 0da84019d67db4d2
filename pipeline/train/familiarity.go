package train

import (
	"context"

	"finetune/pipeline/familiarity"
	"finetune/pipeline/run"
)

// writeFamiliarity writes what the images look like that the run learned from. Images of the test part have no say.
// Thresholds of review come from images that no head was trained on: the validation part, or the folds.
func (r *session) writeFamiliarity(ctx context.Context, path string) error {
	items := r.table.Set.Items
	fit, reference := familiarity.Split(items, r.plan.parts.Train, r.plan.parts.Val, r.Split.Seed)
	m, err := familiarity.Fit(ctx, r.table.Features, r.table.Plain(fit), r.table.Plain(reference))
	if err != nil {
		return err
	}
	if m == nil {
		r.Progress.Note("too few images to say how unlike them another is; " + run.FamiliarityFile + " isn't written")
		return nil
	}
	said := r.outOfFold
	if said == nil && len(r.plan.parts.Val) > 0 {
		if said, err = r.predictVal(); err != nil {
			return err
		}
	}
	if said != nil {
		inReference := make(map[string]int, len(reference))
		for _, i := range reference {
			inReference[items[i].Path] = i
		}
		var rows, classes []int
		var probs []float32
		for i, item := range said.Items {
			if row, ok := inReference[item.Path]; ok {
				rows, classes, probs = append(
					rows,
					row,
				), append(
					classes,
					said.Classes[i],
				), append(
					probs,
					said.Row(i)...)
			}
		}
		if len(rows) > 0 {
			m.AddPredictions(r.table.Features, r.table.Plain(rows), probs, classes)
		}
	}
	return m.Save(path)
}
