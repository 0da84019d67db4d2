package featurestore

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
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
	const n = 2*SegmentRows + 7
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

func TestDamageIsMended(t *testing.T) {
	for name, c := range map[string]struct {
		damage func(file []byte) []byte
		left   int
	}{
		"cut":   {func(b []byte) []byte { return b[:len(b)-1] }, SegmentRows},
		"empty": {func([]byte) []byte { return nil }, SegmentRows},
		"magic": {func(b []byte) []byte { b[0] ^= 1; return b }, SegmentRows},
		"key":   {func(b []byte) []byte { b[headerSize] ^= 1; return b }, SegmentRows},
		"row":   {func(b []byte) []byte { b[len(b)-2] ^= 1; return b }, SegmentRows},
		"width": {func(b []byte) []byte { b[len(segmentMagic)+4] ^= 1; return b }, SegmentRows},
	} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			s := open(t, root)
			fill(t, s, 0, 2*SegmentRows)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			victim := segments(t, root)[0]
			file, err := os.ReadFile(victim)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(victim, c.damage(file), 0o644); err != nil {
				t.Fatal(err)
			}
			s = open(t, root)
			if got := present(t, s, 2*SegmentRows); got != c.left {
				t.Errorf("%d rows found, want %d", got, c.left)
			}
			if notes := s.Notes(); len(notes) != 1 || !strings.Contains(notes[0], victim) {
				t.Errorf("notes %q, want one about %s", notes, victim)
			}
			fill(t, s, 0, 2*SegmentRows)
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if got := present(t, open(t, root), 2*SegmentRows); got != 2*SegmentRows {
				t.Errorf("%d rows after mending, want all", got)
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
	dir := f.TempDir()
	name, err := writeSegment(dir, 2, []Key{keyFor(1), keyFor(2)}, []float32{1, 2, 3, 4})
	if err != nil {
		f.Fatal(err)
	}
	file, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(file[:headerSize])
	f.Fuzz(func(t *testing.T, file []byte) {
		name := filepath.Join(t.TempDir(), "x"+segmentSuffix)
		if err := os.WriteFile(name, file, 0o644); err != nil {
			t.Fatal(err)
		}
		seg := &segment{name: name}
		if seg.open() != nil {
			return
		}
		defer seg.close()
		if seg.verify() == nil {
			seg.row(seg.rows - 1)
		}
	})
}

// Keys that begin alike are told apart, on disk as among the rows that wait, and the damage of one segment leaves the other's.
func TestKeysThatBeginAlike(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	keys := make([]Key, 6)
	for i := range keys {
		keys[i] = Key{1, 2, 3, 4, 5, 6, 7, 8, byte(i)}
		if err := s.Put(keys[i], rowFor(i)); err != nil {
			t.Fatal(err)
		}
		if i%2 == 1 {
			if err := s.Flush(); err != nil {
				t.Fatal(err)
			}
		}
		check := func(s *Store) {
			t.Helper()
			row := make([]float32, 3)
			for j, key := range keys {
				if got := s.Get(key, row); got != (j <= i) || got && !slices.Equal(row, rowFor(j)) {
					t.Fatalf("after %d rows: row %d is %v, %v", i+1, j, row, got)
				}
			}
		}
		check(s)
		if i%2 == 1 {
			check(open(t, root))
		}
	}
	if s.Len() != len(keys) {
		t.Errorf("%d keys, want %d", s.Len(), len(keys))
	}
}

// A store maps few of its segments at a time, and finds the rows of all of them in any order.
func TestWindowStaysSmall(t *testing.T) {
	root := t.TempDir()
	s := open(t, root)
	const cols, perSegment, count = 1000, 4, 7
	s.mapped.most = 3 * 4 * cols * perSegment // not quite three segments, which have keys and a header too
	row := make([]float32, cols)
	for i := range perSegment * count {
		row[0], row[cols-1] = float32(i), float32(-i)
		if err := s.Put(keyFor(i), row); err != nil {
			t.Fatal(err)
		}
		if i%perSegment == perSegment-1 {
			if err := s.Flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, step := range []int{1, 5, 11} {
		for i := range perSegment * count {
			i = i * step % (perSegment * count)
			if !s.Get(keyFor(i), row) || row[0] != float32(i) || row[cols-1] != float32(-i) {
				t.Fatalf("row %d is missing or another's", i)
			}
			if s.mapped.bytes > s.mapped.most {
				t.Fatalf("%d bytes are mapped", s.mapped.bytes)
			}
		}
	}
	if err := os.Remove(segments(t, root)[0]); err != nil {
		t.Fatal(err)
	}
	s.mapped.close()
	found := 0
	for i := range perSegment * count {
		if s.Get(keyFor(i), row) {
			found++
		}
	}
	if whole := perSegment * count; found != whole-perSegment || len(s.Notes()) != 1 {
		t.Errorf("%d rows of %d are left without a segment, with notes %q", found, whole, s.Notes())
	}
}
