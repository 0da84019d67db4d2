package dataset

import (
	"context"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"

	"finetune/internal/remote"
	"finetune/invalid"
)

// The limits of tables, far above honest use. They keep a wrong file from filling the memory.
const (
	maxManifest = 2 << 30   // bytes
	maxJSON     = 256 << 20 // bytes of a JSON list, whose objects have no limit of their own
	maxLine     = 1 << 20   // bytes of a JSON line or a listed path
)

// A loader carries what is read so far, before classes are known.
type loader struct {
	ctx          context.Context
	o            Options
	labelRegex   *regexp.Regexp // nil for none
	groupRegex   *regexp.Regexp // nil for none
	layout       Layout
	table        string  // the file that is read, for messages
	unit         string  // of the table: line or item
	base         string  // the folder that paths are relative to
	absolute     string  // base in full, with a slash at the end; "" where it wasn't needed yet
	under        string  // the slash-separated folder below base that the table's paths are relative to
	header       int     // line of the table's header
	comma        bool    // numbers of the table may have a decimal comma
	size         int64   // of the table in bytes; 0 where it isn't known
	labelName    string  // the column of the labels; "" where there is none or it isn't known
	missingLabel string  // a text of that column that stands for an empty cell; "" for none
	hasBy        bool    // the table has the column Options.By
	recipe       *recipe // of the table; nil for none
	items        []Item  // as far as they are known: Target holds votes by voteClasses, shorter where the rest is 0
	lines        []int32 // of the items in the table, from 1; 0 where there is none
	views        []int32 // of the items, where this is the index of a feature folder with views; else nil
	words        map[string]string
	classes      []string // of folders, in the order met; some may be empty
	voteClasses  []string // of a table with votes: what each place of record.votes is for
	voteIndex    map[string]int
	undecoded    []string
	notes        []string
}

// read opens the file at Options.Path and calls do with its contents.
func (l *loader) read(maxBytes int64, do func(io.Reader) error) error {
	return l.readFile(l.o.Path, maxBytes, do)
}

func (l *loader) readFile(name string, maxBytes int64, do func(io.Reader) error) error {
	f, err := remote.Open(l.ctx, name, maxBytes)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil {
		l.size = info.Size()
	}
	l.table = remote.Redacted(name)
	return do(io.LimitReader(f, maxBytes))
}

// at names a line of the table.
func (l *loader) at(line int) string { return fmt.Sprintf("%s %s %d", l.table, l.unit, line) }

// wrongAt is an error in a line of the table.
func (l *loader) wrongAt(line int, found, want, hint string) error {
	return &invalid.Error{Path: l.at(line), Found: found, Want: want, Hint: hint}
}

// A record is an item while it is read.
type record struct {
	path, file string
	open       func(ctx context.Context, buf []byte) ([]byte, error) // see Item
	label      string
	votes      []float64 // by loader.voteClasses; shorter where the rest is 0; nil for none
	weight     float64
	group      string
	by         string
	part       Part
	fold       int
	view       int // of the index of a feature folder
	line       int // in the manifest, from 1; 0 where there is none
}

func newRecord(path, file string, line int) record {
	return record{path: path, file: file, weight: 1, fold: -1, line: line}
}

// keep takes a record that was read. Of a million images the list is most of what jobs that don't train have in
// memory, so texts that are parts of others, or come again, are kept once.
func (l *loader) keep(r record) {
	if strings.HasSuffix(r.file, r.path) {
		r.path = r.file[len(r.file)-len(r.path):]
	}
	l.items = append(l.items, Item{
		Path: r.path, File: r.file, Open: r.open, Label: -1, Text: l.word(r.label), Target: r.votes,
		Value: math.NaN(), Weight: r.weight, Group: l.word(r.group), By: l.word(r.by), Part: r.part, Fold: r.fold,
	})
	l.lines = append(l.lines, int32(r.line))
	if r.view > 0 && l.views == nil {
		l.views = make([]int32, len(l.items)-1, cap(l.items))
	}
	if l.views != nil {
		l.views = append(l.views, int32(r.view))
	}
}

// word returns the same string for equal short texts, of which data has few: its classes and groups.
func (l *loader) word(text string) string {
	const most, longest = 1 << 16, 64
	if text == "" || len(text) > longest {
		return text
	}
	if known, ok := l.words[text]; ok {
		return known
	}
	if len(l.words) < most {
		l.words[text] = text
	}
	return text
}

// expect makes room for the rest of a manifest once the first lines, so many bytes, show how long its lines are.
func (l *loader) expect(read int64) {
	const after, most = 1024, 1 << 21
	if len(l.items) != after || l.size <= read {
		return
	}
	rest := int(min(most, after*(l.size-read)/read))
	rest += rest / 64
	l.items, l.lines = slices.Grow(l.items, rest), slices.Grow(l.lines, rest)
}

// filter keeps the items for which ok holds.
func (l *loader) filter(ok func(i int) bool) {
	n := 0
	for i := range l.items {
		if !ok(i) {
			continue
		}
		l.items[n], l.lines[n] = l.items[i], l.lines[i]
		if l.views != nil {
			l.views[n] = l.views[i]
		}
		n++
	}
	clear(l.items[n:])
	l.items, l.lines = l.items[:n], l.lines[:n]
	if l.views != nil {
		l.views = l.views[:n]
	}
}
