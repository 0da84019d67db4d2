package loss

import "finetune/internal/linalg/kernel"

// Rows is Sample for samples behind each other: it writes their losses to values and, where grad isn't nil, the gradient
// of each by its logits, times its scale, to grad. logits and grad are n × Outputs, targets n × K, values and scales n
// long. It allocates nothing and panics where lengths don't fit. With emd2 over classes in order, it takes several samples at
// once where the processor can; the results are the same.
func Rows[T Float](l Loss[T], logits, targets, scales, values, grad []T, ws *Workspace[T]) {
	out, k, n := l.Outputs(), l.Classes(), len(values)
	if len(targets) != n*k || len(logits) != n*out || grad != nil && (len(grad) != n*out || len(scales) != n) {
		panic("loss: a batch whose lengths don't fit together")
	}
	if grad == nil {
		for i := range values {
			values[i] = l.Sample(logits[i*out:(i+1)*out], targets[i*k:(i+1)*k], nil, ws)
		}
		return
	}
	if l, ok := any(l).(*softmaxLoss[float32]); ok && l.orderedRows(any(logits).([]float32), any(targets).([]float32), any(scales).([]float32),
		any(values).([]float32), any(grad).([]float32), &ws.scratch) {
		return
	}
	for i := range values {
		row := grad[i*out : (i+1)*out]
		values[i] = l.Sample(logits[i*out:(i+1)*out], targets[i*k:(i+1)*k], row, ws)
		for j := range row {
			row[j] *= scales[i]
		}
	}
}

// orderedRows is Rows for emd2 with vector instructions. It reports false, and does nothing, where they or the loss are
// others.
func (l *softmaxLoss[T]) orderedRows(logits, targets, scales, values, grad []float32, s *scratch) bool {
	emd2 := kernel.Best().EMD2
	term, ok := l.term.(orderedTerm)
	if emd2 == nil || !ok || l.crossEntropy || l.weight != 1 {
		return false
	}
	k := l.classes
	for i := 0; i < len(values); i += kernel.LossRows {
		n := min(kernel.LossRows, len(values)-i)
		part := func(rows []float32) []float32 { return rows[i*k : (i+n)*k] }
		var all [kernel.LossRows]float64
		emd2(n, k, part(logits), part(targets), term.gaps, scales[i:i+n], &all, part(grad), &expTable, s.rows)
		for j, v := range all[:n] {
			values[i+j] = float32(v)
		}
	}
	return true
}
