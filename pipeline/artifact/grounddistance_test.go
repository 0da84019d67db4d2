package artifact

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
)

func TestReadGroundDistance(t *testing.T) {
	want := []float64{0, 1, 2.5, 1, 0, 1, 2.5, 1, 0}
	for name, c := range map[string]struct{ text, wrong string }{
		"commas":     {"0,1,2.5\n1,0,1\n2.5,1,0\n", ""},
		"blanks":     {"# years apart\n 0 1\t2.5\n\n1 0 1\n2.5 1  0", ""},
		"semicolons": {"\ufeff0; 1; 2.5\r\n1; 0; 1\r\n2.5; 1; 0\r\n", ""},
		"empty":      {"# nothing\n", "0 lines of 0 numbers; expected as many lines"},
		"word":       {"0,1,2\n1,0,x\n2,1,0\n", `line 2: "x"; expected a number`},
		"ragged":     {"0,1,2\n1,0\n", "line 2: 2 numbers; expected 3"},
		"short":      {"0,1,2\n1,0,1\n", "2 lines of 3 numbers"},
		"long":       {"0,1\n1,0\n1,1\n", "line 3: one line too many; expected 2 lines of 2 numbers"},
	} {
		path := filepath.Join(t.TempDir(), "d.csv")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := ReadGroundDistance(path)
		if c.wrong == "" && (err != nil || !slices.Equal(got.Matrix, want)) {
			t.Errorf("%s: %v, %v", name, got.Matrix, err)
		}
		if c.wrong != "" && (!invalid.Is(err) || !strings.Contains(err.Error(), c.wrong) || !strings.Contains(err.Error(), "Loss.Ground "+path)) {
			t.Errorf("%s: %v, want %q", name, err, c.wrong)
		}
	}
	if _, err := ReadGroundDistance(filepath.Join(t.TempDir(), "none")); !invalid.Is(err) || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("a missing file: %v", err)
	}
}

func FuzzParseGroundDistance(f *testing.F) {
	for _, text := range []string{"0,1\n1,0\n", "# a\n0 1e300\n-1 nan\n", "0,1\n", "\ufeff;;\n"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		matrix, err := parseGroundDistance(strings.NewReader(text))
		if err != nil {
			if !invalid.Is(err) {
				t.Fatalf("%v is no mistake", err)
			}
			return
		}
		k := 0
		for k*k < len(matrix) {
			k++
		}
		if k == 0 || k*k != len(matrix) {
			t.Fatalf("%d numbers make no square", len(matrix))
		}
		path := filepath.Join(t.TempDir(), "d.csv")
		if err := WriteGroundDistance(path, matrix, k); err != nil {
			t.Fatal(err)
		}
		again, err := ReadGroundDistance(path)
		if slices.ContainsFunc(matrix, func(v float64) bool { return v != v }) {
			return // NaN is written as nothing; no loss takes it
		}
		if err != nil || !slices.Equal(again.Matrix, matrix) {
			t.Fatalf("comes back as %v (%v), was %v", again.Matrix, err, matrix)
		}
	})
}
