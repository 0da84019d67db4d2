// Package featurestore keeps feature rows on disk by content: the key of a row is the digest of the image's bytes,
// and a store's folder is named by everything else that decides a feature ([Recipe]). So a moved folder of images
// costs nothing and a changed setting can't bring an old row back.
//
// Rows live in segments. A process appends to segments of its own, each row as it comes, so that one which is killed
// loses the row under way; what other processes write is found when a store is opened. Each row carries a checksum.
// One that doesn't agree is dropped, and computed again.
//
// A cache is never needed: one that can't be written to, or is full, is noted and done without. An open store takes
// some 40 bytes of memory a row, however wide rows are: to know where each is.
package featurestore

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"syscall"

	"finetune/internal/store/flock"
)

// DefaultLimit is the size in bytes that a cache may have, of all recipes together.
const DefaultLimit = 20_000_000_000

// A Key is the SHA-256 of an image's bytes.
type Key [sha256.Size]byte

// KeyOf returns the key of an image file's bytes.
func KeyOf(image []byte) Key { return sha256.Sum256(image) }

// A Store is the rows of one recipe. Its methods may be called from several goroutines.
type Store struct {
	root, dir string
	recipe    Recipe
	limit     int64

	mu       sync.Mutex
	cols     int        // 0 until the first row is known
	segments []*segment // by the number in a place; those that turned out to be unusable stay, without rows
	index    index
	files    openFiles
	out      *segment // that rows are added to, nil before the first
	outRows  int
	readOnly bool // nothing is written any more
	notes    []string
}

// Open opens the rows of a recipe below root, in a cache of [DefaultLimit]. It makes the folder where it is missing.
func Open(root string, recipe Recipe) (*Store, error) { return OpenLimited(root, recipe, DefaultLimit) }

// OpenLimited is [Open] for a cache of at most limit bytes. Before a store writes more, it removes the segments of
// the cache that weren't used for longest; when what processes are using takes all the room, it stops writing.
func OpenLimited(root string, recipe Recipe, limit int64) (*Store, error) {
	s := &Store{root: root, dir: filepath.Join(root, recipe.Digest()), recipe: recipe, limit: limit}
	s.files.most = maxOpen
	err := os.MkdirAll(s.dir, 0o777)
	if err == nil {
		err = s.describe()
	}
	if err != nil {
		if !cannotWrite(err) {
			return nil, fmt.Errorf("open the feature cache: %w", err)
		}
		s.stopWriting(err)
	}
	names, err := segmentNames(s.dir)
	if err != nil {
		return nil, fmt.Errorf("open the feature cache: %w", err)
	}
	s.index = newIndex(segmentRows * len(names) / 2)
	buf := make([]byte, rowsStart)
	for _, name := range names {
		if err := s.load(name, buf); err != nil {
			s.Close()
			return nil, fmt.Errorf("open the feature cache: %w", err)
		}
	}
	return s, nil
}

// cannotWrite reports whether an error says that a folder may not be written to or is full.
func cannotWrite(err error) bool {
	for _, e := range []error{fs.ErrPermission, syscall.EROFS, syscall.ENOSPC, syscall.EDQUOT} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// segmentNames returns the segments in a folder, sorted. There are none in a folder that is missing or may not be
// read.
func segmentNames(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, nil
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() && filepath.Ext(e.Name()) == segmentSuffix {
			names = append(names, filepath.Join(dir, e.Name()))
		}
	}
	return names, err
}

// load indexes one segment.
func (s *Store) load(name string, buf []byte) error {
	f, err := openFile(name)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil // removed meanwhile, or another user's
	}
	if err != nil {
		return err
	}
	defer f.Close()
	t, why, err := readTable(f, buf)
	if err != nil {
		return fmt.Errorf("read %s: %w", name, err)
	}
	if why == "" && t.half != s.recipe.Half {
		why = "rows of another precision"
	}
	if why == "" && s.cols != 0 && t.cols != s.cols {
		why = fmt.Sprintf("%d columns; the others have %d", t.cols, s.cols)
	}
	if why != "" {
		s.discard(f, why, t.old)
		return nil
	}
	s.cols = t.cols
	seg := &segment{form: t.form, name: name}
	number := int32(len(s.segments))
	s.segments = append(s.segments, seg)
	for row, e := range t.entries {
		if e.key == (Key{}) {
			continue
		}
		if _, known := s.index.find(e.key, s.keyAt); !known {
			s.index.put(e.key, place{number, int32(row)})
		}
	}
	if len(t.damaged) > 0 && flock.Exclusive(f) == nil { // otherwise somebody may be writing the entry
		s.note("%d rows of %s are damaged and computed again", len(t.damaged), name)
		for _, row := range t.damaged {
			free(f, row)
		}
	}
	return nil
}

// discard removes an open file that can't be used, unless a process is just making it.
func (s *Store) discard(f *os.File, why string, old bool) {
	if flock.Exclusive(f) != nil {
		return
	}
	if os.Remove(f.Name()) == nil && !old {
		s.note("%s is damaged (%s); its rows are computed again", f.Name(), why)
	}
}

func (s *Store) note(format string, args ...any) {
	s.notes = append(s.notes, fmt.Sprintf("feature cache: "+format, args...))
}

// stopWriting makes the store one that is only read from.
func (s *Store) stopWriting(why error) {
	s.readOnly = true
	s.note("features are not kept: %v", why)
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

// Notes returns what happened since the last call, a line each: damaged rows that were dropped, and once that rows
// are no longer kept.
func (s *Store) Notes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	notes := s.notes
	s.notes = nil
	return notes
}

// Get copies the row of key to dst, which must be Cols long, and reports whether there is one. Where there is none,
// what dst holds afterwards is undefined.
func (s *Store) Get(key Key, dst []float32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	at, ok := s.index.find(key, s.keyAt)
	if !ok {
		return false
	}
	seg := s.segments[at.segment]
	if s.files.use(seg) != nil {
		return false
	}
	e, ok := seg.entry(int(at.row))
	if ok && e.key == key {
		seg.pins++
		s.mu.Unlock()
		err := seg.read(int(at.row), e.checksum, dst)
		s.mu.Lock()
		seg.pins--
		if err == nil {
			return true
		}
	}
	s.drop(seg, key, at)
	return false
}

// drop takes a damaged row out of the store.
func (s *Store) drop(seg *segment, key Key, at place) {
	s.index.remove(key, at)
	if seg.file != nil {
		free(seg.file, int(at.row))
	}
	if !seg.noted {
		seg.noted = true
		s.note("%s has damaged rows; they are computed again", seg.name)
	}
}

// keyAt returns the key of the row at a place. A segment that can't be opened any more is forgotten.
func (s *Store) keyAt(at place) (Key, bool) {
	seg := s.segments[at.segment]
	if err := s.files.use(seg); err != nil {
		s.index.removeSegment(at.segment)
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, flock.ErrHeld) { // those are being pruned
			s.note("its rows are computed again: %v", err)
		}
		return Key{}, false
	}
	e, _ := seg.entry(int(at.row))
	return e.key, true
}

// Put keeps a row, rounded where the recipe says so, which outlives the process as soon as Put returns. A row that can't be written is no error: the
// store notes it and keeps no more. Rows of different widths are.
func (s *Store) Put(key Key, row []float32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cols == 0 {
		s.cols = len(row)
	}
	if len(row) != s.cols || len(row) == 0 {
		return fmt.Errorf("the feature cache %s holds rows of %d columns, this one has %d", s.dir, s.cols, len(row))
	}
	if s.readOnly {
		return nil
	}
	if _, ok := s.index.find(key, s.keyAt); ok {
		return nil
	}
	if err := s.add(key, row); err != nil {
		s.stopWriting(err)
	}
	return nil
}

func (s *Store) add(key Key, row []float32) error {
	if s.out == nil || s.outRows == segmentRows {
		if err := s.startSegment(); err != nil {
			return err
		}
	}
	if err := s.out.write(s.outRows, key, row); err != nil {
		return err
	}
	s.index.put(key, place{int32(len(s.segments) - 1), int32(s.outRows)})
	s.outRows++
	return nil
}

// startSegment makes room for a segment and starts it. It is always the last of s.segments.
func (s *Store) startSegment() error {
	if s.out != nil {
		s.out.pins--
		s.out = nil
	}
	size := int64(rowsStart) + segmentRows*4*int64(s.cols)
	pruned, err := Prune(s.root, s.limit-size)
	if err != nil {
		return err
	}
	if pruned.Left > s.limit-size {
		return fmt.Errorf("the cache has %d MB, may have %d MB, and the rest of it is in use",
			pruned.Left>>20, s.limit>>20)
	}
	var seg *segment
	for range 100 { // another process may remove the folder as long as it is empty
		if err = os.MkdirAll(s.dir, 0o777); err != nil {
			return err
		}
		if seg, err = createSegment(s.dir, form{s.cols, s.recipe.Half}); !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	if err != nil {
		return err
	}
	seg.pins++
	s.files.segments = append(s.files.segments, seg)
	s.segments = append(s.segments, seg)
	s.out, s.outRows = seg, 0
	return s.describe()
}

// Flush makes the rows that were put outlive a power failure too, those of full segments excepted.
func (s *Store) Flush() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.out == nil || s.readOnly {
		return nil
	}
	if err := s.out.file.Sync(); err != nil {
		s.stopWriting(err)
	}
	return nil
}

// Close closes the store's files. The store must not be used afterwards.
func (s *Store) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files.closeAll()
	s.segments, s.out, s.index = nil, nil, newIndex(0)
	s.readOnly = true
	return nil
}
