package dataset

import (
	"fmt"
	"math"
	"os"
	"strconv"

	"gonum.org/v1/gonum/floats"

	"finetune/internal/mistake"
	"finetune/label"
)

// set makes items of the records, once all of them are read.
func (l *loader) set() (*Set, error) {
	if len(l.records) == 0 {
		return nil, &mistake.Error{Subject: l.o.Path, Found: "no images", Expected: "at least one"}
	}
	views, err := l.gatherViews()
	if err != nil {
		return nil, err
	}
	if err := l.dropDuplicates(); err != nil {
		return nil, err
	}
	if err := l.someFile(); err != nil {
		return nil, err
	}
	s := &Set{voteClasses: l.voteClasses, Layout: l.layout, Source: l.o.Path, Views: views, Items: make([]Item, len(l.records))}
	if !l.o.Unlabelled {
		if s.Space, err = l.space(); err != nil {
			return nil, err
		}
	}
	places, err := l.votePlaces(s.Space)
	if err != nil {
		return nil, err
	}
	ungrouped := 0
	for i := range l.records {
		r := &l.records[i]
		it := Item{Path: r.path, File: r.file, Label: -1, Text: r.label, Value: math.NaN(), Weight: r.weight, Group: r.group, Part: r.part, Fold: r.fold}
		if l.groupRegex != nil {
			var ok bool
			if it.Group, ok = capture(l.groupRegex, r.path); !ok {
				ungrouped++
			}
		}
		if l.o.Unlabelled {
			if it.Text == "" && l.labelRegex != nil {
				it.Text, _ = capture(l.labelRegex, r.path) // of a list or a single image
			}
			it.Target = distribution(r.votes, places, len(places))
		} else if err := l.understand(&it, r, s.Space, places); err != nil {
			return nil, err
		}
		s.Items[i] = it
	}
	if l.groupRegex != nil && ungrouped == len(s.Items) {
		return nil, &mistake.Error{Subject: "--group-regex", Found: fmt.Sprintf("no match in any of %s, such as %s", count(ungrouped, "name"), s.Items[0].Path),
			Expected: "a pattern whose first group names the group"}
	}
	if ungrouped > 0 {
		l.notes = append(l.notes, fmt.Sprintf("%s without a match of --group-regex, each on its own", count(ungrouped, "image")))
	}
	if err := l.checkCounts(s); err != nil {
		return nil, err
	}
	s.Notes = l.notes
	return s, nil
}

// dropDuplicates refuses a path that comes twice, since it would be counted twice and could lie on both sides of a
// split. Without labels the second is left out.
func (l *loader) dropDuplicates() error {
	first := make(map[string]int, len(l.records))
	kept := l.records[:0]
	var again []string
	for _, r := range l.records {
		line, twice := first[r.path]
		switch {
		case !twice:
			first[r.path] = r.line
			kept = append(kept, r)
		case l.o.Unlabelled:
			again = append(again, r.path)
		default:
			return l.mistakeAt(r.line, fmt.Sprintf("the path %q again, first in line %d", short(r.path), line), "each image once", "remove one of the lines")
		}
	}
	l.records = kept
	l.noteLeftOut(again, "line", "the path comes before")
	return nil
}

// someFile looks for the first few files of a manifest: where none is there, its paths are relative to something
// else, and that is better said now than image by image.
func (l *loader) someFile() error {
	const tries = 16
	if l.o.NoFiles {
		return nil
	}
	for _, r := range l.records[:min(tries, len(l.records))] {
		if _, err := os.Stat(r.file); err == nil {
			return nil
		}
	}
	return &mistake.Error{Subject: l.o.Path, Found: fmt.Sprintf("the path %q, where there is no file (nor for the lines after it)", short(l.records[0].path)),
		Expected: "paths relative to the folder of the manifest", Do: "move the manifest or change the paths"}
}

// understand fills in the label, target and value of an item.
func (l *loader) understand(it *Item, r *record, space label.Space, places []int) error {
	if r.votes != nil {
		if it.Target = distribution(r.votes, places, space.Len()); it.Target == nil {
			return l.mistakeAt(r.line, "no votes", "at least one above 0", "leave the line out")
		}
		it.Label = median(it.Target)
	}
	switch {
	case r.label != "":
	case r.votes != nil:
		return nil
	default:
		return l.mistakeAt(r.line, "no label", "a class in every line", "leave the line out")
	}
	if edges := space.Edges(); edges != nil {
		if x, err := strconv.ParseFloat(r.label, 64); err == nil {
			if it.Label, err = space.BinOf(x); err != nil {
				return &mistake.Error{Subject: l.where(r), Found: "the label " + short(r.label),
					Expected: fmt.Sprintf("a finite number from the first edge, %v, up", edges[0]), Do: "lower the first of --bins or leave the image out"}
			}
			it.Value = x
			return nil
		}
	}
	c, ok := space.Index(r.label)
	if !ok {
		return &mistake.Error{Subject: l.where(r), Found: fmt.Sprintf("the label %q", short(r.label)), Expected: "one of " + listed(space)}
	}
	it.Label = c
	return nil
}

// distribution puts votes in their places and makes them sum to 1; nil where there are none.
func distribution(votes []float64, places []int, k int) []float64 {
	total := floats.Sum(votes)
	if total == 0 {
		return nil
	}
	p := make([]float64, k)
	for i, v := range votes {
		p[places[i]] += v / total
	}
	return p
}

// where names the place of a record for a message.
func (l *loader) where(r *record) string {
	if r.line > 0 {
		return l.at(r.line)
	}
	return r.file
}

// median returns the lower median class of a distribution: the first where half of it is reached. It is the class
// with the least mean distance to the votes.
func median(p []float64) int {
	var sum float64
	for i, v := range p {
		if sum += v; sum >= 0.5-1e-12 { // the sum of thirds and the like may fall short by rounding
			return i
		}
	}
	return len(p) - 1
}
