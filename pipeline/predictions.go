package pipeline

import (
	"finetune/head"
	"finetune/label"
	"finetune/pipeline/calibration"
	"finetune/pipeline/dataset"
	"finetune/pipeline/metrics"
	"slices"
)

// predictions are distributions over the classes for some items, and the class that the head's rule takes of each.
type predictions struct {
	items   []dataset.Item
	probs   []float32 // len(items) × K
	logits  []float32 // len(items) × outputs, without a temperature; nil where probs are means over views or repeats
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
	if t.views.Predict > 1 {
		if err := probabilities(h, t.features, t.perItem, t.views.Predict, rows, threads, p.probs); err != nil {
			return nil, err
		}
	} else {
		p.logits = make([]float32, len(items)*h.Outputs())
		if err := h.Logits(t.features, rowsOf(rows, t.features.Rows, t.perItem, 1), threads, p.logits); err != nil {
			return nil, err
		}
		for i := range items {
			h.Distribution(p.logits[i*h.Outputs():(i+1)*h.Outputs()], p.row(i))
		}
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

// append adds predictions for other items, which are in no fold.
func (p *predictions) append(others *predictions) *predictions {
	return &predictions{
		items: slices.Concat(p.items, others.items), probs: slices.Concat(p.probs, others.probs), classes: slices.Concat(p.classes, others.classes),
		low: slices.Concat(p.low, others.low), high: slices.Concat(p.high, others.high), coverage: p.coverage,
		folds: append(slices.Clone(p.folds), make([]int, len(others.items)*p.repeats)...), repeats: p.repeats,
	}
}

// byLabel sums the distributions of the items of each class.
func (p *predictions) byLabel() [][]float64 {
	k := len(p.probs) / len(p.items)
	sums := make([][]float64, k)
	for i := range sums {
		sums[i] = make([]float64, k)
	}
	for i, item := range p.items {
		for c, v := range p.row(i) {
			sums[item.Label][c] += float64(v)
		}
	}
	return sums
}

// groupCount counts the groups of items; 0 where there are none.
func groupCount(items []dataset.Item) int {
	seen := map[string]bool{}
	for _, it := range items {
		if it.Group != "" {
			seen[it.Group] = true
		}
	}
	return len(seen)
}

// sample is the predictions as calibration takes them.
func (p *predictions) sample(space label.Space) calibration.Sample {
	return calibration.Sample{Probabilities: p.probs, Logits: p.logits, Input: p.input(space)}
}

// fitted returns predictions of a head without a temperature as h makes them: with its temperature, decision rule and prediction sets.
func (p *predictions) fitted(h *head.Head) *predictions {
	out := *p
	out.probs = p.sample(h.Space()).Temper(h)
	out.decide(h)
	return &out
}

// decide fills in the class of each distribution by the decision rule of a head, and the range around it where the head has sets.
func (p *predictions) decide(h *head.Head) {
	p.classes, p.low, p.high = calibration.Decide(h, p.probs)
	p.coverage = h.Description().Sets.Coverage
}

// crossRanges replaces the range of each item by one whose threshold comes from the other folds alone (CV+), so that coverage is
// measured on items that had no part in it. Folds are those of the first repeat.
func (p *predictions) crossRanges() error {
	if p.low == nil {
		return nil
	}
	labels := make([]int, len(p.items))
	for i, item := range p.items {
		labels[i] = item.Label
	}
	scores, groups := calibration.Scores(p.probs, p.classes, labels), groupsOf(p.items)
	fold := func(i int) int { return p.foldsOf(i)[0] }
	thresholds := map[int]float64{}
	for i := range p.items {
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
			t, _, err := calibration.Threshold(others, theirs, p.coverage)
			if err != nil {
				return err
			}
			thresholds[fold(i)] = t
		}
		p.low[i], p.high[i] = calibration.Interval(p.row(i), p.classes[i], thresholds[fold(i)])
	}
	return nil
}
