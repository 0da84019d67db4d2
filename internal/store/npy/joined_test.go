package npy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"finetune/invalid"
)

// write writes a matrix whose element j of row i is first + i·cols + j.
func writeMatrix(t *testing.T, path string, rows, cols int, first float32) {
	t.Helper()
	w, err := Create(path, cols)
	if err != nil {
		t.Fatal(err)
	}
	row := make([]float32, cols)
	for i := range rows {
		for j := range row {
			row[j] = first + float32(i*cols+j)
		}
		if err := w.WriteRow(row); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
}

func TestJoin(t *testing.T) {
	for _, c := range []struct {
		cols, unit int
		rows       []int
	}{
		{1, 1, []int{3, 1, 7}}, {5, 1, []int{1, 1}}, {7, 3, []int{3, 6, 9}}, {1280, 1, []int{2, 0, 3, 5}}, {1024, 2, []int{2, 4}},
		{333, 1, []int{100, 1, 50}},
	} {
		dir := t.TempDir()
		var paths []string
		for i, rows := range c.rows {
			paths = append(paths, filepath.Join(dir, fmt.Sprint(i)))
			writeMatrix(t, paths[i], rows, c.cols, float32(1000*i))
		}
		j, err := Join(t.Context(), c.unit, paths...)
		if err != nil {
			t.Fatalf("%v: %v", c, err)
		}
		if len(j.Data) != j.Rows*j.Cols || j.Cols != c.cols {
			t.Errorf("%v: %d numbers for %d × %d", c, len(j.Data), j.Rows, j.Cols)
		}
		for i, rows := range c.rows {
			if j.Starts[i]%c.unit != 0 {
				t.Errorf("%v: part %d begins at row %d", c, i, j.Starts[i])
			}
			for n := range rows * c.cols {
				if got := j.Data[j.Starts[i]*c.cols+n]; got != float32(1000*i+n) {
					t.Fatalf("%v: part %d number %d: %g", c, i, n, got)
				}
			}
		}
		var sum float64
		for _, v := range j.Data { // also between parts
			sum += float64(v)
		}
		if sum == 0 && c.rows[0] > 1 {
			t.Errorf("%v: only zeros", c)
		}
		if err := j.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestJoinRefuses(t *testing.T) {
	dir := t.TempDir()
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	writeMatrix(t, a, 2, 3, 0)
	writeMatrix(t, b, 2, 4, 0)
	if _, err := Join(t.Context(), 1, a, b); !invalid.Is(err) {
		t.Errorf("other columns: %v", err)
	}
	if _, err := Join(t.Context(), 1, a, filepath.Join(dir, "none")); !invalid.Is(err) {
		t.Errorf("a missing part: %v", err)
	}
	if err := os.Truncate(b, 140); err != nil {
		t.Fatal(err)
	}
	if _, err := Join(t.Context(), 1, b); !invalid.Is(err) {
		t.Errorf("a cut part: %v", err)
	}
	half := append([]byte(magic+"\x01\x00\x76\x00"), fmt.Appendf(nil, "%-117s\n", "{'descr': '<f2', 'fortran_order': False, 'shape': (1, 3), }")...)
	if err := os.WriteFile(b, append(half, make([]byte, 6)...), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Join(t.Context(), 1, a, b); !errors.Is(err, ErrNotMappable) {
		t.Errorf("float16: %v", err)
	}
}
