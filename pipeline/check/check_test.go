package check

import (
	"encoding/csv"
	"fmt"
	"image"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/disintegration/imaging"

	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/pipeline/run"
)

// plantedData is a folder with a manifest of different photos, to which tests add problems.
type plantedData struct {
	t      *testing.T
	folder string
	rows   [][]string // path, label, split, group
}

func newPlanted(t *testing.T) *plantedData {
	d := &plantedData{t: t, folder: t.TempDir()}
	photos, err := filepath.Glob("../../testdata/demo/images/*/0-grade1.jpg")
	if err != nil || len(photos) != 12 {
		t.Fatal(photos, err)
	}
	for i, photo := range photos {
		data, err := os.ReadFile(photo)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("%d.jpg", i)
		if err := os.WriteFile(filepath.Join(d.folder, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
		d.list(name, fmt.Sprint(1+i%3), []string{"train", "test"}[i/9], fmt.Sprintf("photo %d", i))
	}
	return d
}

func (d *plantedData) add(path, label, split, group string, img image.Image) {
	d.t.Helper()
	if err := imaging.Save(img, filepath.Join(d.folder, path), imaging.JPEGQuality(60)); err != nil {
		d.t.Fatal(err)
	}
	d.list(path, label, split, group)
}

func (d *plantedData) list(path, label, split, group string) {
	d.rows = append(d.rows, []string{path, label, split, group})
}

func (d *plantedData) open(path string) image.Image {
	d.t.Helper()
	img, err := imaging.Open(filepath.Join(d.folder, path))
	if err != nil {
		d.t.Fatal(err)
	}
	return img
}

// manifest writes the manifest, with the columns of the header only.
func (d *plantedData) manifest(columns int) string {
	d.t.Helper()
	path := filepath.Join(d.folder, "data.csv")
	err := artifact.WriteCSV(path, func(w *csv.Writer) error {
		for _, row := range append([][]string{{"path", "label", "split", "group"}}, d.rows...) {
			if err := w.Write(row[:columns]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return path
}

func (d *plantedData) check(columns int, out string) *Result {
	d.t.Helper()
	job := New(d.manifest(columns))
	job.Out = out
	r, err := job.Run(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return r
}

// kinds returns the counts of the findings that don't depend on a trained head.
func kinds(r *Result) map[string]int {
	found := map[string]int{}
	for _, f := range r.Findings {
		if f.Kind != "suspect-labels" && f.Kind != "few-images" {
			found[f.Kind] = f.Count
		}
	}
	return found
}

func TestFindings(t *testing.T) {
	for name, test := range map[string]struct {
		columns int // of the manifest: 2 without split and group, 3 without group
		plant   func(d *plantedData)
		want    map[string]int
	}{
		"nothing": {4, func(*plantedData) {}, map[string]int{}},
		"the same file with another label": {4, func(d *plantedData) {
			data, err := os.ReadFile(filepath.Join(d.folder, "0.jpg"))
			if err == nil {
				err = os.WriteFile(filepath.Join(d.folder, "again too.jpg"), data, 0o666)
			}
			if err != nil {
				d.t.Fatal(err)
			}
			d.list("again too.jpg", "3", "train", "someone")
		}, map[string]int{"labels-of-equal-files": 1}},
		"a picture saved again on the other side of the split": {3, func(d *plantedData) {
			d.add("again.jpg", "1", "test", "", d.open("0.jpg"))
		}, map[string]int{"copies-across-split": 1}},
		"a mirrored picture with a label far off": {3, func(d *plantedData) {
			d.add("again.jpg", "1", "train", "", imaging.FlipH(d.open("2.jpg")))
		}, map[string]int{"labels-of-lookalikes": 1}},
		"a resized picture in its own group": {4, func(d *plantedData) {
			img := d.open("2.jpg")
			d.add("again.jpg", "3", "train", "photo 2", imaging.Resize(img, img.Bounds().Dx()*3/4, 0, imaging.Linear))
		}, map[string]int{}},
		"a group on both sides": {4, func(d *plantedData) {
			d.rows[len(d.rows)-1][3] = "photo 0"
		}, map[string]int{"straddling-groups": 1}},
		"what is no picture, and a tiny one": {4, func(d *plantedData) {
			if err := os.WriteFile(filepath.Join(d.folder, "broken.jpg"), []byte("\xff\xd8\xff\xe0 no more"),
				0o666); err != nil {
				d.t.Fatal(err)
			}
			d.list("broken.jpg", "1", "train", "someone")
			d.add("tiny.png", "1", "train", "someone", imaging.Resize(d.open("3.jpg"), 20, 20, imaging.Box))
		}, map[string]int{"unreadable": 1, "tiny": 1}},
		"a class that is only trained on": {4, func(d *plantedData) {
			for i, row := range d.rows {
				if row[2] == "test" && row[1] == "3" {
					d.rows[i][1] = "2"
				}
			}
		}, map[string]int{"absent-from-test": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			d := newPlanted(t)
			test.plant(d)
			if got := kinds(d.check(test.columns, "")); fmt.Sprint(got) != fmt.Sprint(test.want) {
				t.Errorf("found %v, planted %v", got, test.want)
			}
		})
	}
}

// TestManifestKeepsCopiesTogether also checks that equal runs write equal bytes.
func TestManifestKeepsCopiesTogether(t *testing.T) {
	d := newPlanted(t)
	d.add("again.jpg", "1", "", "", d.open("0.jpg"))
	d.add("once more.jpg", "1", "", "", imaging.FlipH(d.open("0.jpg")))
	out, again := filepath.Join(t.TempDir(), "sub"), t.TempDir()
	r := d.check(2, out)
	set, err := dataset.Load(t.Context(), dataset.Options{Path: filepath.Join(out, ManifestFile)})
	if err != nil {
		t.Fatal(err)
	}
	if len(set.Items) != len(d.rows) {
		t.Errorf("%d items, want %d", len(set.Items), len(d.rows))
	}
	var together []string
	for _, item := range set.Items {
		if item.Group != "" {
			together = append(together, filepath.Base(item.File))
		}
	}
	if want := []string{"0.jpg", "again.jpg", "once more.jpg"}; !slices.Equal(together, want) {
		t.Errorf("one group holds %q, want %q", together, want)
	}
	if len(r.Copies) != 1 || !r.Copies[0].Images[2].Mirrored || r.Copies[0].Images[1].Mirrored {
		t.Errorf("copies %+v", r.Copies)
	}
	d.check(2, again)
	for _, file := range []string{ResultFile, CopiesFile, run.SuspectsFile} {
		a, errA := os.ReadFile(filepath.Join(out, file))
		b, errB := os.ReadFile(filepath.Join(again, file))
		if errA != nil || errB != nil || !slices.Equal(a, b) {
			t.Errorf("%s differs between two equal runs (%v, %v)", file, errA, errB)
		}
	}
}

func TestCopiesMergeGroups(t *testing.T) {
	items := []dataset.Item{{Path: "a", Group: "p"}, {Path: "b", Group: "q"}, {Path: "c"}, {Path: "d", Group: "q"},
		{Path: "e"}, {Path: "f"}, {Path: "g", Group: "r"}}
	got := withCopies(items, []Copies{{rows: []int{0, 1}}, {rows: []int{2, 3}}, {rows: []int{4, 5}}})
	var groups []string
	for _, item := range got {
		groups = append(groups, item.Group)
	}
	if want := []string{"p", "p", "p", "p", "copies of e", "copies of e", "r"}; !slices.Equal(groups, want) {
		t.Errorf("groups %q", groups)
	}
	if items[1].Group != "q" {
		t.Error("the items themselves were changed")
	}
}
