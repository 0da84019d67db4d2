package metrics

import "math"

// calibrationBins is the number of equal bins of confidence in ECE.
const calibrationBins = 15

// minProbability keeps NLL finite: the gap between 1 and the next float64, the bound scikit-learn uses.
const minProbability = 0x1p-52

// An item holds what one prediction adds to the figures, so that a resample is only sums.
type item struct {
	truth, predicted int32
	bin              uint8   // of the confidence
	top              uint8   // 1 where the likeliest class is true
	gap              float64 // between the values of both classes; NaN without values
	rps, nll, brier  float64
	confidence       float64 // the largest probability
}

// measure scores the predicted distributions that row gives.
func measure(in Input, row func(i int) []float64) []item {
	n, k := len(in.Labels), in.Space.Len()
	items := make([]item, n)
	values := in.Space.Values()
	oneHot := make([]float64, k)
	for i := range items {
		it := &items[i]
		p, truth := row(i), in.Labels[i]
		likeliest := argmax(p)
		predicted := likeliest
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
		it.confidence = p[likeliest]
		// Bins are open below and closed above, as in the paper: a confidence of 1 is in the last.
		b := math.Ceil(p[likeliest]*calibrationBins) - 1
		it.bin = uint8(min(max(b, 0), calibrationBins-1))
		if likeliest == truth {
			it.top = 1
		}
	}
	return items
}

// scores returns the proper scores of one forecast p against the distribution t.
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
