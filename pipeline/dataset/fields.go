package dataset

import (
	"fmt"
	"math"
	"net/url"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"finetune/pipeline/source"
	"finetune/pipeline/textrows"
)

// votesPrefix begins the columns with the votes for each class: votes_1, votes_2, …
const votesPrefix = "votes_"

// The columns with a meaning, by their usual names.
const (
	pathColumn   = "path"
	labelColumn  = "label"
	splitColumn  = "split"
	foldColumn   = "fold"
	groupColumn  = "group"
	weightColumn = "weight"
)

// leastWeight and mostWeight leave room for sums and products of weights in float32, in which heads are trained.
const leastWeight, mostWeight = 1e-30, 1e30

// setField puts the value of a column into the record. Space around a value isn't part of it, except in a path.
func (l *loader) setField(r *record, column, value string) error {
	if !utf8.ValidString(value) {
		return l.wrongAt(r.line, fmt.Sprintf("the %s %q", column, short(value)), "text in UTF-8", "save the table as UTF-8")
	}
	if column == pathColumn {
		return l.setPath(r, value)
	}
	value = strings.TrimSpace(value)
	if value == "" {
		return nil
	}
	switch column {
	case labelColumn:
		if l.isMissing(value) {
			l.missingLabel = value
			return nil
		}
		r.label = l.decimal(value)
	case groupColumn:
		r.group = value
	case splitColumn:
		part := partOf(value)
		if part == Unassigned {
			return l.wrongAt(r.line, fmt.Sprintf("the split %q", short(value)), "train, val, test or nothing", "")
		}
		r.part = part
	case foldColumn:
		fold, err := strconv.Atoi(value)
		if err != nil || fold < 0 || fold > math.MaxInt32 {
			return l.wrongAt(r.line, fmt.Sprintf("the fold %q", short(value)), "a whole number from 0", "")
		}
		r.fold = fold
	case ViewColumn:
		return l.setView(r, value)
	case weightColumn:
		w, err := strconv.ParseFloat(l.decimal(value), 64)
		switch {
		case err != nil || !(w > 0) || math.IsInf(w, 0):
			return l.wrongAt(r.line, fmt.Sprintf("the weight %q", short(value)), "a finite number above 0",
				"leave the line out if it shouldn't count")
		case w < leastWeight || w > mostWeight:
			return l.wrongAt(r.line, fmt.Sprintf("the weight %q", short(value)), fmt.Sprintf("a number from %g to %g", leastWeight, mostWeight),
				"multiply all weights by the same number, since only their ratios count")
		}
		r.weight = w
	}
	return nil
}

// decimal writes a number with a point where the table may have decimal commas.
func (l *loader) decimal(value string) string {
	if !l.comma {
		return value
	}
	return textrows.Decimal(value)
}

// setPath takes a path, relative to the folder of the table.
func (l *loader) setPath(r *record, value string) error {
	if l.recipe != nil && l.recipe.path != nil {
		value = l.recipe.path(value)
	}
	switch {
	case strings.TrimSpace(value) == "":
		return l.wrongAt(r.line, "no path", "the path of an image", "")
	case strings.ContainsRune(value, 0):
		return l.wrongAt(r.line, fmt.Sprintf("the path %q", short(value)), "a path without zero bytes", "")
	}
	if rest, isFile := strings.CutPrefix(value, "file://"); isFile {
		rest = strings.TrimPrefix(rest, "localhost")
		if plain, err := url.PathUnescape(rest); err == nil {
			rest = plain
		}
		value = rest
	} else if it, ok := source.AtAddress(l.base, value); ok {
		if err := it.Err(); err != nil {
			return l.wrongAt(r.line, fmt.Sprintf("the path %q", short(value)), "an address, or a path relative to the table", "")
		}
		r.path, r.open = EscapePath(it.Name), it.Append
		return nil
	} else if strings.Contains(value, "://") {
		return l.wrongAt(r.line, fmt.Sprintf("the path %q", short(value)), "a file of this machine, s3:// or https://",
			"download the images first")
	}
	p := path.Clean(filepath.ToSlash(value))
	if !path.IsAbs(p) {
		p = path.Join(l.under, p)
	}
	r.path, r.file = EscapePath(p), fileOf(l.base, p)
	return nil
}

// setVotes puts the votes for one class, given by its place in voteClasses, into the record.
func (l *loader) setVotes(r *record, place int, value string) error {
	value = strings.TrimSpace(value)
	if value == "" {
		return nil
	}
	v, err := strconv.ParseFloat(l.decimal(value), 64)
	if err != nil || !(v >= 0) || v > math.MaxFloat32 {
		return l.wrongAt(
			r.line,
			fmt.Sprintf("the votes %q for %q", short(value), l.voteClasses[place]),
			"a finite number from 0",
			"",
		)
	}
	for len(r.votes) <= place {
		r.votes = append(r.votes, 0)
	}
	r.votes[place] = v
	return nil
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

// add takes a finished record of a table.
func (l *loader) add(r record) error {
	if r.path == "" {
		return l.wrongAt(r.line, "no path", "the path of an image", "")
	}
	if len(l.items)%1024 == 0 {
		if err := l.ctx.Err(); err != nil {
			return err
		}
	}
	l.keep(r)
	return nil
}

// short cuts a value for a message.
func short(s string) string {
	const most = 60
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
