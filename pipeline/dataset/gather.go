package dataset

import (
	"math"
	"slices"
	"strings"
)

// A record is an item while it is read.
type record struct {
	path, file string
	label      string
	votes      []float64 // by loader.voteClasses; shorter where the rest is 0; nil for none
	weight     float64
	group      string
	part       Part
	fold       int
	view       int // of the index of a feature folder
	line       int // in the manifest, from 1; 0 where there is none
}

func newRecord(path, file string, line int) record {
	return record{path: path, file: file, weight: 1, fold: -1, line: line}
}

// keep takes a record that was read. Of a million images the list is most of what jobs that don't train have in memory, so texts that
// are parts of others, or come again, are kept once.
func (l *loader) keep(r record) {
	if strings.HasSuffix(r.file, r.path) {
		r.path = r.file[len(r.file)-len(r.path):]
	}
	l.items = append(l.items, Item{
		Path: r.path, File: r.file, Label: -1, Text: l.word(r.label), Target: r.votes, Value: math.NaN(), Weight: r.weight,
		Group: l.word(r.group), Part: r.part, Fold: r.fold,
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
