package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"finetune/pipeline/dataset"
)

// A comparePlan says which images each fit of a comparison trains on, watches and is measured on: the same for every loss.
type comparePlan struct {
	seeds   []uint64
	heldOut [][]int               // by fold
	parts   [][]dataset.Partition // by fold and seed; Train and Val are indices into the set
	notes   []string
}

// plan draws the folds once, and in each fold a part for early stopping for each seed.
func (c *Compare) plan(set *dataset.Set) (*comparePlan, error) {
	p := &comparePlan{}
	folds := c.Folds
	if slices.ContainsFunc(set.Items, func(it dataset.Item) bool { return it.Fold >= 0 }) {
		folds = 0
	}
	of, err := dataset.Folds(set, folds, c.Seed)
	if err != nil {
		return nil, err
	}
	p.heldOut = make([][]int, slices.Max(of)+1)
	for i, f := range of {
		p.heldOut[f] = append(p.heldOut[f], i)
	}
	if folds == 0 {
		p.notes = append(p.notes, fmt.Sprintf("the %d folds are those of the data, so --folds counts for nothing", len(p.heldOut)))
	}
	if slices.ContainsFunc(set.Items, func(it dataset.Item) bool { return it.Part != dataset.Unassigned }) {
		p.notes = append(p.notes, "the parts (train, val, test) of the data are passed over: every image is held out once")
	}
	for s := range c.Seeds {
		p.seeds = append(p.seeds, c.Seed+uint64(s))
	}
	for fold := range p.heldOut {
		parts, err := p.watch(set, of, fold, c.Val)
		if err != nil {
			return nil, fmt.Errorf("fold %d: %w", fold+1, err)
		}
		p.parts = append(p.parts, parts)
		p.noteAbsent(set, fold)
	}
	return p, nil
}

// watch cuts the part for early stopping from what a fold doesn't hold out, for each seed.
func (p *comparePlan) watch(set *dataset.Set, of []int, fold int, share float64) ([]dataset.Partition, error) {
	rest := *set
	rest.Items = nil
	var rows []int
	for i, item := range set.Items {
		if of[i] != fold {
			item.Part = dataset.Unassigned
			rest.Items = append(rest.Items, item)
			rows = append(rows, i)
		}
	}
	parts := make([]dataset.Partition, len(p.seeds))
	for s, seed := range p.seeds {
		var err error
		if parts[s], err = dataset.Split(&rest, dataset.SplitOptions{Val: share, Seed: seed}); err != nil {
			return nil, err
		}
		for _, part := range [][]int{parts[s].Train, parts[s].Val} {
			for i, row := range part {
				part[i] = rows[row]
			}
		}
	}
	return parts, nil
}

// noteAbsent notes classes of which a fold holds out none, and those that it holds out whole.
func (p *comparePlan) noteAbsent(set *dataset.Set, fold int) {
	held := make([]int, set.Space.Len())
	for _, i := range p.heldOut[fold] {
		held[set.Items[i].Label]++
	}
	var none, all []string
	for class, n := range set.Counts() {
		switch {
		case n == 0:
		case held[class] == 0:
			none = append(none, set.Space.Class(class))
		case held[class] == n:
			all = append(all, set.Space.Class(class))
		}
	}
	if len(none) > 0 {
		p.notes = append(p.notes, fmt.Sprintf("fold %d holds out no image of %s", fold+1, strings.Join(none, ", ")))
	}
	if len(all) > 0 {
		p.notes = append(p.notes, fmt.Sprintf("fold %d holds out every image of %s, so none is trained on", fold+1, strings.Join(all, ", ")))
	}
}

// describe counts what each fold holds out.
func (p *comparePlan) describe(set *dataset.Set) []CompareFold {
	folds := make([]CompareFold, len(p.heldOut))
	for f, rows := range p.heldOut {
		seen := map[string]bool{}
		for _, i := range rows {
			if g := set.Items[i].Group; g != "" {
				seen[g] = true
			}
		}
		folds[f] = CompareFold{
			Fold: f + 1, HeldOut: len(rows), Groups: len(seen),
			Train: len(p.parts[f][0].Train), Val: len(p.parts[f][0].Val),
		}
	}
	return folds
}

// items are the held-out images, fold after fold.
func (p *comparePlan) items(set *dataset.Set) []dataset.Item {
	var items []dataset.Item
	for _, rows := range p.heldOut {
		items = append(items, pick(set.Items, rows)...)
	}
	return items
}

// pick returns the items of the given rows.
func pick(items []dataset.Item, rows []int) []dataset.Item {
	out := make([]dataset.Item, len(rows))
	for i, row := range rows {
		out[i] = items[row]
	}
	return out
}
