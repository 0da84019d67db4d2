package metrics

import "math"

// calibrationBins is the number of equal-width bins of confidence for ECE.
const calibrationBins = 15

// minProbability keeps NLL finite. It is the machine epsilon of float64, as in scikit-learn.
const minProbability = 0x1p-52

// An item holds the terms that one prediction adds to the metrics, so that a resample only sums.
type item struct {
	truth, predicted int32
	bin              uint8   // of the confidence
	top              uint8   // 1 if the most probable class is the label
	gap              float64 // absolute difference of the classes' values; NaN without values
	rps, nll, brier  float64
	confidence       float64 // the largest probability
}

// measure returns the items of the predicted distributions row(i).
func measure(in Input, row func(i int) []float64) []item {
	n, k := len(in.Labels), in.Space.Len()
	items := make([]item, n)
	values := in.Space.Values()
	oneHot := make([]float64, k)
	for i := range items {
		it := &items[i]
		p, truth := row(i), in.Labels[i]
		mostProbable := argmax(p)
		predicted := mostProbable
		if in.Predicted != nil {
			predicted = in.Predicted[i]
		}
		it.truth, it.predicted = int32(truth), int32(predicted)
		it.gap = math.NaN()
		if values != nil {
			it.gap = math.Abs(values[predicted] - values[truth])
		}
		if in.Targets != nil {
			it.rps, it.nll, it.brier = scores(p, in.Targets[i*k:(i+1)*k])
		} else {
			oneHot[truth] = 1
			it.rps, it.nll, it.brier = scores(p, oneHot)
			oneHot[truth] = 0
		}
		it.confidence = p[mostProbable]
		// Bins are half-open, (low, high], as in the paper: a confidence of 1 is in the last bin.
		b := math.Ceil(p[mostProbable]*calibrationBins) - 1
		it.bin = uint8(min(max(b, 0), calibrationBins-1))
		if mostProbable == truth {
			it.top = 1
		}
	}
	return items
}

// scores returns the proper scores of a predicted distribution p for the true distribution t.
func scores(p, t []float64) (rps, nll, brier float64) {
	var cumulated float64
	for j := range p {
		d := p[j] - t[j]
		brier += d * d
		cumulated += d
		rps += cumulated * cumulated
		if t[j] > 0 {
			nll -= t[j] * math.Log(max(p[j], minProbability))
		}
	}
	return rps, nll, brier
}
