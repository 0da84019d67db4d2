package dataset

import (
	"archive/zip"
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
)

// webdataset is a tar of package source's tests, with labels 0 and 1 and groups.
const webdataset = "../source/testdata/webdataset.tar"

func TestPacked(t *testing.T) {
	set, err := Load(t.Context(), Options{Path: webdataset})
	if err != nil {
		t.Fatal(err)
	}
	if got := set.Space.Classes(); !slices.Equal(got, []string{"0", "1"}) || set.Layout != Packed || !set.Grouped() {
		t.Errorf("classes %q, %s, groups %v", got, set.Layout, set.Grouped())
	}
	for _, it := range set.Items {
		data, err := it.Open(t.Context(), nil)
		if err != nil || !bytes.Contains(data, []byte("PNG")) && !bytes.HasPrefix(data, []byte{0xff, 0xd8}) {
			t.Errorf("%s: %d bytes, %v", it.Path, len(data), err)
		}
	}
	free, err := Load(t.Context(), Options{Path: webdataset, Unlabelled: true})
	if err != nil || len(free.Items) != len(set.Items) || free.Items[0].Label != -1 || free.Items[0].Text != "0" {
		t.Errorf("without labels: %v %+v", err, free)
	}
	// A pattern of several, and the label in the name.
	both, err := Load(t.Context(), Options{Path: "../source/testdata/webdataset.{tar,tar.gz}", LabelRegex: `(\d)\.png$`})
	if err != nil || len(both.Items) != 2*len(set.Items) {
		t.Errorf("%v %+v", err, both)
	}
}

// Without labels of their own, images have those of their folders in the archive.
func TestPackedFolders(t *testing.T) {
	name := filepath.Join(t.TempDir(), "faces.zip")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w := zip.NewWriter(f)
	for _, member := range []string{"all/3/a.jpg", "all/3/b.jpg", "all/10/c.jpg"} {
		m, err := w.Create(member)
		if err != nil {
			t.Fatal(err)
		}
		m.Write([]byte(member))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	f.Close()
	set, err := Load(t.Context(), Options{Path: name})
	if err != nil {
		t.Fatal(err)
	}
	notes := strings.Join(set.Notes, "\n")
	if !slices.Equal(set.Counts(), []int{2, 1}) || set.Space.Class(1) != "10" || !strings.Contains(notes, "folders") {
		t.Errorf("%v %v %q", set.Space.Classes(), set.Counts(), set.Notes)
	}
}

func TestPackedMistakes(t *testing.T) {
	dir := t.TempDir()
	bad := filepath.Join(dir, "bad.tar")
	if err := os.WriteFile(bad, []byte("no archive"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{bad, dir + "/*.tar", dir + "/gone.zip", dir + "/gone-{0..3}.tar"} {
		if _, err := Load(t.Context(), Options{Path: path}); !invalid.Is(err) {
			t.Errorf("%s: %v", path, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Load(ctx, Options{Path: webdataset}); err == nil || invalid.Is(err) {
		t.Errorf("after the end of its context: %v", err)
	}
}
