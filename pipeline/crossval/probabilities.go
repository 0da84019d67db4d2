package crossval

import (
	"finetune/head"
	"finetune/pipeline/features"
)

// probabilities writes the distribution of each item to out: the mean over the first few of the perItem rows that it has, one of each
// view. Nil items are all. The head's temperature is that of the mean. The mean of logits is no better or worse (docs/defaults.md), and a
// mean of distributions is one whatever the loss.
func Probabilities(h *head.Head, f head.Features, perItem, few int, items []int, threads int, out []float32) error {
	rows := features.RowsOf(items, f.Rows, perItem, few)
	if few == 1 {
		return h.Probabilities(f, rows, threads, out)
	}
	k := h.Space().Len()
	each := make([]float32, few*len(out))
	if err := h.Untempered().Probabilities(f, rows, threads, each); err != nil {
		return err
	}
	for i := range len(out) / k {
		mean := out[i*k : (i+1)*k]
		for c := range mean {
			var sum float64
			for v := range few {
				sum += float64(each[(i*few+v)*k+c])
			}
			mean[c] = float32(sum / float64(few))
		}
		h.Temper(mean)
	}
	return nil
}
