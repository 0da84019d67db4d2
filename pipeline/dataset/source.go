package dataset

import (
	"fmt"
	"math"
	"path"
	"strings"

	"finetune/internal/remote"
	"finetune/pipeline/source"
)

// Packed is the layout of what package source reads and this package doesn't: archives, Parquet, compressed tables, and
// patterns of several files.
const Packed Layout = "archives or tables"

// FromSource returns an image of a source as an item without a label.
func FromSource(it source.Item) Item {
	return Item{Path: EscapePath(it.Name), Line: it.Line, File: it.File(), Open: it.Append, Label: -1, Text: it.Labels.Label,
		Value: math.NaN(), Weight: 1, Fold: -1}
}

// isPacked reports whether package source is to read what a path names. exists says whether it names a file or folder.
func isPacked(name string, exists bool) bool {
	return source.IsPacked(name) || !exists && strings.ContainsAny(name, "*?[{")
}

// packed reads images and labels with package source. What it keeps open is closed once the items aren't used any more.
func (l *loader) packed() error {
	l.layout, l.table, l.unit = Packed, remote.Redacted(l.o.Path), "image"
	o := source.Options{Path: l.o.Path, ImageColumn: l.o.ImageColumn, LabelColumn: l.o.LabelColumn, Shard: l.o.Shard}
	s, err := source.Open(l.ctx, o)
	if err != nil {
		return err
	}
	items, err := s.Items(l.ctx)
	if err != nil {
		return err
	}
	if note := s.Note(); note != "" {
		l.notes = append(l.notes, note)
	}
	byFolder := !l.o.Unlabelled && l.labelRegex == nil && unlabelled(items)
	if byFolder {
		l.notes = append(l.notes, "no image has a label of its own; the folders that they are in are the classes")
	}
	for i, it := range items {
		if byFolder {
			it.Labels.Label = folderOf(it.Name)
			if above := path.Base(path.Dir(path.Dir(it.Name))); it.Labels.Split == "" && partOf(above) != Unassigned {
				it.Labels.Split = above
			}
		}
		if err := l.addPacked(it, i+1); err != nil {
			return err
		}
	}
	return nil
}

// unlabelled reports whether no item has a label or votes.
func unlabelled(items []source.Item) bool {
	for i := range items {
		if l := &items[i].Labels; l.Label != "" || len(l.Votes) > 0 {
			return false
		}
	}
	return true
}

// folderOf returns the name of the folder in an archive that an image is in, "" for none.
func folderOf(name string) string {
	folder := path.Base(path.Dir(name))
	if folder == "." || folder == "/" || source.IsPacked(folder) {
		return ""
	}
	return folder
}

// addPacked takes an image with its labels.
func (l *loader) addPacked(it source.Item, n int) error {
	r := newRecord(EscapePath(it.Name), it.File(), n)
	r.open = it.Append
	if l.labelRegex != nil {
		it.Labels.Label, _ = capture(l.labelRegex, it.Name)
	}
	if err := it.Err(); err != nil && !l.o.Unlabelled && it.Labels.Label == "" && it.Labels.Votes == nil {
		return err
	}
	for _, field := range []struct{ column, value string }{
		{labelColumn, it.Labels.Label}, {splitColumn, it.Labels.Split}, {foldColumn, it.Labels.Fold},
		{groupColumn, it.Labels.Group}, {weightColumn, it.Labels.Weight},
	} {
		if err := l.setField(&r, field.column, field.value); err != nil {
			return fmt.Errorf("%s: %w", it.Name, err)
		}
	}
	for _, v := range it.Labels.Votes {
		if err := l.setVotes(&r, l.votePlace(v.Class), v.Value); err != nil {
			return fmt.Errorf("%s: %w", it.Name, err)
		}
	}
	return l.add(r)
}
