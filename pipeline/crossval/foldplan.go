package crossval

import (
	"fmt"
	"slices"
	"strings"

	"finetune/pipeline/dataset"
)

// A foldPlan says for each fold of a cross-validation which images it holds out, which it trains on and which early stopping
// watches. The last two are drawn anew with each seed.
type Plan struct {
	Seeds    []uint64
	HeldOut  [][]int               // by fold
	Parts    [][]dataset.Partition // by fold and seed; Train and Val are indices into the set
	FromData bool                  // the folds are those of the data
	Notes    []string
}

// foldOptions say how folds are drawn.
type Options struct {
	Folds    int      // 0: those that the data gives
	Seed     uint64   // of the folds
	Seeds    []uint64 // of the parts for early stopping
	ValShare float64  // share of a fold's training part that becomes one
	// redraw passes over the folds that the data gives.
	Redraw bool
}

// givesFolds reports whether the data assigns any of the rows to a fold.
func HasFolds(set *dataset.Set, rows []int) bool {
	return slices.ContainsFunc(rows, func(i int) bool { return set.Items[i].Fold >= 0 })
}

// planFolds cuts the given rows of a set into folds, those that the data gives where it gives some, and cuts a part for early
// stopping from what each fold trains on. Groups are whole everywhere; parts that the data gives are passed over.
func NewPlan(set *dataset.Set, rows []int, o Options) (*Plan, error) {
	pool := *set
	pool.Items = Pick(set.Items, rows)
	for i := range pool.Items {
		pool.Items[i].Part = dataset.Unassigned
		if o.Redraw {
			pool.Items[i].Fold = -1
		}
	}
	of, err := dataset.Folds(&pool, o.Folds, o.Seed)
	if err != nil {
		return nil, err
	}
	p := &Plan{Seeds: o.Seeds, FromData: HasFolds(&pool, AllRows(&pool)), HeldOut: make([][]int, slices.Max(of)+1)}
	for i, f := range of {
		p.HeldOut[f] = append(p.HeldOut[f], i)
	}
	for fold := range p.HeldOut {
		parts, err := p.watch(&pool, of, fold, o.ValShare)
		if err != nil {
			return nil, fmt.Errorf("fold %d: %w", fold+1, err)
		}
		p.Parts = append(p.Parts, parts)
		p.noteAbsent(&pool, fold)
		through(rows, p.HeldOut[fold])
		for _, part := range parts {
			through(rows, part.Train)
			through(rows, part.Val)
		}
	}
	return p, nil
}

// watch cuts the part for early stopping from what a fold doesn't hold out, for each seed.
func (p *Plan) watch(set *dataset.Set, of []int, fold int, share float64) ([]dataset.Partition, error) {
	rest := *set
	rest.Items = nil
	var rows []int
	for i, item := range set.Items {
		if of[i] != fold {
			rest.Items = append(rest.Items, item)
			rows = append(rows, i)
		}
	}
	parts := make([]dataset.Partition, len(p.Seeds))
	for s, seed := range p.Seeds {
		var err error
		if parts[s], err = dataset.Split(&rest, dataset.SplitOptions{Val: share, Seed: seed}); err != nil {
			return nil, err
		}
		through(rows, parts[s].Train)
		through(rows, parts[s].Val)
	}
	return parts, nil
}

// through replaces indices into a subset by those of the whole, row i of the subset being rows[i].
func through(rows, indices []int) {
	for i, row := range indices {
		indices[i] = rows[row]
	}
}

// noteAbsent notes classes of which a fold holds out none, and those that it holds out whole.
func (p *Plan) noteAbsent(set *dataset.Set, fold int) {
	held := make([]int, set.Space.Len())
	for _, i := range p.HeldOut[fold] {
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
		p.Notes = append(p.Notes, fmt.Sprintf("fold %d holds out no image of %s", fold+1, strings.Join(none, ", ")))
	}
	if len(all) > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("fold %d holds out every image of %s, so none is trained on", fold+1, strings.Join(all, ", ")))
	}
}

// A FoldSize counts the images of one fold, and the groups that they belong to. Where a fold is trained with several seeds, Train and
// Val are those of the first.
type FoldSize struct {
	Fold    int `json:"fold"` // from 1
	HeldOut int `json:"held_out"`
	Groups  int `json:"groups,omitempty"`
	Train   int `json:"train"`
	Val     int `json:"val"`
}

// sizes counts what each fold holds out.
func (p *Plan) Sizes(set *dataset.Set) []FoldSize {
	folds := make([]FoldSize, len(p.HeldOut))
	for f, rows := range p.HeldOut {
		folds[f] = FoldSize{
			Fold: f + 1, HeldOut: len(rows), Groups: CountGroups(Pick(set.Items, rows)),
			Train: len(p.Parts[f][0].Train), Val: len(p.Parts[f][0].Val),
		}
	}
	return folds
}

// items are the held-out images, fold after fold.
func (p *Plan) Items(set *dataset.Set) []dataset.Item {
	var items []dataset.Item
	for _, rows := range p.HeldOut {
		items = append(items, Pick(set.Items, rows)...)
	}
	return items
}

// pick returns the items of the given rows.
func Pick(items []dataset.Item, rows []int) []dataset.Item {
	out := make([]dataset.Item, len(rows))
	for i, row := range rows {
		out[i] = items[row]
	}
	return out
}

// everyRow lists the rows of a set.
func AllRows(set *dataset.Set) []int {
	rows := make([]int, len(set.Items))
	for i := range rows {
		rows[i] = i
	}
	return rows
}
