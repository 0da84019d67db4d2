package npy

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestHalf writes float16 as NumPy does, reads it, and widens it to a file that can be mapped.
func TestHalf(t *testing.T) {
	want, err := os.ReadFile("testdata/f2.npy")
	if err != nil {
		t.Fatal(err)
	}
	_, data, err := Read(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path, wide := filepath.Join(dir, "half.npy"), filepath.Join(dir, "wide.npy")
	w, err := CreateHalf(path, 3)
	if err != nil {
		t.Fatal(err)
	}
	for row := range slices.Chunk(data, 3) {
		if err := w.WriteRow(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("got %q, %v\nwant %q", got, err, want)
	}
	if n := InMemory(t.Context(), path); n != 4*6 {
		t.Errorf("float16 takes %d bytes of memory", n)
	}
	if err := Widen(t.Context(), path, wide); err != nil {
		t.Fatal(err)
	}
	if n := InMemory(t.Context(), wide); n != 0 {
		t.Errorf("float32 takes %d bytes of memory", n)
	}
	for _, path := range []string{path, wide} {
		m, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(m.Data, data) {
			t.Errorf("%s: %v, want %v", path, m.Data, data)
		}
		m.Close()
	}
	if err := os.WriteFile(path, want[:len(want)-2], 0o666); err != nil {
		t.Fatal(err)
	}
	if err := Widen(t.Context(), path, wide); err == nil {
		t.Error("a matrix that is cut must be an error")
	}
}
