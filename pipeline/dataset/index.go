package dataset

import (
	"encoding/csv"
	"math"
	"path/filepath"
	"strconv"

	"finetune/internal/remote"
)

// Header returns the columns that Record fills: path and label always, then votes, split, fold, group and weight
// where any item has them. A CSV file of both is a manifest that Load reads back to the same items.
func (s *Set) Header() []string {
	header := []string{pathColumn, labelColumn}
	for _, c := range s.columns() {
		header = append(header, c.name)
	}
	return header
}

// Records returns the function that gives the values of item i, in the order of Header. The label is the text as
// it was read, so that other bins or another order can still be chosen.
func (s *Set) Records() func(i int) []string {
	cols := s.columns()
	return func(i int) []string {
		it := &s.Items[i]
		row := make([]string, 2, 2+len(cols))
		row[0], row[1] = it.Path, it.Text
		for _, c := range cols {
			row = append(row, c.value(it))
		}
		return row
	}
}

// An optional column of a manifest.
type optional struct {
	name  string
	value func(it *Item) string
}

func (s *Set) columns() []optional {
	var cols []optional
	if s.Soft() {
		classes := s.Space.Classes()
		if len(classes) == 0 {
			classes = s.voteClasses
		}
		for c, class := range classes {
			cols = append(cols, optional{votesPrefix + class, func(it *Item) string {
				if it.Target == nil {
					return ""
				}
				return strconv.FormatFloat(it.votesFor(c), 'g', -1, 64)
			}})
		}
	}
	for _, c := range []optional{
		{splitColumn, func(it *Item) string { return it.Part.String() }},
		{foldColumn, func(it *Item) string {
			if it.Fold < 0 {
				return ""
			}
			return strconv.Itoa(it.Fold)
		}},
		{groupColumn, func(it *Item) string { return it.Group }},
		{weightColumn, func(it *Item) string {
			if it.Weight == 1 {
				return ""
			}
			return strconv.FormatFloat(it.Weight, 'g', -1, 64)
		}},
	} {
		for i := range s.Items {
			if c.value(&s.Items[i]) != "" {
				cols = append(cols, c)
				break
			}
		}
	}
	return cols
}

// votesFor returns the votes for a class as they were given. Whole numbers of them come back whole.
func (it *Item) votesFor(class int) float64 {
	const rounding = 1e-6
	v := it.Target[class] * max(it.Votes, 1)
	if whole := math.Round(v); it.Votes > 1 && math.Abs(v-whole) < rounding {
		return whole
	}
	return v
}

// RelativeTo returns the items with paths relative to a folder, as a manifest in that folder has them, or absolute ones where the folder is
// at an address. Images that aren't files of their own keep their paths.
func (s *Set) RelativeTo(folder string) (*Set, error) {
	elsewhere := remote.Is(folder)
	folder, err := filepath.Abs(folder)
	if err != nil {
		return nil, err
	}
	moved := *s
	moved.Items = make([]Item, len(s.Items))
	for i, it := range s.Items {
		if it.File != "" {
			file, err := filepath.Abs(it.File)
			if err != nil {
				return nil, err
			}
			if relative, err := filepath.Rel(folder, file); err == nil && !elsewhere {
				file = relative
			}
			it.Path = filepath.ToSlash(file)
		}
		moved.Items[i] = it
	}
	return &moved, nil
}

// WriteRows writes the manifest: Header, then the Records of all items.
func (s *Set) WriteRows(w *csv.Writer) error {
	if err := w.Write(s.Header()); err != nil {
		return err
	}
	record := s.Records()
	for i := range s.Items {
		if err := w.Write(record(i)); err != nil {
			return err
		}
	}
	return nil
}
