package dataset

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"finetune/invalid"
)

// Limits of manifests, far above honest use; they keep a wrong file from filling the memory.
const (
	maxManifest = 2 << 30 // bytes
	maxLine     = 1 << 20 // bytes of a JSON line or a listed path
)

// votesPrefix begins the columns with the votes for each class: votes_1, votes_2, …
const votesPrefix = "votes_"

// columns that mean something; any other is left alone.
const (
	pathColumn   = "path"
	labelColumn  = "label"
	splitColumn  = "split"
	foldColumn   = "fold"
	groupColumn  = "group"
	weightColumn = "weight"
)

// openManifest opens a file within the limits; the caller closes it.
func openManifest(name string) (*os.File, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	info, err := f.Stat()
	if err == nil && info.Size() > maxManifest {
		err = &invalid.Error{Field: name, Found: fmt.Sprintf("%d bytes", info.Size()), Want: fmt.Sprintf("a manifest of at most %d", maxManifest)}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// sizeOf returns the size of a file, 0 where it can't be told.
func sizeOf(f *os.File) int64 {
	info, err := f.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

// at names a line of the manifest.
func (l *loader) at(line int) string { return fmt.Sprintf("%s line %d", l.o.Path, line) }

// mistakeAt is a mistake in a line of the manifest.
func (l *loader) mistakeAt(line int, found, expected, do string) error {
	return &invalid.Error{Field: l.at(line), Found: found, Want: expected, Hint: do}
}

// set puts the value of a column into the record. Space around a value isn't part of it, but for a path.
func (l *loader) setField(r *record, column, value string) error {
	if !utf8.ValidString(value) {
		return l.mistakeAt(r.line, fmt.Sprintf("the %s %q", column, short(value)), "text in UTF-8", "save the manifest as UTF-8")
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
		r.label = value
	case groupColumn:
		r.group = value
	case splitColumn:
		part, ok := partNames[strings.ToLower(value)]
		if !ok {
			return l.mistakeAt(r.line, fmt.Sprintf("the split %q", short(value)), "train, val, test or nothing", "")
		}
		r.part = part
	case foldColumn:
		fold, err := strconv.Atoi(value)
		if err != nil || fold < 0 || fold > math.MaxInt32 {
			return l.mistakeAt(r.line, fmt.Sprintf("the fold %q", short(value)), "a whole number from 0", "")
		}
		r.fold = fold
	case ViewColumn:
		return l.setView(r, value)
	case weightColumn:
		w, err := strconv.ParseFloat(value, 64)
		if err != nil || !(w > 0) || math.IsInf(w, 0) {
			return l.mistakeAt(r.line, fmt.Sprintf("the weight %q", short(value)), "a number above 0", "leave the line out if it shouldn't count")
		}
		r.weight = w
	}
	return nil
}

// setPath resolves a path against the folder of the manifest.
func (l *loader) setPath(r *record, value string) error {
	switch {
	case strings.TrimSpace(value) == "":
		return l.mistakeAt(r.line, "no path", "the path of an image", "")
	case strings.ContainsRune(value, 0):
		return l.mistakeAt(r.line, fmt.Sprintf("the path %q", short(value)), "a path without zero bytes", "")
	case strings.Contains(value, "://"):
		return l.mistakeAt(r.line, fmt.Sprintf("the path %q", short(value)), "a file of this machine", "download the images first")
	}
	r.path = path.Clean(filepath.ToSlash(value))
	r.file = fileOf(filepath.Dir(l.o.Path), r.path)
	return nil
}

// setVotes puts the votes for one class, given by its place in voteClasses, into the record.
func (l *loader) setVotes(r *record, place int, value string) error {
	value = strings.TrimSpace(value)
	if value == "" {
		return nil
	}
	v, err := strconv.ParseFloat(value, 64)
	if err != nil || !(v >= 0) || v > math.MaxFloat32 {
		return l.mistakeAt(r.line, fmt.Sprintf("the votes %q for %q", short(value), l.voteClasses[place]), "a number from 0", "")
	}
	for len(r.votes) <= place {
		r.votes = append(r.votes, 0)
	}
	r.votes[place] = v
	return nil
}

// add takes a finished record of a manifest.
func (l *loader) add(r record) error {
	if r.path == "" {
		return l.mistakeAt(r.line, "no path", "the path of an image", "")
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

// checkText tells apart what is no text at all, such as a spreadsheet or UTF-16, by the beginning of a file.
func (l *loader) checkText(begin []byte) error {
	if bytes.IndexByte(begin, 0) >= 0 || bytes.HasPrefix(begin, []byte("PK\x03\x04")) {
		return &invalid.Error{Field: l.o.Path, Found: "bytes that are no plain text", Want: "a text file in UTF-8", Hint: "export it as CSV, UTF-8"}
	}
	return nil
}
