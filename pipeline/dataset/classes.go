package dataset

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"finetune/invalid"
	"finetune/label"
)

// space decides on the classes.
func (l *loader) space() (label.Space, error) {
	if l.o.Space != nil {
		return *l.o.Space, nil
	}
	if l.o.AutoBins {
		if err := l.takeBins(); err != nil {
			return label.Space{}, err
		}
	}
	var s label.Space
	var err error
	switch names := label.MergeNumbers(l.classNames()); {
	case l.o.Bins != nil:
		s, err = label.Bins(l.o.Bins)
	case l.o.Order != nil:
		s, err = label.WithOrder(names, l.o.Order)
	case len(names) == 0:
		return s, l.noLabels()
	case len(names) == 1:
		return s, &invalid.Error{
			Path:  l.o.Path,
			Found: fmt.Sprintf("only the class %q", names[0]),
			Want:  "at least two classes",
		}
	case len(names) > label.MaxClasses:
		return s, l.tooMany(names)
	default:
		s, err = label.Infer(names)
		if _, worded := label.CommonWord(names); worded && err == nil {
			l.notes = append(
				l.notes,
				fmt.Sprintf("the classes are in the order of the numbers in their names: %s lowest, %s highest",
					s.Class(0), s.Class(s.Len()-1)),
			)
		}
	}
	if err == nil && l.o.Positions != nil {
		s, err = s.WithValues(l.o.Positions)
	}
	return s, err
}

// noLabels is the error for data without any label, such as a table with a label column of missing values.
func (l *loader) noLabels() error {
	column := cmp.Or(l.labelName, labelColumn)
	e := &invalid.Error{Path: l.table, Found: fmt.Sprintf("no label in the column %q", column), Want: "a class for each image",
		Hint: "fill the column in, or name another with {Data.LabelColumn}"}
	if l.missingLabel != "" {
		e.Found = fmt.Sprintf("no label in the column %q, only missing values such as %q", column, l.missingLabel)
	}
	return e
}

// tooMany is the error for more different labels than there may be classes.
func (l *loader) tooMany(names []string) error {
	e := &invalid.Error{
		Path:  l.o.Path,
		Found: fmt.Sprintf("%d different labels, such as %q", len(names), short(names[0])),
		Want: fmt.Sprintf(
			"at most %d classes",
			label.MaxClasses,
		),
		Hint: "where they are numbers, cut them into ranges, as with {Data.Bins} 0,3,7,14",
	}
	if p := l.propose(); p != nil {
		e.Hint = "cut them into ranges, as with {Data.Bins} " + joinNumbers(p.Edges)
	}
	return e
}

// classNames returns the different class names of the data: those of labels, of votes and of folders, even empty
// ones.
func (l *loader) classNames() []string {
	seen := make(map[string]bool)
	var names []string
	add := func(name string) {
		if name == "" || seen[name] {
			return
		}
		seen[name] = true
		if clean, err := label.CleanName(name); err == nil && clean != name {
			if seen[clean] {
				return
			}
			seen[clean], name = true, clean
		}
		names = append(names, name)
	}
	for _, class := range slices.Concat(l.classes, l.voteClasses) {
		add(class)
	}
	for i := range l.items {
		add(l.items[i].Text)
	}
	return names
}

// votePlaces maps voteClasses to classes, or to themselves where there are none.
func (l *loader) votePlaces(space label.Space) ([]int, error) {
	places := make([]int, len(l.voteClasses))
	for i, class := range l.voteClasses {
		if l.o.Unlabelled {
			places[i] = i
			continue
		}
		c, ok := space.Index(class)
		if !ok {
			return nil, &invalid.Error{
				Path:  l.o.Path,
				Found: fmt.Sprintf("votes for %q", short(class)),
				Want:  "classes among " + listed(space),
			}
		}
		places[i] = c
	}
	return places, nil
}

// checkCounts returns an error for data that can't be trained on, and notes classes that are empty because the user
// named them.
func (l *loader) checkCounts(s *Set) error {
	if l.o.Unlabelled || l.o.Space != nil {
		return nil
	}
	var empty []string
	full := 0
	for i, n := range s.Counts() {
		if n > 0 {
			full++
		} else {
			empty = append(empty, s.Space.Class(i))
		}
	}
	switch {
	case full < 2 && !s.Soft():
		return &invalid.Error{
			Path:  l.o.Path,
			Found: fmt.Sprintf("images of one class only, with none of %s", some(empty)),
			Want:  "images of at least two classes",
		}
	case len(empty) > 0 && l.o.Order == nil && l.o.Bins == nil && !s.Soft():
		return &invalid.Error{
			Path:  l.o.Path,
			Found: fmt.Sprintf("no image of the class %q", empty[0]),
			Want:  "at least one of each class",
			Hint:  "add some or remove its folder or column, or keep the class by naming all in {Data.Order}",
		}
	case len(empty) > 0:
		l.notes = append(l.notes, fmt.Sprintf("no image of %s: %s", count(len(empty), "class"), some(empty)))
	}
	return nil
}

// listed names the classes of a space for a message.
func listed(s label.Space) string { return some(s.Classes()) }

// some names the first dozen.
func some(names []string) string {
	const most = 12
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
