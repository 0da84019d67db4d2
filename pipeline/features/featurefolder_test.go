package features

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/internal/pipelinetest"
	"finetune/internal/store/lockfile"
	"finetune/internal/store/seal"
	"finetune/invalid"
	"finetune/pipeline/dataset"
)

// An index that was sorted by another column has the labels of the rows that it names.
func TestIndexIsMappedByRow(t *testing.T) {
	folder := pipelinetest.FeatureFolder(t, 3, 7, "", nil)
	labels := func() (paths []string) {
		table, err := OpenFolder(t.Context(), folder, dataset.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer table.Close()
		for _, item := range table.Set.Items {
			paths = append(paths, item.Path+" "+item.Text)
		}
		return paths
	}
	want := labels()
	index := filepath.Join(folder, IndexFile)
	text, err := os.ReadFile(index)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	for name, change := range map[string]func([]string){
		"reversed": slices.Reverse[[]string],
		"sorted by label": func(l []string) {
			slices.SortFunc(l, func(a, b string) int { return strings.Compare(a[len(a)-1:], b[len(b)-1:]) })
		},
	} {
		body := slices.Clone(lines[1:])
		change(body)
		if err := os.WriteFile(index, []byte(lines[0]+"\n"+strings.Join(body, "\n")+"\n"), 0o666); err != nil {
			t.Fatal(err)
		}
		if got := labels(); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	for name, c := range map[string]struct{ old, new string }{
		"a row twice":      {"\n3,", "\n4,"},
		"a row beyond":     {"\n3,", "\n21,"},
		"no number":        {"\n3,", "\nthree,"},
		"shifted rows":     {"\n0,", "\n-1,"},
		"one line missing": {lines[5] + "\n", ""},
	} {
		if err := os.WriteFile(index, []byte(strings.Replace(string(text), c.old, c.new, 1)), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenFolder(t.Context(), folder, dataset.Options{}); !invalid.Is(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The files of a folder belong together: another matrix, or half of one that an extraction was killed in, is refused.
func TestFeatureFolderIsChecked(t *testing.T) {
	folder := pipelinetest.FeatureFolder(t, 3, 7, "", nil)
	if err := os.WriteFile(filepath.Join(folder, MetaFile), []byte("{}"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := seal.Write(t.Context(), folder, []string{MatrixFile, MetaFile, IndexFile}); err != nil {
		t.Fatal(err)
	}
	open := func() error {
		table, err := OpenFolder(t.Context(), folder, dataset.Options{})
		if err == nil {
			table.Close()
		}
		return err
	}
	if err := open(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(filepath.Join(folder, MatrixFile))
	if err != nil {
		t.Fatal(err)
	}
	data[len(data)-1] ^= 1
	if err := os.WriteFile(filepath.Join(folder, MatrixFile), data, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := open(); !invalid.Is(err) || !strings.Contains(err.Error(), MatrixFile) {
		t.Errorf("a changed matrix: %v", err)
	}
	os.Remove(filepath.Join(folder, seal.Name))
	if err := os.WriteFile(filepath.Join(folder, lockfile.Name), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := open(); !invalid.Is(err) {
		t.Errorf("an unfinished folder: %v", err)
	}
}

// A matrix without columns has nothing to train on.
func TestFeatureFolderWithoutColumns(t *testing.T) {
	folder := pipelinetest.FeatureFolder(t, 3, 7, "", nil)
	header := fmt.Sprintf("%-117s\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (21, 0), }")
	if err := os.WriteFile(filepath.Join(folder, MatrixFile), []byte("\x93NUMPY\x01\x00\x76\x00"+header), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{folder, folder + string(filepath.ListSeparator) + folder} {
		_, err := OpenFolder(t.Context(), path, dataset.Options{})
		if !invalid.Is(err) || !strings.Contains(err.Error(), "shape (21, 0); expected at least one column") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// FuzzMeta opens a folder with any meta.json: it is refused, or its blocks cover the columns.
func FuzzMeta(f *testing.F) {
	folder := pipelinetest.FeatureFolder(f, 2, 4, "", nil)
	for _, text := range []string{
		`{}`, `{"blocks":[{"offset":0,"width":3},{"offset":3,"width":5}]}`, `{"blocks":[{"offset":0,"width":8},{"offset":8,"width":8}]}`,
		`{"blocks":[{"offset":-1,"width":9}]}`, `{"blocks":[{"offset":0,"width":9223372036854775807}]}`,
		`{"blocks":[{"offset":0,"width":4}]}`, `{"order":["1"],"bins":[1e999]}`, `[`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(filepath.Join(folder, MetaFile), text, 0o666); err != nil {
			t.Fatal(err)
		}
		table, err := OpenFolder(t.Context(), folder, dataset.Options{})
		if err != nil {
			if !invalid.Is(err) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		defer table.Close()
		columns := 0
		for _, b := range table.Blocks {
			columns += len(table.Features.Row(0)[b.Offset : b.Offset+b.Width])
		}
		if columns != 0 && columns != table.Features.Cols {
			t.Errorf("%q: blocks of %d columns", text, columns)
		}
	})
}
