package train

import (
	"finetune/head"
	"finetune/pipeline/crossval"
	"finetune/pipeline/features"
)

// withPredicted returns the examples e of some rows with all views that predictions are the mean of. Those that aren't trained
// on have a weight of 0, which gives them predictions and no say.
func withPredicted(t *features.Table, rows []int, e head.Examples) head.Examples {
	few := t.Views.Predict
	if t.Views.Train > 1 || few == 1 {
		return e
	}
	k := t.Set.Space.Len()
	out := head.Examples{Features: t.Features, Index: t.Rows(rows, few)}
	for i := range rows {
		for view := range few {
			weight := float32(0)
			if view == 0 {
				weight = float32(e.Weight(i))
			}
			out.Weights = append(out.Weights, weight)
			out.Groups = append(out.Groups, e.Groups[i])
			out.Targets = append(out.Targets, e.Targets[i*k:(i+1)*k]...)
		}
	}
	return out
}

// leftOut gathers the out-of-fold predictions of a closed form: of an image the mean over the views that predictions are made of.
func leftOut(t *features.Table, rows []int, o *head.OutOfFold) *crossval.Predictions {
	k, few := t.Set.Space.Len(), t.Views.Predict
	views := len(o.Probabilities) / (len(rows) * k)
	p := &crossval.Predictions{Items: crossval.Pick(t.Set.Items, rows), Repeats: 1, Probabilities: make([]float32, len(rows)*k)}
	each := len(o.Folds) / len(rows) // of an image's views, which share a fold
	for i := range rows {
		p.Folds = append(p.Folds, o.Folds[i*each]+1)
		for c := range k {
			var sum float64
			for v := range few {
				sum += float64(o.Probabilities[(i*views+v)*k+c])
			}
			p.Probabilities[i*k+c] = float32(sum / float64(few))
		}
	}
	return p
}
