package crossval

import (
	"fmt"
	"slices"
	"strings"

	"finetune/pipeline/dataset"
)

// A Plan holds, for each fold of a cross-validation, the held-out images, and for each seed a split of the others
// into training and validation part. Images are indices into the set.
type Plan struct {
	Journal  *Journal // keeps finished fits; nil: none are kept
	Seeds    []uint64
	HeldOut  [][]int               // by fold
	Parts    [][]dataset.Partition // by fold and seed; Train and Val are set
	FromData bool                  // the data gives the folds
	Notes    []string
}

// Options configure NewPlan.
type Options struct {
	Folds    int      // 0: the folds that the data gives
	Seed     uint64   // of the folds
	Seeds    []uint64 // of the validation parts
	ValShare float64  // share of a fold's training images that becomes the validation part
	Redraw   bool     // ignore the folds that the data gives
}

// HasFolds reports whether the data assigns any of the rows to a fold.
func HasFolds(set *dataset.Set, rows []int) bool {
	return slices.ContainsFunc(rows, func(i int) bool { return set.Items[i].Fold >= 0 })
}

// NewPlan splits the given rows of a set into folds, those of the data if it gives any, and the training images of
// each fold into training and validation part. Groups are never divided. The parts that the data gives are ignored.
// The errors are those of dataset.Folds and dataset.Split.
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
		parts, err := p.validationParts(&pool, of, fold, o.ValShare)
		if err != nil {
			return nil, fmt.Errorf("fold %d: %w", fold+1, err)
		}
		p.Parts = append(p.Parts, parts)
		p.noteAbsent(&pool, fold)
		mapRows(rows, p.HeldOut[fold])
		for _, part := range parts {
			mapRows(rows, part.Train)
			mapRows(rows, part.Val)
		}
	}
	return p, nil
}

// validationParts splits the images outside a fold into training and validation part, once for each seed.
func (p *Plan) validationParts(set *dataset.Set, of []int, fold int, share float64) ([]dataset.Partition, error) {
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
		mapRows(rows, parts[s].Train)
		mapRows(rows, parts[s].Val)
	}
	return parts, nil
}

// mapRows replaces indices into a subset by indices into the set. Row i of the subset is rows[i] of the set.
func mapRows(rows, indices []int) {
	for i, row := range indices {
		indices[i] = rows[row]
	}
}

// noteAbsent notes the classes of which a fold holds out no image or every image.
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
		p.Notes = append(p.Notes, fmt.Sprintf("fold %d holds out every image of %s, so its head is trained without "+
			"them", fold+1, strings.Join(all, ", ")))
	}
}

// A FoldSize counts the images and groups of one fold. With several seeds, Train and Val are those of the first.
type FoldSize struct {
	Fold    int `json:"fold"` // from 1
	HeldOut int `json:"held_out"`
	Groups  int `json:"groups,omitempty"`
	Train   int `json:"train"`
	Val     int `json:"val"`
}

// Sizes returns the size of each fold.
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

// Items returns the held-out images, fold after fold.
func (p *Plan) Items(set *dataset.Set) []dataset.Item {
	var items []dataset.Item
	for _, rows := range p.HeldOut {
		items = append(items, Pick(set.Items, rows)...)
	}
	return items
}

// Pick returns the items of the given rows.
func Pick(items []dataset.Item, rows []int) []dataset.Item {
	out := make([]dataset.Item, len(rows))
	for i, row := range rows {
		out[i] = items[row]
	}
	return out
}

// AllRows returns the indices of all items of a set.
func AllRows(set *dataset.Set) []int {
	rows := make([]int, len(set.Items))
	for i := range rows {
		rows[i] = i
	}
	return rows
}
