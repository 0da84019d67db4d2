package dataset

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"finetune/internal/s3test"
	"finetune/invalid"
)

// TestRemote loads the same data from this machine and from an object store.
func TestRemote(t *testing.T) {
	s := s3test.Start(t)
	dir := t.TempDir()
	put := func(name, text string) {
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		s.Put(t, "data/"+name, []byte(text))
	}
	for _, name := range []string{"train/0/a.jpg", "train/1/b.jpg", "test/0/c.jpg", "test/1/d.jpg"} {
		put("faces/"+name, name)
		put("pics/"+filepath.Base(name), name)
	}
	put("labels.csv", "path,label,group\npics/a.jpg,0,x\npics/b.jpg,1,y\npics/c.jpg,1,y\n")
	put("labels.jsonl", `{"path": "pics/a.jpg", "label": 0}`+"\n"+`{"path": "pics/b.jpg", "label": 1}`+"\n")
	for _, path := range []string{"faces", "labels.csv", "labels.jsonl"} {
		want, err := Load(t.Context(), Options{Path: filepath.Join(dir, path)})
		if err != nil {
			t.Fatal(err)
		}
		got, err := Load(t.Context(), Options{Path: "s3://images/data/" + path})
		if err != nil {
			t.Fatal(err)
		}
		byPath := map[string]Item{}
		for _, it := range got.Items {
			byPath[it.Path] = it
		}
		if len(got.Items) != len(want.Items) {
			t.Fatalf("%s: %d items, want %d", path, len(got.Items), len(want.Items))
		}
		for _, w := range want.Items {
			g := byPath[w.Path]
			if g.Label != w.Label || g.Part != w.Part || g.Group != w.Group || g.Open == nil || g.File != "" {
				t.Errorf("%s: got %+v, want %+v", path, g, w)
				continue
			}
			data, err := g.Open(t.Context(), nil)
			local, _ := os.ReadFile(w.File)
			if err != nil || !bytes.Equal(data, local) {
				t.Errorf("%s %s: %q, %v", path, w.Path, data, err)
			}
		}
	}
	// A table of this machine may name addresses.
	put("mixed.csv", "path,label\ns3://images/data/pics/a.jpg,0\npics/b.jpg,1\n"+s.Presigned(t, "data/pics/c.jpg")+",1\n")
	set, err := Load(t.Context(), Options{Path: filepath.Join(dir, "mixed.csv")})
	if err != nil || len(set.Items) != 3 {
		t.Fatalf("%v, %v", set, err)
	}
	for _, it := range set.Items {
		if strings.Contains(it.Path, "X-Amz") {
			t.Errorf("a credential in %s", it.Path)
		}
		if it.Open == nil {
			continue
		}
		if _, err := it.Open(t.Context(), nil); err != nil {
			t.Error(err)
		}
	}
	put("bad.csv", "path,label\n/etc/passwd,0\n")
	for _, path := range []string{"s3://images/data/bad.csv", "s3://images/data/missing.csv", "s3://images/data/none/"} {
		if _, err := Load(t.Context(), Options{Path: path}); !invalid.Is(err) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
