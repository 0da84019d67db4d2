package source

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestFingerprint(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "in/a.jpg", "one")
	write(t, dir, "in/b/c.png", "two")
	write(t, dir, "0.tar", tarOf(t, "x.jpg=1"))
	write(t, dir, "1.tar", tarOf(t, "y.jpg=2"))
	of := func(o Options) string {
		t.Helper()
		o.Path = filepath.Join(dir, o.Path)
		s, err := Open(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		text, err := s.Fingerprint(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	folder := Options{Path: "in"}
	first, second := Options{Path: "{0,1}.tar", Shard: Shard{0, 2}}, Options{Path: "{0,1}.tar", Shard: Shard{1, 2}}
	before := []string{of(folder), of(first), of(second)}
	if of(folder) != before[0] || before[1] == before[2] {
		t.Errorf("%q", before)
	}
	write(t, dir, "in/b/d.png", "three")
	write(t, dir, "1.tar", tarOf(t, "y.jpg=2", "z.jpg=3"))
	if of(folder) == before[0] || of(second) == before[2] {
		t.Error("an input that changed has the same fingerprint")
	}
	if of(first) != before[1] {
		t.Error("the other shard has another fingerprint")
	}
	os.Remove(filepath.Join(dir, "in/b/d.png"))
	if of(folder) != before[0] {
		t.Error("the input as it was has another fingerprint")
	}
	if err := os.Chtimes(filepath.Join(dir, "in/a.jpg"), time.Time{}, time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if of(folder) == before[0] {
		t.Error("a file that was written again has the same fingerprint")
	}
}

func TestReads(t *testing.T) {
	dir := t.TempDir()
	table := write(t, dir, "t.csv", "path\na.jpg\n")
	other := write(t, dir, "o.csv", "path\n")
	link := filepath.Join(dir, "link.csv")
	if err := os.Symlink(table, link); err != nil {
		t.Skip(err)
	}
	for _, c := range []struct {
		input, path string
		want        bool
	}{
		{table, table, true}, {table, link, true}, {table, other, false}, {filepath.Join(dir, "*.csv"), other, true},
		{table, filepath.Join(dir, "new.csv"), false},
	} {
		s, err := Open(t.Context(), Options{Path: c.input})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Reads(t.Context(), c.path); got != c.want || err != nil {
			t.Errorf("%s reads %s: %v, %v", c.input, c.path, got, err)
		}
	}
}
