package review

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"finetune/invalid"
	"finetune/label"
	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
)

// A session is the state of a review: labels and decisions. Its methods that decide may be called by several goroutines.
type session struct {
	set      *dataset.Set // items without a label are those to label
	space    label.Space
	order    []string // of the classes, where their names don't tell it
	at       map[string]int
	first    []string // the label of each item in the data, "" for none
	queue    []item
	places   map[string]int // of an item of the queue by its key
	out      string
	reviewer string

	mu     sync.Mutex
	now    []string // the label of each item, "" where it isn't in the manifest
	log    *decisions
	wrote  bool
	stale  bool         // the log has decisions that the manifest hasn't
	stored *dataset.Set // with paths as the manifest has them
}

// index finds items by path.
func (s *session) index() {
	s.at = make(map[string]int, len(s.set.Items))
	for i, it := range s.set.Items {
		s.at[it.Path] = i
	}
}

// key identifies an item of the queue from one review to the next.
func key(kind Kind, paths []string) string {
	return string(kind) + "\x00" + strings.Join(paths, "\x00")
}

// begin opens the log and takes the decisions that it has.
func (s *session) begin(ctx context.Context) (err error) {
	s.first = make([]string, len(s.set.Items))
	for i, it := range s.set.Items {
		if it.Label >= 0 {
			s.first[i] = s.space.Class(it.Label)
		}
	}
	s.now = slices.Clone(s.first)
	s.places = make(map[string]int, len(s.queue))
	for i, it := range s.queue {
		s.places[key(it.Kind, it.Paths)] = i
	}
	if s.stored, err = s.set.RelativeTo(filepath.Dir(s.out)); err != nil {
		return err
	}
	path := LogPath(s.out)
	there, err := exists(s.out)
	if err != nil {
		return err
	}
	logged, err := exists(path)
	if err != nil {
		return err
	}
	if there && !logged {
		return &invalid.Error{Field: "Out", Path: s.out, Found: "a file that no review wrote: there is no " + filepath.Base(path) + " beside it", Hint: "give another {Out}"}
	}
	if s.log, err = openLog(ctx, path); err != nil {
		return err
	}
	if err = s.replay(); err == nil && len(s.log.entries) > 0 {
		err = s.write() // a kill may have come between the log and the manifest
	}
	if err != nil {
		s.close()
	}
	return err
}

func (s *session) close() {
	if len(s.log.entries) == 0 {
		os.Remove(s.log.file.Name())
	}
	s.log.file.Close()
}

// replay brings labels and queue to where the log says that they are.
func (s *session) replay() error {
	for _, e := range s.log.entries {
		for _, c := range e.Changes {
			at, ok := s.at[c.Path]
			switch {
			case !ok && e.Kind == Unlabelled:
				if at, ok = s.adopt(c.Path); !ok {
					continue
				}
			case !ok:
				return s.otherData(e, fmt.Sprintf("%s, which isn't in the data", c.Path))
			}
			if s.now[at] != c.From {
				return s.otherData(e, fmt.Sprintf("%s with the label %q; in the data it has %q", c.Path, c.From, s.now[at]))
			}
			if _, is := s.space.Index(c.To); c.To != "" && !is {
				return s.otherData(e, fmt.Sprintf("%s, which gives it the label %q; the run has no such class", c.Path, c.To))
			}
			s.now[at] = c.To
		}
		s.mark(e)
	}
	return nil
}

// adopt adds an image that was labelled in an earlier review and isn't suggested any more.
func (s *session) adopt(path string) (int, bool) {
	file := filepath.FromSlash(path)
	if there, err := exists(file); err != nil || !there || !filepath.IsAbs(file) {
		return 0, false
	}
	part := dataset.Unassigned
	if slices.ContainsFunc(s.set.Items, func(it dataset.Item) bool { return it.Part != dataset.Unassigned }) {
		part = dataset.Train
	}
	it := dataset.Item{Path: path, File: file, Label: -1, Weight: 1, Part: part, Fold: -1}
	s.at[path] = len(s.set.Items)
	s.set.Items, s.first, s.now = append(s.set.Items, it), append(s.first, ""), append(s.now, "")
	moved, err := (&dataset.Set{Items: []dataset.Item{it}}).RelativeTo(filepath.Dir(s.out))
	if err != nil {
		return 0, false
	}
	s.stored.Items = append(s.stored.Items, moved.Items...)
	return s.at[path], true
}

func (s *session) otherData(e Entry, found string) error {
	return &invalid.Error{Field: "Out", Path: LogPath(s.out), Found: fmt.Sprintf("decision %d about %s", e.Number, found),
		Hint: "give the {Data.Path} that the review was begun with, or another {Out}"}
}

// mark notes in the queue what an entry decides.
func (s *session) mark(e Entry) {
	place, ok := s.places[key(e.Kind, pathsOf(e.Changes))]
	if !ok {
		return
	}
	s.queue[place].Decided = e.Action
	if e.Action == actionUndo {
		s.queue[place].Decided = ""
		for _, earlier := range s.log.valid() {
			if earlier.Number < e.Number && key(earlier.Kind, pathsOf(earlier.Changes)) == key(e.Kind, pathsOf(e.Changes)) {
				s.queue[place].Decided = earlier.Action
			}
		}
	}
}

func pathsOf(changes []Change) []string {
	paths := make([]string, len(changes))
	for i, c := range changes {
		paths[i] = c.Path
	}
	return paths
}

// errRefused is a decision that can't be.
type errRefused string

func (e errRefused) Error() string { return string(e) }

// decide takes a decision about an item of the queue: its entry is in the log and the manifest is written when it
// returns.
func (s *session) decide(place int, action string, class int) (Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if place < 0 || place >= len(s.queue) {
		return Entry{}, errRefused("there is no such item")
	}
	it := s.queue[place]
	e := Entry{Reviewer: s.reviewer, Kind: it.Kind, Action: action}
	for i, path := range it.Paths {
		from := s.now[s.at[path]]
		to := from
		switch action {
		case actionLabel:
			if class < 0 || class >= s.space.Len() {
				return Entry{}, errRefused("there is no such class")
			}
			to = s.space.Class(class)
		case actionKeep:
			if it.Kind == Unlabelled {
				return Entry{}, errRefused("there is no label to keep")
			}
		case actionDrop:
			if len(it.Paths) == 1 || i > 0 {
				to = ""
			}
		default:
			return Entry{}, errRefused("there is no such action")
		}
		e.Changes = append(e.Changes, Change{path, from, to})
	}
	return e, s.record(e)
}

// undo takes back the last decision that stands.
func (s *session) undo() (Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	valid := s.log.valid()
	if len(valid) == 0 {
		return Entry{}, errRefused("there is nothing to undo")
	}
	last := valid[len(valid)-1]
	e := Entry{Reviewer: s.reviewer, Kind: last.Kind, Action: actionUndo, Undoes: last.Number}
	for _, c := range last.Changes {
		e.Changes = append(e.Changes, Change{c.Path, c.To, c.From})
	}
	return e, s.record(e)
}

// record logs an entry, then takes it and writes the manifest.
func (s *session) record(e Entry) error {
	if err := s.log.add(e); err != nil {
		return err
	}
	e = s.log.entries[len(s.log.entries)-1]
	for _, c := range e.Changes {
		s.now[s.at[c.Path]] = c.To
	}
	s.mark(e)
	if err := s.write(); err != nil {
		return fmt.Errorf("the decision is in the log, but the manifest isn't written: %w", err)
	}
	return nil
}

// write writes the corrected manifest: the items that have a label. A label that wasn't changed is written as the data has
// it, unless it is a number of a bin: a manifest has either numbers or the names of classes.
func (s *session) write() error {
	out := *s.stored
	out.Items = nil
	for i, it := range s.stored.Items {
		switch {
		case s.now[i] == "":
			continue
		case s.now[i] != s.first[i]:
			it.Text, it.Target, it.Votes = s.now[i], nil, 0
		case s.space.Edges() != nil:
			it.Text = s.now[i]
		}
		it.Label, _ = s.space.Index(s.now[i])
		out.Items = append(out.Items, it)
	}
	s.stale = true
	if err := artifact.WriteCSV(s.out, out.WriteRows); err != nil {
		return err
	}
	s.wrote, s.stale = true, false
	return nil
}

// ErrBehind is the error of a review at whose end the manifest lacks decisions that the log has: it can't be written. It comes when
// ctx ends, which is how a review ends.
var ErrBehind = errors.New("the manifest can't be written")

// finish writes the manifest once more where it couldn't be written after a decision.
func (s *session) finish() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.stale {
		return nil
	}
	if err := s.write(); err != nil {
		return fmt.Errorf("%w: decisions are in %s, and the same command writes them to %s: %w", ErrBehind, LogPath(s.out), s.out, err)
	}
	return nil
}

// result counts.
func (s *session) result() *Result {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := &Result{Out: s.out, Log: LogPath(s.out), Reviewer: s.reviewer, Items: len(s.queue), Order: s.order, Corrected: s.wrote}
	for _, it := range s.queue {
		if it.Decided != "" {
			r.Decided++
		}
	}
	for i, text := range s.now {
		switch {
		case text == s.first[i]:
		case text == "":
			r.LeftOut++
		case s.first[i] == "":
			r.Added++
		default:
			r.Changed++
		}
	}
	return r
}
