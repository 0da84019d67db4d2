package crossval

import (
	"finetune/head"
	"finetune/label"
	"finetune/pipeline/calibration"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
	"slices"
)

// predictions are distributions over the classes for some items, and the class that the head's rule takes of each.
type Predictions struct {
	Items         []dataset.Item
	Probabilities []float32 // len(items) × K
	Logits        []float32 // len(items) × outputs, without a temperature; nil where probs are means over views or repeats
	Classes       []int
	// folds says where each item was held out in a cross-validation: len(items) × repeats numbers from 1, 0 for items that are in no
	// fold.
	Folds   []int
	Repeats int // 0: there was none
	// low and high are the ranges of classes of a head that has prediction sets of that coverage; nil otherwise.
	Low, High []int
	Coverage  float64
}

func (p *Predictions) FoldsOf(i int) []int { return p.Folds[i*p.Repeats : (i+1)*p.Repeats] }

func (p *Predictions) Row(i int) []float32 {
	k := len(p.Probabilities) / len(p.Items)
	return p.Probabilities[i*k : (i+1)*k]
}

// predictItems runs the head on some items of the table, rows[i] being the place of items[i] in it; nil rows are all in order.
func Predict(h *head.Head, t *features.Table, rows []int, items []dataset.Item, threads int) (*Predictions, error) {
	p := &Predictions{Items: items, Probabilities: make([]float32, len(items)*h.Space().Len())}
	if t.Views.Predict > 1 {
		if err := Probabilities(h, t.Features, t.PerItem, t.Views.Predict, rows, threads, p.Probabilities); err != nil {
			return nil, err
		}
	} else {
		p.Logits = make([]float32, len(items)*h.Outputs())
		if err := h.Logits(t.Features, features.RowsOf(rows, t.Features.Rows, t.PerItem, 1), threads, p.Logits); err != nil {
			return nil, err
		}
		for i := range items {
			h.Distribution(p.Logits[i*h.Outputs():(i+1)*h.Outputs()], p.Row(i))
		}
	}
	p.decide(h)
	return p, nil
}

// measure compares predictions with the labels of their items. Prior is the class shares of the training part, nil where
// unknown.
func (p *Predictions) Evaluate(h *head.Head, prior []float64, seed uint64) (metrics.Report, error) {
	in := p.Input(h.Space())
	in.Predicted, in.Prior, in.Seed = p.Classes, prior, seed
	in.Low, in.High, in.Coverage = p.Low, p.High, p.Coverage
	return metrics.Evaluate(in)
}

// input is what the figures are taken from, but for the classes that a rule takes.
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
		in.Targets = make([]float64, len(p.Probabilities))
		for i, item := range p.Items {
			if item.Target == nil {
				in.Targets[i*k+item.Label] = 1
			}
			copy(in.Targets[i*k:], item.Target)
		}
	}
	return in
}

// groupsOf returns the group of each item, nil where none has one.
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

// append adds predictions for other items, which are in no fold.
func (p *Predictions) Append(others *Predictions) *Predictions {
	return &Predictions{
		Items: slices.Concat(p.Items, others.Items), Probabilities: slices.Concat(p.Probabilities, others.Probabilities), Classes: slices.Concat(p.Classes, others.Classes),
		Low: slices.Concat(p.Low, others.Low), High: slices.Concat(p.High, others.High), Coverage: p.Coverage,
		Folds: append(slices.Clone(p.Folds), make([]int, len(others.Items)*p.Repeats)...), Repeats: p.Repeats,
	}
}

// byLabel sums the distributions of the items of each class.
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

// groupCount counts the groups of items; 0 where there are none.
func CountGroups(items []dataset.Item) int {
	seen := map[string]bool{}
	for _, it := range items {
		if it.Group != "" {
			seen[it.Group] = true
		}
	}
	return len(seen)
}

// sample is the predictions as calibration takes them.
func (p *Predictions) Sample(space label.Space) calibration.Sample {
	return calibration.Sample{Probabilities: p.Probabilities, Logits: p.Logits, Input: p.Input(space)}
}

// fitted returns predictions of a head without a temperature as h makes them: with its temperature, decision rule and prediction sets.
func (p *Predictions) Calibrated(h *head.Head) *Predictions {
	out := *p
	out.Probabilities = p.Sample(h.Space()).Temper(h)
	out.decide(h)
	return &out
}

// decide fills in the class of each distribution by the decision rule of a head, and the range around it where the head has sets.
func (p *Predictions) decide(h *head.Head) {
	p.Classes, p.Low, p.High = calibration.Decide(h, p.Probabilities)
	p.Coverage = h.Description().Sets.Coverage
}

// crossRanges replaces the range of each item by one whose threshold comes from the other folds alone (CV+), so that coverage is
// measured on items that had no part in it. Folds are those of the first repeat.
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
			var theirs []string
			for j, s := range scores {
				if fold(j) == fold(i) {
					continue
				}
				others = append(others, s)
				if groups != nil {
					theirs = append(theirs, groups[j])
				}
			}
			t, _, err := calibration.Threshold(others, theirs, p.Coverage)
			if err != nil {
				return err
			}
			thresholds[fold(i)] = t
		}
		p.Low[i], p.High[i] = calibration.Interval(p.Row(i), p.Classes[i], thresholds[fold(i)])
	}
	return nil
}
