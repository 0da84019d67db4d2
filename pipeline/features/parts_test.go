package features

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"finetune/internal/store/npy"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/preprocess"
)

// writePart writes a feature folder with the given items, whose features tell which item they are of.
func writePart(t *testing.T, dir string, m Meta, cols int, items ...int) string {
	t.Helper()
	views := 1
	if m.Views != nil {
		views = m.Views.Count
	}
	w, err := npy.Create(filepath.Join(dir, MatrixFile), cols)
	if err != nil {
		t.Fatal(err)
	}
	index := "row,path,label,group\n"
	if views > 1 {
		index = "row,view,path,label,group\n"
	}
	for n, item := range items {
		for view := range views {
			row := make([]float32, cols)
			for c := range row {
				row[c] = float32(1000*item + 100*view + c)
			}
			if err := w.WriteRow(row); err != nil {
				t.Fatal(err)
			}
			index += fmt.Sprint(n*views+view) + ","
			if views > 1 {
				index += fmt.Sprint(view) + ","
			}
			index += fmt.Sprintf("%d.jpg,%d,g%d\n", item, item%2, item/2)
		}
	}
	if err := w.Commit(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, IndexFile), []byte(index), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := artifact.WriteJSON(filepath.Join(dir, MetaFile), m); err != nil {
		t.Fatal(err)
	}
	return dir
}

func networkOf(t *testing.T, digest, tap string) *NetworkInfo {
	t.Helper()
	spec, err := preprocess.Preset("imagenet")
	if err != nil {
		t.Fatal(err)
	}
	return &NetworkInfo{Digest: digest, Tap: tap, Preprocessing: spec}
}

// contents lists what a table says of each item, with all of its rows.
func contents(t *testing.T, path string) ([]string, error) {
	t.Helper()
	table, err := OpenFolder(t.Context(), path, dataset.Options{})
	if err != nil {
		return nil, err
	}
	defer table.Close()
	var list []string
	for i, it := range table.Set.Items {
		text := fmt.Sprint(it.Path, it.Label, it.Group)
		for _, row := range table.Rows([]int{i}, table.PerItem) {
			text += fmt.Sprint(" ", table.Features.Row(row))
		}
		list = append(list, text)
	}
	e := table.Examples(nil)
	for i := range table.Set.Items {
		if !slices.Equal(e.Row(i), table.Features.Row(table.Plain([]int{i})[0])) {
			t.Errorf("example %d has the features of another item", i)
		}
	}
	for first := 0; first < len(list); {
		f, n := table.Together(first, 3)
		for i := range n {
			if !slices.Equal(f.Row(i*table.PerItem), e.Row(first+i)) {
				t.Errorf("item %d isn't where it should be", first+i)
			}
		}
		first += n
	}
	return list, nil
}

func TestPartsAreOneFolder(t *testing.T) {
	network := networkOf(t, "abc", "last")
	for _, views := range []int{1, 2} {
		for _, cols := range []int{3, 16, 1000} {
			dir, m := t.TempDir(), Meta{Backbone: network}
			if views > 1 {
				m.Views = &FolderViews{Count: views}
			}
			want, err := contents(t, writePart(t, filepath.Join(dir, "whole"), m, cols, 0, 1, 2, 3, 4, 5, 6))
			if err != nil {
				t.Fatal(err)
			}
			parts := filepath.Join(dir, "parts")
			a := writePart(t, filepath.Join(parts, "part-0"), m, cols, 0, 1, 2)
			b := writePart(t, filepath.Join(parts, "part-1"), m, cols, 3)
			c := writePart(t, filepath.Join(parts, "part-2"), m, cols, 4, 5, 6)
			list := strings.Join([]string{a, b, c}, string(filepath.ListSeparator))
			for _, path := range []string{parts, list} {
				if got, err := contents(t, path); err != nil || !slices.Equal(got, want) {
					t.Errorf("%d views, %d columns, %s: %v\n got %.300q\nwant %.300q", views, cols, path, err, got, want)
				}
			}
		}
	}
}

func TestPartsOfParquet(t *testing.T) {
	type row struct {
		Path     string    `parquet:"path"`
		Label    int32     `parquet:"label"`
		Group    string    `parquet:"group"`
		Error    string    `parquet:"error,optional"`
		Features []float32 `parquet:"features,list"`
	}
	of := func(items ...int) (rows []row) {
		for _, item := range items {
			r := row{Path: fmt.Sprintf("%d.jpg", item), Label: int32(item % 2), Group: fmt.Sprintf("g%d", item/2)}
			for c := range 5 {
				r.Features = append(r.Features, float32(1000*item+c))
			}
			rows = append(rows, r)
		}
		return rows
	}
	dir := t.TempDir()
	want, err := contents(t, writePart(t, filepath.Join(dir, "whole"), Meta{}, 5, 0, 1, 2, 3, 4))
	if err != nil {
		t.Fatal(err)
	}
	parts := filepath.Join(dir, "parts")
	if err := os.Mkdir(parts, 0o777); err != nil {
		t.Fatal(err)
	}
	bad := row{Path: "bad.jpg", Error: "not an image"}
	for name, rows := range map[string][]row{"part-0.parquet": append(of(0, 1), bad), "part-1.parquet": append([]row{bad}, of(2, 3, 4)...)} {
		if err := parquet.WriteFile(filepath.Join(parts, name), rows); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(parts, "_SUCCESS"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if got, err := contents(t, parts); err != nil || !slices.Equal(got, want) {
		t.Errorf("%v\n got %.300q\nwant %.300q", err, got, want)
	}
	ragged := of(5, 6)
	ragged[1].Features = ragged[1].Features[:3]
	for name, rows := range map[string][]row{"ragged": ragged, "none": {bad}} {
		file := filepath.Join(dir, name+".parquet")
		if err := parquet.WriteFile(file, rows); err != nil {
			t.Fatal(err)
		}
		if _, err := contents(t, file); !invalid.Is(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "x.parquet"), []byte("PAR1 damaged PAR1"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := contents(t, filepath.Join(dir, "x.parquet")); !invalid.Is(err) {
		t.Errorf("damaged: %v", err)
	}
}

func TestFeaturesWithoutLabels(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "x.parquet")
	if err := parquet.WriteFile(file, []struct {
		Path     string    `parquet:"path"`
		Grade    int32     `parquet:"grade"`
		Features []float32 `parquet:"features,list"`
	}{{"a.jpg", 1, []float32{1}}, {"b.jpg", 2, []float32{2}}}); err != nil {
		t.Fatal(err)
	}
	folder := writePart(t, filepath.Join(dir, "folder"), Meta{}, 1, 0, 1)
	other := writePart(t, filepath.Join(dir, "other"), Meta{}, 1, 2, 3)
	for _, d := range []string{folder, other} {
		if err := os.WriteFile(filepath.Join(d, IndexFile), []byte("row,path\n0,"+d+"a.jpg\n1,"+d+"b.jpg\n"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ path, column, want string }{
		{file, "", file + ": no label column among path, grade, features.list.element; expected a column label, or votes_<class> for each class; keep"},
		{file, "Grade", file + `: no column "Grade" among path, grade,`},
		{file, "grade", ""},
		{folder, "", folder + `/index.csv line 1: the header "row,path"; expected a column named label, or votes_<class> for each class; extract`},
		{folder + string(filepath.ListSeparator) + other, "", folder + ` and 1 more: the header "row,path"; expected a column named label`},
	} {
		table, err := OpenFolder(t.Context(), c.path, dataset.Options{LabelColumn: c.column})
		switch {
		case c.want == "" && err == nil:
			table.Close()
		case c.want == "" || err == nil || !invalid.Is(err) || !strings.Contains(filepath.ToSlash(err.Error()), filepath.ToSlash(c.want)):
			t.Errorf("%s, %q: %v\nwant %q", c.path, c.column, err, c.want)
		}
	}
}

func TestPartsThatDontBelongTogether(t *testing.T) {
	dir := t.TempDir()
	a := writePart(t, filepath.Join(dir, "a"), Meta{Backbone: networkOf(t, "abc", "last")}, 4, 0, 1)
	for name, m := range map[string]Meta{
		"another network": {Backbone: networkOf(t, "def", "last")}, "another feature": {Backbone: networkOf(t, "abc", "multi")},
		"another views": {Backbone: networkOf(t, "abc", "last"), Views: &FolderViews{Count: 2}}, "another network than": {},
	} {
		b := writePart(t, filepath.Join(dir, name), m, 4, 2, 3)
		_, err := contents(t, a+string(filepath.ListSeparator)+b)
		if !invalid.Is(err) || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), a) || !strings.Contains(err.Error(), b) {
			t.Errorf("%s: %v", name, err)
		}
	}
	same := Meta{Backbone: networkOf(t, "abc", "last")}
	wide := writePart(t, filepath.Join(dir, "wide"), same, 5, 2, 3)
	again := writePart(t, filepath.Join(dir, "again"), same, 4, 1)
	broken := writePart(t, filepath.Join(dir, "broken"), same, 4, 7, 8)
	if err := os.WriteFile(filepath.Join(broken, IndexFile), []byte("row,path,label\n0,7.jpg,1\n1,8.jpg,nan\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	short := writePart(t, filepath.Join(dir, "short"), same, 4, 7, 8)
	if err := os.WriteFile(filepath.Join(short, IndexFile), []byte("row,path,label\n0,7.jpg,1\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ part, found string }{
		{wide, "5 columns"}, {again, "again"}, {broken, broken + " line 3"}, {short, "1 rows"}, {filepath.Join(dir, "none"), "none"},
	} {
		if _, err := contents(t, a+string(filepath.ListSeparator)+c.part); !invalid.Is(err) || !strings.Contains(err.Error(), c.found) {
			t.Errorf("%s: %v", c.part, err)
		}
	}
}
