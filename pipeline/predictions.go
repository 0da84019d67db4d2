package pipeline

import (
	"finetune/head"
	"finetune/label"
	"finetune/pipeline/dataset"
	"finetune/pipeline/metrics"
)

// predictions are distributions over the classes for some items, and the class that the head's rule takes of each.
type predictions struct {
	items   []dataset.Item
	probs   []float32 // len(items) × K
	classes []int
	// folds says where each item was held out in a cross-validation: len(items) × repeats numbers from 1, 0 for items that are in no
	// fold.
	folds   []int
	repeats int // 0: there was none
	// low and high are the ranges of classes of a head that has prediction sets of that coverage; nil otherwise.
	low, high []int
	coverage  float64
}

func (p *predictions) foldsOf(i int) []int { return p.folds[i*p.repeats : (i+1)*p.repeats] }

func (p *predictions) row(i int) []float32 {
	k := len(p.probs) / len(p.items)
	return p.probs[i*k : (i+1)*k]
}

// predictItems runs the head on some items of the table, rows[i] being the place of items[i] in it; nil rows are all in order.
func predictItems(h *head.Head, t *table, rows []int, items []dataset.Item, threads int) (*predictions, error) {
	p := &predictions{items: items, probs: make([]float32, len(items)*h.Space().Len())}
	if err := probabilities(h, t.features, t.perItem, t.views.Predict, rows, threads, p.probs); err != nil {
		return nil, err
	}
	p.decide(h)
	return p, nil
}

// measure compares predictions with the labels of their items. Prior is the class shares of the training part, nil where
// unknown.
func (p *predictions) measure(h *head.Head, prior []float64, seed uint64) (metrics.Report, error) {
	in := p.input(h.Space())
	in.Predicted, in.Prior, in.Seed = p.classes, prior, seed
	in.Low, in.High, in.Coverage = p.low, p.high, p.coverage
	return metrics.Evaluate(in)
}

// input is what the figures are taken from, but for the classes that a rule takes.
func (p *predictions) input(space label.Space) metrics.Input {
	in := metrics.Input{Space: space, Groups: groupsOf(p.items)}
	soft := false
	for _, item := range p.items {
		in.Labels = append(in.Labels, item.Label)
		soft = soft || item.Target != nil
	}
	for _, v := range p.probs {
		in.Probabilities = append(in.Probabilities, float64(v))
	}
	if soft {
		k := space.Len()
		in.Targets = make([]float64, len(p.probs))
		for i, item := range p.items {
			if item.Target == nil {
				in.Targets[i*k+item.Label] = 1
			}
			copy(in.Targets[i*k:], item.Target)
		}
	}
	return in
}

// groupsOf returns the group of each item, nil where none has one.
func groupsOf(items []dataset.Item) []string {
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
