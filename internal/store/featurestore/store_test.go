package featurestore

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var recipe = Recipe{Backbone: "abc", Tap: "features", Preprocessing: "imagenet", Runtime: "1.24.1", Pixels: "1"}

func keyFor(i int) Key { return KeyOf([]byte{byte(i), byte(i >> 8)}) }

func rowFor(i int) []float32 { return []float32{float32(i), -float32(i), 0.5} }

func open(t *testing.T, root string) *Store {
	t.Helper()
	s, err := Open(root, recipe)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func fill(t *testing.T, s *Store, from, to int) {
	t.Helper()
	for i := from; i < to; i++ {
		if err := s.Put(keyFor(i), rowFor(i)); err != nil {
			t.Fatal(err)
		}
	}
}

// present counts the rows among 0…n−1 that the store has, and checks each.
func present(t *testing.T, s *Store, n int) int {
	t.Helper()
	count, row := 0, make([]float32, 3)
	for i := range n {
		if !s.Get(keyFor(i), row) {
			continue
		}
		count++
		if !slices.Equal(row, rowFor(i)) {
			t.Fatalf("row %d is %v, want %v", i, row, rowFor(i))
		}
	}
	return count
}

func segments(t *testing.T, root string) []string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(root, recipe.Digest(), "*"+segmentSuffix))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestRowsComeBack(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	const n = 2*segmentRows + 7
	fill(t, s, 0, n)
	fill(t, s, 0, n) // the same rows again take no more room
	if got := present(t, s, n+5); got != n {
		t.Errorf("%d rows before closing, want %d", got, n)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if got := len(segments(t, root)); got != 3 {
		t.Errorf("%d segments, want 3", got)
	}
	again := open(t, root)
	if got := present(t, again, n+5); got != n || again.Len() != n || again.Cols() != 3 {
		t.Errorf("%d rows after reopening (Len %d, Cols %d), want %d of 3 columns", got, again.Len(), again.Cols(), n)
	}
}

func TestOtherRecipeIsEmpty(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	fill(t, s, 0, 1)
	if err := s.Flush(); err != nil {
		t.Fatal(err)
	}
	other := recipe
	other.Tap = "another"
	o, err := Open(root, other)
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if o.Len() != 0 || o.Get(keyFor(0), make([]float32, 3)) {
		t.Error("a row was found under another recipe")
	}
}

func TestDamageIsRepaired(t *testing.T) {
	const n = 2 * segmentRows
	lastRow := headerSize + segmentRows*entrySize + (segmentRows-1)*4*3
	for name, c := range map[string]struct {
		damage func(file []byte) []byte
		left   int
	}{
		"cut in the last row": {func(b []byte) []byte { return b[:len(b)-1] }, n - 1},
		"cut in the table":    {func(b []byte) []byte { return b[:headerSize+10*entrySize] }, segmentRows},
		"empty":               {func([]byte) []byte { return nil }, segmentRows},
		"magic":               {func(b []byte) []byte { b[0] ^= 1; return b }, segmentRows},
		"key":                 {func(b []byte) []byte { b[headerSize] ^= 1; return b }, n - 1},
		"row":                 {func(b []byte) []byte { b[lastRow] ^= 1; return b }, n - 1},
		"width":               {func(b []byte) []byte { b[len(segmentMagic)] ^= 1; return b }, segmentRows},
		"absurd width":        {func(b []byte) []byte { clear(b[len(segmentMagic):headerSize]); return b }, segmentRows},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			s := open(t, root)
			fill(t, s, 0, n)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			victim := segments(t, root)[0]
			file, err := os.ReadFile(victim)
			if err != nil {
				t.Fatal(err)
			}
			damaged := c.damage(bytes.Clone(file))
			if err := os.WriteFile(victim, damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			found, err := Verify(context.Background(), root)
			if err != nil {
				t.Fatal(err)
			}
			s = open(t, root)
			if got := present(t, s, n); got != c.left {
				t.Errorf("%d rows found, want %d", got, c.left)
			}
			if notes := s.Notes(); len(notes) != 1 || !strings.Contains(notes[0], root) {
				t.Errorf("notes %q, want one about a file below %s", notes, root)
			}
			if len(found) != 1 {
				t.Errorf("Verify found %+v, want one damage", found)
			}
			fill(t, s, 0, n)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, root)
			if got := present(t, s, n); got != n {
				t.Errorf("%d rows after repair, want all", got)
			}
			if notes := s.Notes(); len(notes) != 0 {
				t.Errorf("notes after repair: %q", notes)
			}
			if left, err := Verify(context.Background(), root); err != nil || len(left) != 0 {
				t.Errorf("Verify after repair: %+v, %v", left, err)
			}
		})
	}
}

func TestPutChecksWidth(t *testing.T) {
	s := open(t, t.TempDir())
	fill(t, s, 0, 1)
	if err := s.Put(keyFor(1), []float32{1}); err == nil {
		t.Error("a row of another width was accepted")
	}
}

func FuzzSegment(f *testing.F) {
	root := f.TempDir()
	s, err := Open(root, recipe)
	if err != nil {
		f.Fatal(err)
	}
	for i := range 3 {
		if err := s.Put(keyFor(i), rowFor(i)); err != nil {
			f.Fatal(err)
		}
	}
	s.Close()
	names, err := segmentNames(filepath.Join(root, recipe.Digest()))
	if err != nil {
		f.Fatal(err)
	}
	file, err := os.ReadFile(names[0])
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(file[:headerSize])
	f.Fuzz(func(t *testing.T, file []byte) {
		root := t.TempDir()
		dir := filepath.Join(root, recipe.Digest())
		if err := os.MkdirAll(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "x"+segmentSuffix), file, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Verify(context.Background(), root); err != nil {
			t.Fatal(err)
		}
		if _, err := List(context.Background(), root); err != nil {
			t.Fatal(err)
		}
		s := open(t, root)
		if s.Cols() == 0 {
			return
		}
		row := make([]float32, s.Cols())
		for i := range 3 {
			s.Get(keyFor(i), row)
			if err := s.Put(keyFor(i), row); err != nil || !s.Get(keyFor(i), row) {
				t.Fatalf("row %d can't be put: %v", i, err)
			}
		}
	})
}

// TestKeysThatBeginAlike tells keys apart that share the bytes of the index, before and after reopening.
func TestKeysThatBeginAlike(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	keys := make([]Key, 6)
	for i := range keys {
		keys[i] = Key{1, 2, 3, 4, 5, 6, 7, 8, byte(i)}
		if err := s.Put(keys[i], rowFor(i)); err != nil {
			t.Fatal(err)
		}
		for _, s := range []*Store{s, open(t, root)} {
			row := make([]float32, 3)
			for j, key := range keys {
				if got := s.Get(key, row); got != (j <= i) || got && !slices.Equal(row, rowFor(j)) {
					t.Fatalf("after %d rows: row %d is %v, %v", i+1, j, row, got)
				}
			}
		}
	}
	if s.Len() != len(keys) {
		t.Errorf("%d keys, want %d", s.Len(), len(keys))
	}
}

// TestFewFilesAreOpen finds the rows of many segments in any order with few of them open.
func TestFewFilesAreOpen(t *testing.T) {
	root := t.TempDir()
	const perSegment, count = 4, 7
	for i := range count {
		s := open(t, root)
		fill(t, s, i*perSegment, (i+1)*perSegment)
		s.Close()
	}
	s := open(t, root)
	s.files.most = 3
	row := make([]float32, 3)
	for _, step := range []int{1, 5, 11} {
		for i := range perSegment * count {
			i = i * step % (perSegment * count)
			if !s.Get(keyFor(i), row) || !slices.Equal(row, rowFor(i)) {
				t.Fatalf("row %d is missing or another's", i)
			}
			if len(s.files.segments) > s.files.most {
				t.Fatalf("%d files are open", len(s.files.segments))
			}
		}
	}
	if err := os.Remove(segments(t, root)[0]); err != nil {
		t.Fatal(err)
	}
	s.files.closeAll()
	if got := present(t, s, perSegment*count); got != perSegment*(count-1) {
		t.Errorf("%d rows are left without a segment", got)
	}
}

// TestCutWhileOpen cuts a segment that a store has open: its rows are missing, and nothing crashes.
func TestCutWhileOpen(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	fill(t, s, 0, 100)
	if err := os.Truncate(segments(t, root)[0], int64(rowsStart+50*12)); err != nil {
		t.Fatal(err)
	}
	if got := present(t, s, 100); got != 50 {
		t.Errorf("%d rows of a file cut to 50", got)
	}
	if notes := s.Notes(); len(notes) != 1 {
		t.Errorf("notes %q, want one", notes)
	}
}

func TestOldSegmentsAreRemoved(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, recipe.Digest())
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "x"+segmentSuffix), []byte(oldMagic+"…"), 0o666); err != nil {
		t.Fatal(err)
	}
	if s := open(t, root); len(s.Notes()) != 0 || len(segments(t, root)) != 0 {
		t.Errorf("%v left, notes %q", segments(t, root), s.Notes())
	}
}

func TestFullDiskIsNotedOnce(t *testing.T) {
	full, err := os.OpenFile("/dev/full", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no /dev/full here")
	}
	s := open(t, t.TempDir())
	fill(t, s, 0, 3)
	s.out.file.Close()
	s.out.file = full
	fill(t, s, 3, 6)
	if notes := s.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "no space left") {
		t.Errorf("notes %q, want one about the space", notes)
	}
	if err := s.Flush(); err != nil || len(s.Notes()) != 0 {
		t.Error("noted again")
	}
}

func TestPruneRemovesWhatWasUsedLongestAgo(t *testing.T) {
	root := t.TempDir()
	var size int64
	for i := range 3 {
		s := open(t, root)
		fill(t, s, 10*i, 10*i+10)
		name := s.out.name
		s.Close()
		used := time.Now().Add(time.Duration(i-10) * time.Hour)
		if err := os.Chtimes(name, used, used); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		size = info.Size()
	}
	s := open(t, root)
	if got := present(t, s, 10); got != 10 { // the oldest segment becomes the one used last, and is open
		t.Fatalf("%d rows", got)
	}
	p, err := Prune(root, 2*size)
	if err != nil || p.Segments != 1 || p.Bytes != size || p.Left != 2*size || p.InUse != 0 {
		t.Errorf("%+v, %v", p, err)
	}
	other := open(t, root)
	if got := present(t, other, 30); got != 20 {
		t.Errorf("%d rows left, want 20", got)
	}
	other.Close()
	list, err := List(context.Background(), root)
	if err != nil || len(list) != 1 || list[0].Recipe != recipe || list[0].Rows != 20 || list[0].Segments != 2 ||
		list[0].Cols != 3 || list[0].Bytes != 2*size || list[0].RowBytes != RowBytes(3, false) || time.Since(list[0].Used) > time.Minute {
		t.Errorf("list %+v, %v", list, err)
	}
	if p, err := Prune(root, 0); err != nil || p.Segments != 1 || p.InUse != size || p.Left != size {
		t.Errorf("with one segment open: %+v, %v", p, err)
	}
	s.Close()
	if p, err := Prune(root, 0); err != nil || p.Segments != 1 || p.Left != 0 {
		t.Errorf("with none open: %+v, %v", p, err)
	}
	if left, err := os.ReadDir(root); err != nil || len(left) != 0 {
		t.Errorf("%v, %v left of an emptied cache", left, err)
	}
}

// A folder of a job that kept nothing, since it was stopped or could read no image, isn't listed.
func TestListLeavesOutWhatHoldsNothing(t *testing.T) {
	root := t.TempDir()
	open(t, root).Close()
	if left, err := os.ReadDir(root); err != nil || len(left) != 1 {
		t.Fatalf("%v, %v are there", left, err)
	}
	if list, err := List(t.Context(), root); err != nil || len(list) != 0 {
		t.Errorf("list %+v, %v", list, err)
	}
}

// TestLimit writes more than a cache may hold: rows of earlier processes go, those of this one are kept while there
// is room.
func TestLimit(t *testing.T) {
	root := t.TempDir()
	segment := int64(rowsStart + segmentRows*12)
	for i := range 4 {
		s, err := OpenLimited(root, recipe, 2*segment)
		if err != nil {
			t.Fatal(err)
		}
		fill(t, s, i*segmentRows, (i+1)*segmentRows)
		if notes := s.Notes(); len(notes) != 0 {
			t.Errorf("segment %d: %q", i, notes)
		}
		s.Close()
		if n := len(segments(t, root)); n > 2 {
			t.Errorf("%d segments in a cache for 2", n)
		}
	}
	s, err := OpenLimited(root, recipe, 2*segment)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	fill(t, s, 100*segmentRows, 103*segmentRows)
	if notes := s.Notes(); len(notes) != 1 || !strings.Contains(notes[0], "in use") {
		t.Errorf("notes %q, want one about the limit", notes)
	}
	if n := len(segments(t, root)); n != 2 {
		t.Errorf("%d segments in a cache for 2", n)
	}
}
