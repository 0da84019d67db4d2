// Package featurestore keeps feature rows on disk by content: the key of a row is the digest of the image's bytes,
// and a store's folder is named by everything else that decides a feature (Recipe). So a moved folder of images
// costs nothing and a changed setting can't bring an old row back.
//
// Rows live in segments. A segment is written whole under a name of its own and never
// changed, so several processes may share a store, and one that is killed leaves only whole segments. Each segment carries
// checksums; one that doesn't agree is dropped, and its rows are simply computed again.
package featurestore

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
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

// A Recipe is all that decides a feature besides the image.
type Recipe struct {
	Backbone      string `json:"backbone"` // digest of the network's bytes
	Tap           string `json:"tap"`
	Preprocessing string `json:"preprocessing"`
	Runtime       string `json:"runtime"` // version of the native library
	Pixels        string `json:"pixels"`  // version of our own decoding and resizing
}

// Digest names the recipe's folder.
func (r Recipe) Digest() string {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // five strings always encode
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

// A Store is open rows of one recipe. Its methods may be called from several goroutines.
type Store struct {
	dir    string
	recipe Recipe

	mu       sync.Mutex
	cols     int // 0 until the first row is known
	segments []*segment
	index    map[Key]place
	pending  pending
	notes    []string
}

type place struct {
	segment *segment // nil: among the pending rows
	row     int
}

type pending struct {
	keys  []Key
	rows  []float32
	since time.Time // when the first of them came
}

// Open opens the rows of a recipe below root, making the folder where it is missing. Damaged segments are left out
// and named by Notes.
func Open(root string, recipe Recipe) (*Store, error) {
	s := &Store{dir: filepath.Join(root, recipe.Digest()), recipe: recipe, index: map[Key]place{}}
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
	seg, err := openSegment(name)
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
		seg.close()
		return s.drop(name, &damageError{name, fmt.Sprintf("%d columns; the others have %d", seg.cols, s.cols)})
	}
	s.segments = append(s.segments, seg)
	for i := range seg.rows {
		s.index[seg.key(i)] = place{seg, i}
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
	return len(s.index)
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
	at, ok := s.index[key]
	if !ok {
		return false
	}
	if at.segment == nil {
		copy(dst, s.pending.rows[at.row*s.cols:(at.row+1)*s.cols])
		return true
	}
	if err := at.segment.verify(); err != nil {
		s.forget(at.segment, err)
		return false
	}
	copy(dst, at.segment.row(at.row))
	return true
}

// forget takes a segment whose rows turned out to be damaged out of the index and off the disk.
func (s *Store) forget(seg *segment, damage *damageError) {
	for i := range seg.rows {
		if s.index[seg.key(i)].segment == seg {
			delete(s.index, seg.key(i))
		}
	}
	s.segments = slices.DeleteFunc(s.segments, func(other *segment) bool { return other == seg })
	name := seg.name
	seg.close()
	if err := s.drop(name, damage); err != nil {
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
	if _, ok := s.index[key]; ok {
		return nil
	}
	if len(s.pending.keys) == 0 {
		s.pending.since = time.Now()
	}
	s.index[key] = place{nil, len(s.pending.keys)}
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
	s.pending.keys, s.pending.rows = s.pending.keys[:0], s.pending.rows[:0]
	return s.load(name)
}

// Close writes what is pending and gives the mappings back.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.flush()
	for _, seg := range s.segments {
		seg.close()
	}
	s.segments, s.index = nil, map[Key]place{}
	return err
}
