package dataset

import (
	"cmp"
	"fmt"
	"slices"

	"finetune/internal/randstream"
	"finetune/invalid"
)

// SplitOptions say how much of the data to hold out.
type SplitOptions struct {
	Val  float64 `json:"val"`  // share for early stopping and choices; 0 ≤ Val < 1
	Test float64 `json:"test"` // share that is held out and reported; 0 ≤ Test < 1, Val + Test < 1
	Seed uint64  `json:"seed"`
}

// Numbers declares the numbers of SplitOptions.
var Numbers = struct{ Val, Test invalid.Number }{
	Val:  invalid.Number{Field: "Split.Val", Range: invalid.Range{High: 1, HighOpen: true}},
	Test: invalid.Number{Field: "Split.Test", Range: invalid.Range{High: 1, HighOpen: true}},
}

// Check refuses shares that leave nothing to train on.
func (o SplitOptions) Check() error {
	if err := cmp.Or(Numbers.Val.Check(o.Val), Numbers.Test.Check(o.Test)); err != nil {
		return err
	}
	if o.Val+o.Test >= 1 {
		return &invalid.Error{Field: "Split.Val", Found: fmt.Sprintf("%v, and {Split.Test} %v", o.Val, o.Test),
			Want: "shares that leave something to train on"}
	}
	return nil
}

// CheckGroups refuses data whose images are all in one group: a group stays whole, so nothing could be held out.
func (s *Set) CheckGroups() error {
	if len(s.Items) < 2 || s.Items[0].Group == "" ||
		slices.ContainsFunc(s.Items, func(it Item) bool { return it.Group != s.Items[0].Group }) {
		return nil
	}
	return &invalid.Error{
		Path: s.Source, Found: fmt.Sprintf("all %d images in the group %q", len(s.Items), s.Items[0].Group),
		Want: "several groups, since the images of a group stay together",
		Hint: "correct the column group, or name the column or the pattern of the groups with {Data.GroupColumn} or {Data.GroupRegex}",
	}
}

// A Partition holds item indices, each part in ascending order, no index in two parts and every index in one. An
// empty part isn't nil.
type Partition struct {
	Train, Val, Test []int
	Notes            []string // what the user should know: a sentence each, without a full stop
}

// Split cuts a labelled set into parts. With shares of 0 all items are for training, unless the data names other
// parts. Groups stay whole, and each part has about the class shares of all; the method is that of the stratified
// group folds of Folds. Every class keeps at least one item in training. A part whose share is smaller than any group
// still gets one, where training can spare it.
//
// Parts that the user gave are kept. Where items are given to train and test, only a validation part of share Val is
// cut from train. Where they are given to train and val alone, that val is the part that nothing was chosen on by
// anyone else, so it becomes Test and a new Val is cut from train. Items without a part, in data that has parts, go
// where train goes. A group that the user put into two parts is a *invalid.Error, as are given parts without train
// and data too small to hold anything out.
func Split(s *Set, o SplitOptions) (Partition, error) {
	if err := o.Check(); err != nil {
		return Partition{}, err
	}
	var given [4][]int
	for i, it := range s.Items {
		if it.Label < 0 {
			return Partition{}, fmt.Errorf("split: item %s has no label", it.Path)
		}
		given[it.Part] = append(given[it.Part], i)
	}
	place := func(it Item) int { return int(max(it.Part, Train)) }
	if err := s.checkGivenGroups(place, func(part int) string { return Part(part).String() }); err != nil {
		return Partition{}, err
	}
	var p Partition
	pool := given[Unassigned]
	heldOut := len(given[Val]) + len(given[Test])
	if heldOut > 0 || len(given[Train]) > 0 {
		if len(pool) > 0 && heldOut > 0 {
			p.Notes = append(p.Notes, count(len(pool), "image")+" without a part go with the training part")
		}
		pool = append(pool, given[Train]...)
		slices.Sort(pool)
	}
	p.Val, p.Test = given[Val], given[Test]
	val, test := o.Val, o.Test
	switch {
	case len(pool) == 0:
		return Partition{}, &invalid.Error{
			Path:  s.Source,
			Found: "val or test but no images to train on",
			Want:  "a train part",
		}
	case len(p.Val) > 0 && len(p.Test) > 0:
		val, test = 0, 0
	case len(p.Test) > 0:
		test = 0
	case len(p.Val) > 0:
		p.Val, p.Test, test = nil, p.Val, 0
		p.Notes = append(
			p.Notes,
			"the given val part is the one that is held out and reported; another for early stopping comes from train",
		)
	}
	if err := s.cut(&p, pool, val, test, o.Seed); err != nil {
		return Partition{}, err
	}
	p.Notes = append(p.Notes, s.spreadNotes(p)...)
	return p, nil
}

// cut divides the items of the pool into the parts, beside what these have already.
func (s *Set) cut(p *Partition, pool []int, val, test float64, seed uint64) error {
	u := s.units(pool)
	shares, rng := []float64{1 - val - test, val, test}, randstream.New(seed, "split")
	parts := u.assign(shares, rng)
	u.keepInFirst(parts)
	for part, share := range shares {
		if share > 0 && !slices.Contains(parts, part) {
			u.spare(parts, part, rng)
		}
	}
	for unit, part := range parts {
		to := [...]*[]int{&p.Train, &p.Val, &p.Test}[part]
		*to = append(*to, u.items[unit]...)
	}
	for _, part := range []*[]int{&p.Train, &p.Val, &p.Test} {
		if *part == nil {
			*part = []int{}
		}
		slices.Sort(*part)
	}
	if val > 0 && len(p.Val) == 0 || test > 0 && len(p.Test) == 0 {
		found := count(len(pool), "image") + " to cut"
		if len(parts) < len(pool) {
			found = count(len(pool), "image") + " to cut, in " + count(len(parts), "group") + " that stay whole"
		}
		return &invalid.Error{Path: s.Source, Found: found,
			Want: "enough to hold some out and keep some of every class in training",
			Hint: "add images, or ask for none with {Split.Val} 0 or {Split.Test} 0"}
	}
	return nil
}

// spreadNotes says which classes a part lacks.
func (s *Set) spreadNotes(p Partition) []string {
	var notes []string
	for _, part := range []struct {
		name  string
		items []int
	}{{"training", p.Train}, {"validation", p.Val}, {"held-out", p.Test}} {
		if len(part.items) == 0 {
			continue
		}
		has := make([]bool, s.Space.Len())
		for _, i := range part.items {
			has[s.Items[i].Label] = true
		}
		var lacks []string
		for c, n := range s.Counts() {
			if n > 0 && !has[c] {
				lacks = append(lacks, s.Space.Class(c))
			}
		}
		if len(lacks) > 0 {
			notes = append(
				notes,
				fmt.Sprintf("the %s part has no image of %s: %s", part.name, count(len(lacks), "class"), some(lacks)),
			)
		}
	}
	return notes
}

// checkGivenGroups returns an error for a group that the user put into two places.
func (s *Set) checkGivenGroups(place func(Item) int, name func(int) string) error {
	first := make(map[string]int)
	for i, it := range s.Items {
		if it.Group == "" {
			continue
		}
		j, ok := first[it.Group]
		if !ok {
			first[it.Group] = i
			continue
		}
		if a, b := place(s.Items[j]), place(it); a != b {
			return &invalid.Error{Path: s.Source,
				Found: fmt.Sprintf(
					"the group %q in %s (%s) and in %s (%s)",
					it.Group,
					name(a),
					s.Items[j].Path,
					name(b),
					it.Path,
				),
				Want: "each group within one part", Hint: "assign the whole group to one, or leave the assignment out"}
		}
	}
	return nil
}
