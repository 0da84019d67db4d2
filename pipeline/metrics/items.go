package metrics

import "math"

// calibrationBins is the number of equal bins of confidence in ECE.
const calibrationBins = 15

// minProbability keeps NLL finite: the gap between 1 and the next float64, the bound scikit-learn uses.
const minProbability = 0x1p-52

// items holds what each item adds to the figures, so that a resample is only sums.
type items struct {
	truth, predicted []int
	gap              []float64 // between the values of both classes; nil without values
	rps, nll, brier  []float64
	confidence       []float64 // the largest probability
	bin              []uint8   // of the confidence
	top              []uint8   // 1 where the likeliest class is true
}

// measure scores the predicted distributions that row gives.
func measure(in Input, row func(i int) []float64) *items {
	n, k := len(in.Labels), in.Space.Len()
	it := &items{truth: in.Labels, predicted: in.Predicted,
		rps: make([]float64, n), nll: make([]float64, n), brier: make([]float64, n),
		confidence: make([]float64, n), bin: make([]uint8, n), top: make([]uint8, n)}
	if it.predicted == nil {
		it.predicted = make([]int, n)
		for i := range n {
			it.predicted[i] = argmax(row(i))
		}
	}
	if values := in.Space.Values(); values != nil {
		it.gap = make([]float64, n)
		for i := range n {
			it.gap[i] = math.Abs(values[it.predicted[i]] - values[it.truth[i]])
		}
	}
	oneHot := make([]float64, k)
	for i := range n {
		p, t := row(i), oneHot
		if in.Targets != nil {
			t = in.Targets[i*k : (i+1)*k]
		} else {
			clear(oneHot)
			oneHot[it.truth[i]] = 1
		}
		it.rps[i], it.nll[i], it.brier[i] = scores(p, t)
		likeliest := argmax(p)
		it.confidence[i] = p[likeliest]
		// Bins are open below and closed above, as in the paper: a confidence of 1 is in the last.
		b := math.Ceil(p[likeliest]*calibrationBins) - 1
		it.bin[i] = uint8(min(max(b, 0), calibrationBins-1))
		if likeliest == it.truth[i] {
			it.top[i] = 1
		}
	}
	return it
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
