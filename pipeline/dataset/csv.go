package dataset

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"finetune/invalid"
)

// bom marks UTF-8 in files of some Windows programs.
const bom = "\ufeff"

// csv reads a manifest with a header. Columns are separated by commas, or by semicolons or tabs where the header
// has these and no comma.
func (l *loader) csv() error {
	f, err := openManifest(l.o.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	l.size = sizeOf(f)
	return l.readCSV(f)
}

func (l *loader) readCSV(r io.Reader) error {
	l.layout = CSV
	in := bufio.NewReaderSize(r, 1<<16)
	begin, _ := in.Peek(1 << 12) // a read error comes again below
	if err := l.checkText(begin); err != nil {
		return err
	}
	if strings.HasPrefix(string(begin), bom) {
		in.Discard(len(bom))
		begin = begin[len(bom):]
	}
	rows := csv.NewReader(in)
	rows.Comma = separator(begin)
	rows.FieldsPerRecord = -1
	rows.ReuseRecord = true
	header, err := rows.Read()
	if errors.Is(err, io.EOF) {
		return &invalid.Error{Field: l.o.Path, Found: "nothing", Want: "a header such as path,label and a line for each image"}
	}
	if err != nil {
		return l.csvError(err)
	}
	cols, err := l.csvColumns(header)
	if err != nil {
		return err
	}
	for {
		row, err := rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return l.csvError(err)
		}
		line, _ := rows.FieldPos(0)
		if len(row) != len(cols) {
			return l.mistakeAt(line, count(len(row), "column"), fmt.Sprintf("%d as in the header", len(cols)), "put values that hold a separator in double quotes")
		}
		rec := newRecord("", "", line)
		for i, c := range cols {
			if c.votes >= 0 {
				err = l.setVotes(&rec, c.votes, row[i])
			} else if c.name != "" {
				err = l.setField(&rec, c.name, strings.Clone(row[i]))
			}
			if err != nil {
				return err
			}
		}
		if err := l.add(rec); err != nil {
			return err
		}
		l.expect(rows.InputOffset())
	}
}

// separator guesses from the header, which holds no quoted separators in any file that we know of.
func separator(begin []byte) rune {
	header, _, _ := strings.Cut(string(begin), "\n")
	switch {
	case strings.Contains(header, ","):
		return ','
	case strings.Contains(header, ";"):
		return ';'
	case strings.Contains(header, "\t"):
		return '\t'
	}
	return ','
}

// A column is what one of the file means: a name, or the place of a class in voteClasses; neither for one that
// is left alone.
type column struct {
	name  string
	votes int // -1 for none
}

func (l *loader) csvColumns(header []string) ([]column, error) {
	known := []string{pathColumn, labelColumn, splitColumn, foldColumn, groupColumn, weightColumn}
	if l.o.NoFiles {
		known = append(known, ViewColumn)
	}
	cols := make([]column, len(header))
	seen := make(map[string]bool)
	for i, h := range header {
		h = strings.TrimSpace(h)
		name := strings.ToLower(h)
		cols[i].votes = -1
		switch {
		case strings.HasPrefix(name, votesPrefix):
			class := h[len(votesPrefix):]
			cols[i].votes = l.votePlace(class)
			name = votesPrefix + class // classes differ by case, columns don't
		case slices.Contains(known, name):
			cols[i].name = name
		default:
			continue
		}
		if seen[name] {
			return nil, l.mistakeAt(1, fmt.Sprintf("the column %q twice", short(h)), "each column once", "")
		}
		seen[name] = true
	}
	if !seen[pathColumn] {
		return nil, l.mistakeAt(1, fmt.Sprintf("the header %q", short(strings.Join(header, ","))), "a column named path", "begin the file with a header such as path,label")
	}
	if !l.o.Unlabelled && !seen[labelColumn] && len(l.voteClasses) == 0 {
		return nil, l.mistakeAt(1, fmt.Sprintf("the header %q", short(strings.Join(header, ","))), "a column named label, or votes_<class> for each class", "add it to the header")
	}
	return cols, nil
}

// votePlace returns the place of a class in voteClasses, adding it where it is new.
func (l *loader) votePlace(class string) int {
	i, ok := l.voteIndex[class]
	if !ok {
		i = len(l.voteClasses)
		l.voteClasses = append(l.voteClasses, class)
		l.voteIndex[class] = i
	}
	return i
}

func (l *loader) csvError(err error) error {
	var p *csv.ParseError
	if errors.As(err, &p) {
		return l.mistakeAt(p.StartLine, p.Err.Error(), "a line of CSV", `double a quote inside a quoted value ("")`)
	}
	return fmt.Errorf("read %s: %w", l.o.Path, err)
}
