package crossval

import (
	"context"
	"slices"

	"finetune/head"
	"finetune/label"
	"finetune/pipeline/calibration"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
)

// Predictions are the predicted distributions of n items over K classes, with the classes of the head's decision rule.
type Predictions struct {
	Items         []dataset.Item
	Probabilities []float32 // n × K
	// n × outputs, before the temperature; nil if Probabilities are means over views or repeats
	Logits  []float32
	Classes []int // n
	// Folds are the folds that held the items out, n × Repeats, counted from 1; 0 for items in no fold.
	Folds   []int
	Repeats int // of the cross-validation; 0 without one
	// Low and High are the ends of n prediction sets of the target Coverage; nil if the head has none.
	Low, High []int
	Coverage  float64
}

// FoldsOf returns the folds of item i, one for each repeat.
func (p *Predictions) FoldsOf(i int) []int { return p.Folds[i*p.Repeats : (i+1)*p.Repeats] }

// Row returns the distribution of item i, K probabilities.
func (p *Predictions) Row(i int) []float32 {
	k := len(p.Probabilities) / len(p.Items)
	return p.Probabilities[i*k : (i+1)*k]
}

// Predict applies the head to items of the table. Item i is row rows[i] of the table; nil rows are all rows in order.
func Predict(h *head.Head, t *features.Table, rows []int, items []dataset.Item, threads int) (*Predictions, error) {
	p := &Predictions{Items: items, Probabilities: make([]float32, len(items)*h.Space().Len())}
	if t.Views.Predict > 1 {
		if err := Probabilities(h, t.Features, t.PerItem, t.Views.Predict, t.Places(rows), threads,
			p.Probabilities); err != nil {
			return nil, err
		}
	} else {
		p.Logits = make([]float32, len(items)*h.Outputs())
		if err := h.Logits(t.Features, t.Plain(rows), threads,
			p.Logits); err != nil {
			return nil, err
		}
		p.distribute(h)
	}
	p.decide(h)
	return p, nil
}

// OfLogits returns the predictions that the head makes of logits of items, items × outputs, which others than its network gave.
func OfLogits(h *head.Head, items []dataset.Item, logits []float32) *Predictions {
	p := &Predictions{Items: items, Logits: logits, Probabilities: make([]float32, len(items)*h.Space().Len())}
	p.distribute(h)
	p.decide(h)
	return p
}

// distribute sets the probabilities of the logits.
func (p *Predictions) distribute(h *head.Head) {
	for i := range p.Items {
		h.Distribution(p.Logits[i*h.Outputs():(i+1)*h.Outputs()], p.Row(i))
	}
}

// Evaluate compares the predictions with the labels. Prior are the class shares of the training part, nil if unknown.
// The errors are those of metrics.Evaluate.
func (p *Predictions) Evaluate(ctx context.Context, h *head.Head, prior []float64, seed uint64) (metrics.Report, error) {
	return metrics.EvaluateContext(ctx, p.Figured(h, prior, seed))
}

// Figured is what figures are taken from, with the classes and ranges that the head takes.
func (p *Predictions) Figured(h *head.Head, prior []float64, seed uint64) metrics.Input {
	in := p.Input(h.Space())
	in.Predicted, in.Prior, in.Seed = p.Classes, prior, seed
	in.Low, in.High, in.Coverage = p.Low, p.High, p.Coverage
	return in
}

// Input returns the predictions as input of package metrics, without predicted classes and prediction sets.
func (p *Predictions) Input(space label.Space) metrics.Input {
	in := metrics.Input{Space: space, Groups: Groups(p.Items)}
	soft := false
	for _, item := range p.Items {
		in.Labels = append(in.Labels, item.Label)
		soft = soft || item.Target != nil
	}
	for _, v := range p.Probabilities {
		in.Probabilities = append(in.Probabilities, float64(v))
	}
	if soft {
		k := space.Len()
		in.Targets, in.Votes = make([]float64, len(p.Probabilities)), make([]float64, len(p.Items))
		for i, item := range p.Items {
			in.Votes[i] = item.Votes
			if item.Target == nil {
				in.Targets[i*k+item.Label] = 1
			}
			copy(in.Targets[i*k:], item.Target)
		}
	}
	return in
}

// Groups returns the group of each item, nil if no item has one.
func Groups(items []dataset.Item) []string {
	groups := make([]string, len(items))
	grouped := false
	for i, item := range items {
		groups[i] = item.Group
		grouped = grouped || item.Group != ""
	}
	if !grouped {
		return nil
	}
	return groups
}

// Append returns p followed by predictions for other items, which are in no fold.
func (p *Predictions) Append(others *Predictions) *Predictions {
	return &Predictions{
		Items: slices.Concat(p.Items, others.Items), Probabilities: slices.Concat(p.Probabilities,
			others.Probabilities), Classes: slices.Concat(p.Classes, others.Classes),
		Low: slices.Concat(p.Low, others.Low), High: slices.Concat(p.High, others.High), Coverage: p.Coverage,
		Folds: append(slices.Clone(p.Folds), make([]int, len(others.Items)*p.Repeats)...), Repeats: p.Repeats,
	}
}

// SumByLabel returns the soft confusion matrix, K × K: row i is the sum of the distributions of the items labelled i.
func (p *Predictions) SumByLabel() [][]float64 {
	k := len(p.Probabilities) / len(p.Items)
	sums := make([][]float64, k)
	for i := range sums {
		sums[i] = make([]float64, k)
	}
	for i, item := range p.Items {
		for c, v := range p.Row(i) {
			sums[item.Label][c] += float64(v)
		}
	}
	return sums
}

// CountGroups returns the number of different groups.
func CountGroups(items []dataset.Item) int {
	seen := map[string]bool{}
	for _, it := range items {
		if it.Group != "" {
			seen[it.Group] = true
		}
	}
	return len(seen)
}

// Sample returns the predictions as input of package calibration.
func (p *Predictions) Sample(space label.Space) calibration.Sample {
	return calibration.Sample{Probabilities: p.Probabilities, Logits: p.Logits, Input: p.Input(space)}
}

// Calibrated returns predictions with the temperature, decision rule and prediction sets of h. The predictions p must
// be those of a head without a temperature.
func (p *Predictions) Calibrated(h *head.Head) *Predictions {
	out := *p
	out.Probabilities = p.Sample(h.Space()).Temper(h)
	out.decide(h)
	return &out
}

// decide sets Classes and, if the head has prediction sets, Low, High and Coverage.
func (p *Predictions) decide(h *head.Head) {
	p.Classes, p.Low, p.High = calibration.Decide(h, p.Probabilities)
	p.Coverage = h.Description().Sets.Coverage
}

// CrossFitRanges replaces each prediction set by one whose threshold comes from the other folds (cross-fitting), so
// that coverage is measured on items that the threshold doesn't depend on. It uses the folds of the first repeat. The
// error is that of calibration.Threshold.
func (p *Predictions) CrossFitRanges() error {
	if p.Low == nil {
		return nil
	}
	labels := make([]int, len(p.Items))
	for i, item := range p.Items {
		labels[i] = item.Label
	}
	scores, groups := calibration.Scores(p.Probabilities, p.Classes, labels), Groups(p.Items)
	fold := func(i int) int { return p.FoldsOf(i)[0] }
	thresholds := map[int]float64{}
	for i := range p.Items {
		if _, done := thresholds[fold(i)]; !done {
			var others []float64
			var otherGroups []string
			for j, s := range scores {
				if fold(j) == fold(i) {
					continue
				}
				others = append(others, s)
				if groups != nil {
					otherGroups = append(otherGroups, groups[j])
				}
			}
			t, _, err := calibration.Threshold(others, otherGroups, p.Coverage)
			if err != nil {
				return err
			}
			thresholds[fold(i)] = t
		}
		p.Low[i], p.High[i] = calibration.Interval(p.Row(i), p.Classes[i], thresholds[fold(i)])
	}
	return nil
}
