package familiarity

import (
	"math"
	"slices"

	"finetune/head"
	"finetune/invalid"
	"finetune/pipeline/metrics"
)

// DefaultReviewShare is the share of ordinary images that are marked for a person's look.
const DefaultReviewShare = 0.2

// ReviewShare declares the share as an option.
var ReviewShare = invalid.Number{Field: "ReviewShare", Range: invalid.Range{High: 1}}

// Score is what images are ordered by for review. Of a familiar image it is the expected ranked probability score of
// its distribution as a share of the largest possible, 0 (sure) to 1; unfamiliar ones come before all others, with 2
// − p.
func (m *Model) Score(probs []float32, p float64) float64 {
	if m.Unfamiliar(p) {
		return 2 - p
	}
	return 4 * metrics.ExpectedRPS(probs) / float64(len(probs)-1)
}

// AddPredictions takes what the head says of reference images that it wasn't trained on: rows[i] is the row of f that
// belongs to distribution i of probs, classes[i] the class that the head's rule takes of it. From these come the
// thresholds of review and the shares of predicted classes. Every row must be one of the reference.
func (m *Model) AddPredictions(f head.Features, rows []int, probs []float32, classes []int) {
	if len(rows) == 0 {
		return
	}
	k := len(probs) / len(rows)
	m.predicted, m.scores = make([]float64, k), make([]float64, len(rows))
	for i, row := range rows {
		// The row is one of the reference itself, which makes the count of its like one too many: that is the 1 of a
		// p-value.
		at, _ := slices.BinarySearch(m.distances, m.Distance(f.Row(row)))
		p := float64(len(m.distances)-at) / float64(len(m.distances))
		m.scores[i] = float64(float32(m.Score(probs[i*k:(i+1)*k], p)))
		m.predicted[classes[i]]++
	}
	slices.Sort(m.scores)
}

// A Judge marks images one by one.
type Judge struct {
	model     *Model
	threshold float64 // of the score, +Inf for none
	reviews   bool
}

// Judge returns a judge that marks the given share of ordinary images for review. The threshold is the ⌈(n + 1)(1 −
// share)⌉-th smallest score of n reference images, so an image that is exchangeable with them is marked with a
// probability of at most the share, and at least the share − 1/(n + 1) where no scores are equal. No second pass over
// the images is needed. Where the run had no images to take scores of, nothing is marked but what is unfamiliar;
// [Judge.Reviews] tells.
func (m *Model) Judge(share float64) (Judge, error) {
	if err := ReviewShare.Check(share); err != nil {
		return Judge{}, err
	}
	j := Judge{model: m, threshold: math.Inf(1), reviews: m.scores != nil}
	n := len(m.scores)
	switch at := int(math.Ceil(float64(n+1)*(1-share) - 1e-9)); {
	case n == 0 && share > 0:
		j.threshold = 1
	case at < 1:
		j.threshold = math.Inf(-1)
	case at <= n:
		j.threshold = m.scores[at-1]
	}
	return j, nil
}

// Reviews reports whether the threshold comes from images of the run.
func (j Judge) Reviews() bool { return j.reviews }

// A Verdict is what a judge says of an image.
type Verdict struct {
	Confidence float64 // the probability of the predicted class
	Distance   float64 // from the training images
	PValue     float64 // share of ordinary images that are at least as far away
	Unfamiliar bool
	Score      float64 // what images are ordered by for review
	Review     bool
}

// Of judges an image by its plain feature row, its distribution and its predicted class.
func (j Judge) Of(row, probs []float32, class int) Verdict {
	v := Verdict{Confidence: float64(probs[class]), Distance: j.model.Distance(row)}
	v.PValue = j.model.PValue(v.Distance)
	v.Unfamiliar = j.model.Unfamiliar(v.PValue)
	v.Score = j.model.Score(probs, v.PValue)
	v.Review = v.Score > j.threshold
	return v
}
