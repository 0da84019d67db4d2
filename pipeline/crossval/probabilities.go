package crossval

import (
	"finetune/head"
	"finetune/pipeline/features"
)

// Probabilities writes the distribution of each item to out, len(items) × K: the mean over the first views of the
// item's perItem rows. Nil items are all. The temperature of the head is applied to the mean. Averaging distributions
// works for every loss, and averaging logits isn't more accurate (docs/defaults.md).
func Probabilities(h *head.Head, f head.Features, perItem, views int, items []int, threads int, out []float32) error {
	rows := features.RowsOf(items, f.Rows, perItem, views)
	if views == 1 {
		return h.Probabilities(f, rows, threads, out)
	}
	k := h.Space().Len()
	each := make([]float32, views*len(out))
	if err := h.Untempered().Probabilities(f, rows, threads, each); err != nil {
		return err
	}
	for i := range len(out) / k {
		mean := out[i*k : (i+1)*k]
		for c := range mean {
			var sum float64
			for v := range views {
				sum += float64(each[(i*views+v)*k+c])
			}
			mean[c] = float32(sum / float64(views))
		}
		h.Temper(mean)
	}
	return nil
}
