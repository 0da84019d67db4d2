package loss

// Mean returns the weighted mean loss of n samples, Σ wᵢ ℓᵢ / Σ wᵢ, and, where grad isn't nil, writes its
// gradient with respect to the logits. logits and grad are n × Outputs, targets n × K, all row-major; weights has
// length n, or is nil for all one. A sample of weight 0 is skipped and gets a gradient of zero; where the
// weights sum to zero the mean is zero. Mean allocates nothing and panics where lengths don't fit.
func Mean[T Float](l Loss[T], logits, targets, weights, grad []T, ws *Workspace[T]) T {
	total := float64(len(targets) / l.Classes())
	if weights != nil {
		total = 0
		for _, w := range weights {
			total += float64(w)
		}
	}
	if total == 0 {
		clear(grad)
		return 0
	}
	return T(Sum(l, logits, targets, weights, 1/total, grad, ws))
}

// Sum returns scale · Σ wᵢ ℓᵢ and its gradient; the other arguments are those of Mean. To cut a batch into blocks,
// give each the inverse weight of the whole batch as scale and add the results in order.
func Sum[T Float](l Loss[T], logits, targets, weights []T, scale float64, grad []T, ws *Workspace[T]) float64 {
	out, k := l.Outputs(), l.Classes()
	n := len(targets) / k
	if len(targets) != n*k || len(logits) != n*out || weights != nil && len(weights) != n ||
		grad != nil && len(grad) != n*out {
		panic("loss: a batch whose lengths don't fit together")
	}
	var sum float64
	var row []T
	for i := range n {
		w := scale
		if weights != nil {
			w *= float64(weights[i])
		}
		if grad != nil {
			row = grad[i*out : (i+1)*out]
		}
		if w == 0 {
			clear(row)
			continue
		}
		sum += w * float64(l.Sample(logits[i*out:(i+1)*out], targets[i*k:(i+1)*k], row, ws))
		for j := range row {
			row[j] = T(w * float64(row[j]))
		}
	}
	return sum
}
