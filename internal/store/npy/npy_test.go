package npy

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
)

// encode writes a matrix to a file and returns its path and bytes.
func encode(t testing.TB, rows, cols int, data []float32) (string, []byte) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "m.npy")
	w, err := Create(path, cols)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Abort()
	for i := range rows {
		if err := w.WriteRow(data[i*cols : (i+1)*cols]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, file
}

func TestRoundTrip(t *testing.T) {
	data := []float32{1, -2.5, float32(math.Inf(1)), 3e-40, 5, 6}
	for _, shape := range [][2]int{{2, 3}, {3, 2}, {6, 1}, {1, 6}, {0, 4}} {
		n := shape[0] * shape[1]
		path, file := encode(t, shape[0], shape[1], data[:n])
		h, got, err := Read(bytes.NewReader(file))
		if err != nil || h.Rows != shape[0] || h.Cols != shape[1] || !slices.Equal(got, data[:n]) {
			t.Errorf("%v: read %+v %v, %v", shape, h, got, err)
		}
		m, err := Open(path)
		if err != nil || m.Rows != shape[0] || m.Cols != shape[1] || !slices.Equal(m.Data, data[:n]) {
			t.Fatalf("%v: opened %+v, %v", shape, m, err)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The files in testdata were written by NumPy (make_npy.py) from the same six numbers.
func TestReadsNumPy(t *testing.T) {
	want := []float32{0.5, -1, 6.1035156e-05, 5.9604645e-08, 65504, float32(math.Inf(-1))}
	for _, name := range []string{"f2.npy", "f4.npy", "f8.npy", "f4-version2.npy"} {
		m, err := Open(filepath.Join("testdata", name))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if m.Rows != 2 || m.Cols != 3 || !slices.Equal(m.Data, want) {
			t.Errorf("%s: %d × %d %v, want 2 × 3 %v", name, m.Rows, m.Cols, m.Data, want)
		}
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestWritesWhatNumPyWrites(t *testing.T) {
	want, err := os.ReadFile("testdata/f4.npy")
	if err != nil {
		t.Fatal(err)
	}
	_, data, err := Read(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	if _, got := encode(t, 2, 3, data); !bytes.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

func TestRefuses(t *testing.T) {
	_, whole := encode(t, 2, 2, []float32{1, 2, 3, 4})
	swap := func(old, new string) []byte { return bytes.Replace(whole, []byte(old), []byte(new), 1) }
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"not npy":    {[]byte("\x89PNG\r\n\x1a\n...."), "not a .npy file"},
		"empty":      {nil, "not a .npy file"},
		"cut":        {whole[:len(whole)-1], "bytes long"},
		"integers":   {swap("<f4", "<i4"), "elements of type"},
		"big-endian": {swap("<f4", ">f4"), "elements of type"},
		"fortran":    {swap("False", "True "), "Fortran"},
		"vector":     {swap("(2, 2)", "(4,)  "), "expected a matrix"},
		"negative":   {swap("(2, 2)", "(-2,2)"), "whole numbers"},
		"enormous":   {swap("(2, 2), }", "(9999999999,9999999999)}"), "larger"},
		"version":    {swap("\x01\x00", "\x07\x00"), "version"},
	} {
		path := filepath.Join(t.TempDir(), "m.npy")
		if err := os.WriteFile(path, c.file, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); !invalid.Is(err) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: got %v, want the path and %q", name, err, c.want)
		}
	}
}

func TestOpenRefusesWhatIsNoFile(t *testing.T) {
	for path, want := range map[string]string{t.TempDir(): "a folder", filepath.Join(t.TempDir(), "none"): "no such file"} {
		if _, err := Open(path); !invalid.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", path, err, want)
		}
	}
}

func TestWriterLeavesNothingBehind(t *testing.T) {
	dir := t.TempDir()
	w, err := Create(filepath.Join(dir, "m.npy"), 2)
	if err != nil {
		t.Fatal(err)
	}
	if w.WriteRow([]float32{1}) == nil || w.rows != 0 {
		t.Error("a short row must be an error and not count")
	}
	w.Abort()
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Errorf("%d files left, want none", len(left))
	}
}

func FuzzRead(f *testing.F) {
	_, whole := encode(f, 2, 2, []float32{1, 2, 3, 4})
	f.Add(whole)
	f.Add([]byte(magic + "\x02\x00\xff\xff\x00\x00{}"))
	f.Fuzz(func(t *testing.T, file []byte) {
		h, data, err := Read(bytes.NewReader(file))
		if err == nil && len(data) != h.Rows*h.Cols {
			t.Errorf("%d elements for %d × %d", len(data), h.Rows, h.Cols)
		}
	})
}
