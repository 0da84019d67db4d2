package source

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"finetune/internal/s3test"
	"finetune/invalid"
)

// material writes inputs of every kind below a folder.
func material(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"pics/z.jpg": "zz", "pics/b/y.png": "yy", "pics/b.jpg": "bb", "pics/notes.md": "no image", "pics/.hidden/x.jpg": "hidden",
		"list.txt": "pics/z.jpg\npics/b/y.png\nmissing.jpg\n", "pics/t.csv": "path,label\nz.jpg,1\n../pics/b.jpg,2\n",
		"t.jsonl.gz":  gzipOf(`{"path": "pics/z.jpg", "label": 3}` + "\n" + `{"bytes": "cmF3", "id": "raw"}` + "\n"),
		"s/s-000.tar": tarOf(t, "a/1.jpg="+strings.Repeat("1", 300_000), "a/1.cls=0", "b/2.jpg=22"),
		"s/s-001.tar": tarOf(t, "a/3.jpg=33", `a/3.json={"label": "x"}`),
		"s/s.zip":     zipOf(t, "a/1.jpg="+strings.Repeat("abc", 200_000), "b/2.jpg=22", "b/2.txt=caption"),
	} {
		write(t, dir, name, text)
	}
	for _, name := range []string{"webdataset.tar", "webdataset.tar.gz", "spark.parquet", "huggingface.parquet"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, "golden/"+name, string(data))
	}
	return dir
}

// withoutReasons cuts the reasons of errors, which differ between a file and an object.
func withoutReasons(items []string) []string {
	for i, it := range items {
		items[i], _, _ = strings.Cut(it, "!")
	}
	return items
}

// TestRemote enumerates the same inputs on this machine, in an object store behind a bad connection, and on a web server.
func TestRemote(t *testing.T) {
	s := s3test.Start(t)
	dir := material(t)
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		s.Put(t, "in/"+filepath.ToSlash(rel), data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	proxy := s3test.Through(t, s.Address, func(n int, r *http.Request) s3test.Fault {
		return []s3test.Fault{{}, {Cut: 200_000}, {}, {}, {Status: 503}}[n%5]
	})
	t.Setenv("AWS_ENDPOINT_URL", "http://"+proxy)
	web := httptest.NewServer(http.FileServer(http.Dir(dir)))
	defer web.Close()
	for _, c := range []struct {
		path  string
		web   bool // a web server can answer it
		count int
	}{
		{"pics/", false, 3}, {"pics", false, 3}, {"pics/z.jpg", true, 1}, {"pics/**/*.png", false, 1},
		{"list.txt", true, 3}, {"pics/t.csv", true, 2}, {"t.jsonl.gz", true, 2},
		{"s/s-{000..001}.tar", true, 3}, {"s/*.tar", false, 3}, {"s/s.zip", true, 2},
		{"golden/webdataset.tar", true, 3}, {"golden/webdataset.tar.gz", true, 3}, {"golden/spark.parquet", true, 3},
		{"golden/huggingface.parquet", true, 7},
	} {
		want, err := listed(t, dir, Options{Path: filepath.Join(dir, c.path)})
		if err != nil || len(want) != c.count {
			t.Fatalf("%s here: %d items, %v", c.path, len(want), err)
		}
		want = withoutReasons(want)
		bases := []string{"s3://images/in"}
		if c.web {
			bases = append(bases, web.URL)
		}
		for _, base := range bases {
			got, err := listed(t, base, Options{Path: base + "/" + c.path})
			if got = withoutReasons(got); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s/%s: %v\n got %.300q\nwant %.300q", base, c.path, err, got, want)
			}
		}
	}
	for _, path := range []string{"s3://images/in/nothing/", "s3://images/in/*.tar", "s3://images/in/nothing.tar", "s3://images/in/s-{0..3}.tar",
		web.URL + "/pics/", web.URL + "/missing.tar", "s3://images/in/pics/notes.md"} {
		if _, err := listed(t, "", Options{Path: path}); !invalid.Is(err) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// TestRemoteShards are disjoint parts of a pattern, found by its list alone.
func TestRemoteShards(t *testing.T) {
	s := s3test.Start(t)
	for _, key := range []string{"a.tar", "b.tar", "c.tar"} {
		s.Put(t, "s/"+key, []byte(tarOf(t, key+".jpg="+key)))
	}
	var names []string
	for i := range 2 {
		got, err := listed(t, "s3://images/s", Options{Path: "s3://images/s/*.tar", Shard: Shard{i, 2}})
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, got...)
	}
	slices.Sort(names)
	if len(names) != 3 || names[0] != "a.tar/a.tar.jpg=a.tar" {
		t.Errorf("got %q", names)
	}
	src, err := Open(t.Context(), Options{Path: "s3://images/s/*.tar"})
	if err != nil {
		t.Fatal(err)
	}
	before, err := src.Fingerprint(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	s.Put(t, "s/b.tar", []byte(tarOf(t, "x.jpg=changed")))
	if after, err := src.Fingerprint(t.Context()); err != nil || after == before {
		t.Errorf("the fingerprint stays the same, %v", err)
	}
	if reads, err := src.Reads(t.Context(), "s3://images/s/b.tar"); !reads || err != nil {
		t.Errorf("an input isn't known as one: %v", err)
	}
}

// TestNoCredentialInNames keeps queries of presigned addresses out of names and errors.
func TestNoCredentialInNames(t *testing.T) {
	web := httptest.NewServer(http.NotFoundHandler())
	defer web.Close()
	dir := t.TempDir()
	list := write(t, dir, "list.txt", web.URL+"/a.jpg?X-Amz-Signature=secret\nhttp://user:secret@"+strings.TrimPrefix(web.URL, "http://")+"/b.jpg\n")
	got, err := listed(t, dir, Options{Path: list})
	if err != nil || len(got) != 2 {
		t.Fatalf("%q, %v", got, err)
	}
	_, err = listed(t, dir, Options{Path: web.URL + "/x.tar?sig=secret"})
	if text := strings.Join(got, " ") + err.Error(); strings.Contains(text, "secret") {
		t.Errorf("a credential in %s", text)
	}
}

// TestRemoteTableNamesNoFilesHere refuses files of this machine in a table from elsewhere.
func TestRemoteTableNamesNoFilesHere(t *testing.T) {
	here := write(t, t.TempDir(), "secret.jpg", "secret")
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/list.txt" {
			w.Write([]byte(here + "\nfile://" + here + "\n../../../../../../.." + here + "\n"))
			return
		}
		http.NotFound(w, r)
	}))
	defer web.Close()
	got, err := listed(t, web.URL, Options{Path: web.URL + "/list.txt"})
	if err != nil || len(got) != 3 {
		t.Fatalf("%q, %v", got, err)
	}
	for _, it := range got {
		if !strings.Contains(it, "!") || strings.Contains(it, "=secret") {
			t.Errorf("read %s", it)
		}
	}
}

// TestRemoteCancel ends the wait for a server that is busy.
func TestRemoteCancel(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(503) }))
	defer web.Close()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	begun := time.Now()
	if _, err := Open(ctx, Options{Path: web.URL + "/x.tar"}); !errors.Is(err, context.Canceled) || time.Since(begun) > 2*time.Second {
		t.Errorf("%v after %v", err, time.Since(begun))
	}
}
