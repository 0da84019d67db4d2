package dataset

import (
	"fmt"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"gonum.org/v1/gonum/floats"

	"finetune/internal/remote"
	"finetune/invalid"
	"finetune/label"
)

// set makes the set of the items, once all of them are read.
func (l *loader) set() (*Set, error) {
	if len(l.items) == 0 {
		return nil, &invalid.Error{Path: remote.Redacted(l.o.Path), Found: "no images", Want: "at least one"}
	}
	views, err := l.gatherViews()
	if err != nil {
		return nil, err
	}
	l.mergeRaters()
	if err := l.dropDuplicates(); err != nil {
		return nil, err
	}
	if err := l.resolve(); err != nil {
		return nil, err
	}
	if o := l.o.Shard; o.Count > 1 && l.layout != Packed {
		if o.Index >= len(l.items) {
			return nil, &invalid.Error{Field: "Shard", Found: fmt.Sprintf("%d/%d of %s", o.Index, o.Count, count(len(l.items), "image")), Want: "at least one image in each part"}
		}
		l.filter(func(i int) bool { return o.Holds(int64(i)) })
	}
	s := &Set{
		voteClasses: l.voteClasses,
		Layout:      l.layout,
		Source:      remote.Redacted(l.o.Path),
		Views:       views,
		Items:       l.items,
		Undecoded:   l.undecoded,
	}
	s.Proposal = l.propose()
	if !l.o.Unlabelled {
		if s.Space, err = l.space(); err != nil {
			return nil, err
		}
	}
	places, err := l.votePlaces(s.Space)
	if err != nil {
		return nil, err
	}
	if err := l.understandAll(s, places); err != nil {
		return nil, err
	}
	if err := l.checkCounts(s); err != nil {
		return nil, err
	}
	s.Notes = l.notes
	return s, nil
}

// understandAll fills in the groups, labels, targets and values of the items.
func (l *loader) understandAll(s *Set, places []int) error {
	ungrouped := 0
	for i := range s.Items {
		it := &s.Items[i]
		if l.groupRegex != nil {
			group, ok := capture(l.groupRegex, it.Path)
			if !ok {
				ungrouped++
			}
			it.Group = l.word(group)
		}
		if l.o.Unlabelled {
			if it.Text == "" && l.labelRegex != nil {
				it.Text, _ = capture(l.labelRegex, it.Path) // of a list or a single image
			}
			it.Votes = floats.Sum(it.Target)
			it.Target = distribution(it.Target, places, len(places))
		} else if err := l.understand(it, int(l.lines[i]), s.Space, places); err != nil {
			return err
		}
	}
	if l.groupRegex != nil && ungrouped == len(s.Items) {
		return &invalid.Error{
			Field: "Data.GroupRegex",
			Found: fmt.Sprintf("no match in any of %s, such as %s", count(ungrouped, "name"), s.Items[0].Path),
			Want:  "a pattern whose first group names the group",
		}
	}
	if ungrouped > 0 {
		l.notes = append(
			l.notes,
			fmt.Sprintf("%s that the pattern for groups doesn't match, each on its own", count(ungrouped, "image")),
		)
	}
	return nil
}

// dropDuplicates returns an error for a path that comes twice, since it would be counted twice and could be in two
// parts. Without labels the second is left out.
func (l *loader) dropDuplicates() error {
	if l.layout == ClassFolders || l.layout == FlatFolder || l.layout == Folder {
		return nil // a folder has each name once
	}
	first := make(map[string]int32, len(l.items))
	var again []string
	var twice error
	l.filter(func(i int) bool {
		p := l.relative(l.items[i].Path)
		line, known := first[p]
		switch {
		case !known:
			first[p] = l.lines[i]
		case l.o.Unlabelled:
			again = append(again, p)
		case twice == nil:
			twice = l.wrongAt(
				int(l.lines[i]),
				fmt.Sprintf("the path %q again, first in line %d", short(p), line),
				"each image once",
				"remove one of the lines",
			)
		}
		return !known
	})
	l.noteLeftOut(again, "line", "the path comes before")
	return twice
}

// relative returns a path in full that is below the folder of the table as one relative to it, and others as they are.
func (l *loader) relative(p string) string {
	if !path.IsAbs(p) {
		return p
	}
	if l.absolute == "" {
		base, err := filepath.Abs(l.base)
		if err != nil {
			return p
		}
		l.absolute = strings.TrimSuffix(filepath.ToSlash(base), "/") + "/"
	}
	return strings.TrimPrefix(p, l.absolute)
}

// understand fills in the label, target and value of an item from its text and its votes.
func (l *loader) understand(it *Item, line int, space label.Space, places []int) error {
	votes := it.Target != nil
	if votes {
		it.Votes = floats.Sum(it.Target)
		if it.Target = distribution(it.Target, places, space.Len()); it.Target == nil {
			return l.wrongAt(line, "no votes", "at least one above 0", "leave the line out")
		}
		it.Label = label.Median(it.Target)
	}
	switch {
	case it.Text != "":
	case votes:
		return nil
	default:
		return l.wrongAt(line, "no label", "a class in every line", "leave the line out")
	}
	if edges := space.Edges(); edges != nil {
		if x, err := strconv.ParseFloat(it.Text, 64); err == nil {
			if it.Label, err = space.BinOf(x); err != nil {
				return &invalid.Error{Path: l.where(it, line), Found: "the label " + short(it.Text),
					Want: fmt.Sprintf(
						"a finite number from the first edge, %v, up",
						edges[0],
					), Hint: "lower the first of {Data.Bins} or leave the image out"}
			}
			it.Value = x
			return nil
		}
	}
	c, ok := space.Index(it.Text)
	if !ok {
		return &invalid.Error{
			Path:  l.where(it, line),
			Found: fmt.Sprintf("the label %q", short(it.Text)),
			Want:  "one of " + listed(space),
		}
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

// where names the place of an item for a message.
func (l *loader) where(it *Item, line int) string {
	if line > 0 {
		return l.at(line)
	}
	return it.File
}
