// Package featurestore keeps feature rows on disk by content: the key of a row is the digest of the image's bytes,
// and a store's folder is named by everything else that decides a feature (Recipe). So a moved folder of images
// costs nothing and a changed setting can't bring an old row back.
//
// Rows live in segments. A segment is written whole under a name of its own and never
// changed, so several processes may share a store, and one that is killed leaves only whole segments. Each segment carries
// checksums; one that doesn't agree is dropped, and its rows are simply computed again.
//
// An open store takes some 40 bytes of memory a row, however wide rows are: to know where each is. Of the rows themselves only the
// segments that were used last are mapped.
package featurestore

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

// New rows are gathered and written once there are SegmentRows of them, or once the first has waited for MaxWait. Together
// they bound what a killed run loses, with a fast network and with a slow one.
const (
	SegmentRows = 512
	MaxWait     = 10 * time.Second
)

// A Key is the SHA-256 of an image's bytes.
type Key [sha256.Size]byte

// KeyOf returns the key of an image file's bytes.
func KeyOf(image []byte) Key { return sha256.Sum256(image) }

// A Store is open rows of one recipe. Its methods may be called from several goroutines.
type Store struct {
	dir    string
	recipe Recipe

	mu       sync.Mutex
	cols     int        // 0 until the first row is known
	segments []*segment // by the number in a place; those that turned out to be damaged stay, without rows
	index    index
	mapped   window
	pending  pending
	notes    []string
}

type pending struct {
	keys  []Key
	rows  []float32
	since time.Time // when the first of them came
}

// Open opens the rows of a recipe below root, making the folder where it is missing. Damaged segments are left out
// and named by Notes.
func Open(root string, recipe Recipe) (*Store, error) {
	s := &Store{dir: filepath.Join(root, recipe.Digest()), recipe: recipe, mapped: window{most: windowBytes}}
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return nil, fmt.Errorf("open the feature cache: %w", err)
	}
	if err := s.describe(); err != nil {
		return nil, fmt.Errorf("open the feature cache: %w", err)
	}
	names, err := filepath.Glob(filepath.Join(s.dir, "*"+segmentSuffix))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	s.index = newIndex(SegmentRows * len(names))
	for _, name := range names {
		if err := s.load(name); err != nil {
			s.Close()
			return nil, err
		}
	}
	return s, nil
}

// load indexes one segment, or drops it when it is damaged.
func (s *Store) load(name string) error {
	seg := &segment{name: name}
	err := s.mapped.show(seg)
	var damage *damageError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil // another process dropped it meanwhile
	case errors.As(err, &damage):
		return s.drop(name, damage)
	case err != nil:
		return fmt.Errorf("open the feature cache: %w", err)
	}
	if s.cols == 0 {
		s.cols = seg.cols
	}
	if seg.cols != s.cols {
		s.mapped.hide(seg)
		return s.drop(name, &damageError{name, fmt.Sprintf("%d columns; the others have %d", seg.cols, s.cols)})
	}
	s.segments = append(s.segments, seg)
	for row, key := range seg.keys() {
		if _, known := s.index.find(key, s.keyAt); !known {
			s.index.put(key, place{int32(len(s.segments) - 1), int32(row)})
		}
	}
	return nil
}

func (s *Store) drop(name string, why *damageError) error {
	s.notes = append(s.notes, why.Error())
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("drop a damaged segment of the feature cache: %w", err)
	}
	return nil
}

// Cols is the width of a row, or 0 while the store is empty.
func (s *Store) Cols() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cols
}

// Len is the number of different keys.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.index.len()
}

// Notes tells of damaged segments that were dropped, a line each.
func (s *Store) Notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.notes)
}

// Get copies the row of key to dst, which must be Cols long, and reports whether there is one.
func (s *Store) Get(key Key, dst []float32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.index.find(key, s.keyAt)
	if !ok {
		return false
	}
	if at.segment == waiting {
		copy(dst, s.pending.rows[int(at.row)*s.cols:][:s.cols])
		return true
	}
	seg := s.segments[at.segment]
	if err := seg.verify(); err != nil {
		s.forget(at.segment, err)
		return false
	}
	copy(dst, seg.row(int(at.row)))
	return true
}

// keyAt returns the key of the row at a place, whose segment is mapped then. A segment that can't be read any more is forgotten.
func (s *Store) keyAt(at place) (Key, bool) {
	if at.segment == waiting {
		return s.pending.keys[at.row], true
	}
	seg := s.segments[at.segment]
	if err := s.mapped.show(seg); err != nil {
		s.forget(at.segment, err)
		return Key{}, false
	}
	return seg.key(int(at.row)), true
}

// forget takes a segment that turned out to be damaged, or gone, out of the index and off the disk.
func (s *Store) forget(number int32, why error) {
	seg := s.segments[number]
	s.index.removeSegment(number)
	s.mapped.hide(seg)
	damage := &damageError{seg.name, "it can't be read any more"}
	errors.As(why, &damage)
	if err := s.drop(seg.name, damage); err != nil {
		s.notes = append(s.notes, err.Error())
	}
}

// Put keeps a row. It is on disk after the next Flush, or sooner (SegmentRows, MaxWait).
func (s *Store) Put(key Key, row []float32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cols == 0 {
		s.cols = len(row)
	}
	if len(row) != s.cols {
		return fmt.Errorf("the feature cache %s holds rows of %d numbers, this one has %d", s.dir, s.cols, len(row))
	}
	if _, ok := s.index.find(key, s.keyAt); ok {
		return nil
	}
	if len(s.pending.keys) == 0 {
		s.pending.since = time.Now()
	}
	s.index.put(key, place{waiting, int32(len(s.pending.keys))})
	s.pending.keys = append(s.pending.keys, key)
	s.pending.rows = append(s.pending.rows, row...)
	if len(s.pending.keys) >= SegmentRows || time.Since(s.pending.since) >= MaxWait {
		return s.flush()
	}
	return nil
}

// Flush writes the rows that aren't on disk yet.
func (s *Store) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.flush()
}

func (s *Store) flush() error {
	if len(s.pending.keys) == 0 {
		return nil
	}
	name, err := writeSegment(s.dir, s.cols, s.pending.keys, s.pending.rows)
	if err != nil {
		return fmt.Errorf("write to the feature cache: %w", err)
	}
	for _, key := range s.pending.keys {
		s.index.removeWaiting(key)
	}
	s.pending.keys, s.pending.rows = s.pending.keys[:0], s.pending.rows[:0]
	return s.load(name)
}

// Close writes what is pending and gives the mappings back.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.flush()
	s.mapped.close()
	s.segments, s.index = nil, newIndex(0)
	return err
}
