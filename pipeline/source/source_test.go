package source

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
	"finetune/pipeline/textrows"
)

// write makes a file below dir.
func write(t testing.TB, dir, name, text string) string {
	t.Helper()
	p := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(p), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(p, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return p
}

// tarOf packs members, given as name=text.
func tarOf(t testing.TB, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, m := range members {
		name, text, _ := strings.Cut(m, "=")
		if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, text)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zipOf(t testing.TB, members ...string) string {
	t.Helper()
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for i, m := range members {
		name, text, _ := strings.Cut(m, "=")
		f, err := w.CreateHeader(&zip.FileHeader{Name: name, Method: []uint16{zip.Store, zip.Deflate}[i%2]})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(f, text)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func gzipOf(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

// show writes an item as name=bytes with its labels, or name!error, with dir left out.
func show(t testing.TB, it Item, dir string) string {
	t.Helper()
	text := it.Name + "="
	if data, err := it.Bytes(t.Context()); err == nil {
		text += string(data)
	} else if invalid.Is(err) {
		text = it.Name + "!" + Reason(err)
	} else {
		t.Fatalf("%s: %v", it.Name, err)
	}
	l := it.Labels
	for _, f := range []string{l.Label, l.Split, l.Fold, l.Group, l.Weight} {
		if f != "" {
			text += " " + f
		}
	}
	for _, v := range l.Votes {
		text += " " + v.Class + ":" + v.Value
	}
	return strings.ReplaceAll(text, filepath.ToSlash(dir)+"/", "")
}

// listed enumerates everything, once one by one and once all at once, which must agree.
func listed(t testing.TB, dir string, o Options) ([]string, error) {
	t.Helper()
	s, err := Open(t.Context(), o)
	if err != nil {
		return nil, err
	}
	defer s.Close()
	var got []string
	for it, err := range s.All(t.Context()) {
		if err != nil {
			return got, err
		}
		got = append(got, show(t, it, dir))
	}
	if o.Path == Stdin {
		return got, nil
	}
	if n, ok, err := s.Count(t.Context()); err != nil || ok && n != int64(len(got)) {
		t.Errorf("counted %d, %v, %v of %d items", n, ok, err, len(got))
	}
	items, err := s.Items(t.Context())
	if err != nil {
		return nil, err
	}
	again := make([]string, len(items))
	for i := len(items) - 1; i >= 0; i-- {
		again[i] = show(t, items[i], dir)
	}
	for i := range items {
		if second := show(t, items[i], dir); again[i] != second || second != got[i] {
			t.Errorf("item %d: %q in a sequence, %q backwards, %q again", i, got[i], again[i], second)
		}
	}
	return got, nil
}

func TestInputs(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"p/a-b/x.jpg", "p/a/x.jpg", "p/a/y.PNG", "p/z.jpg", "p/.hidden.jpg", "p/readme.md",
		"p/a/._x.jpg"} {
		write(t, dir, name, filepath.Base(name))
	}
	if err := os.Symlink("..", filepath.Join(dir, "p", "a", "loop")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "p", "broken.jpg")); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "l.txt", textrows.Mark+"p/a/x.jpg\r\n\n p/gone.jpg \n"+filepath.Join(dir, "p/z.jpg")+"\n{odd}.jpg")
	table := "label,path,split,fold,group,weight,votes_old\n3,p/z.jpg,train,1,ann,0.5,2\n"
	write(t, dir, "t.csv", table+"too,few\n\"1\",\"p/a/x.jpg\",,,,,\n")
	write(t, dir, "t.tsv.gz", gzipOf("path\tage\np/z.jpg\t7\n"))
	lines := `{"path":"p/z.jpg","label":1.10,"votes":{"b":2,"a":1}}` + "\nnot json\n" + `{"path":5}` + "\n" +
		`{"label":"x"}` + "\n" +
		`{"id":17,"bytes":"` + base64.StdEncoding.EncodeToString([]byte("raw")) + `","label":null}` + "\n" +
		`{"id":"q","bytes":"*"}` + "\n" +
		`{"path":"gs://b/x.jpg"}` + "\n"
	write(t, dir, "t.jsonl", lines)
	write(t, dir, "t.ndjson.gz", gzipOf(lines))
	shard := tarOf(t, "./a/k1.jpg=one", "a/k1.cls=2\n", "k2.json={\"label\":\"old\",\"group\":\"g\"}",
		"k2.left.jpg=two", "k2.png=three",
		"__MACOSX/k3.jpg=no", "k3.txt=caption", "k3.jpg=four", "k4.bin=x", "k4.webp=")
	write(t, dir, "s/s-08.tar", shard)
	write(t, dir, "s/s-09.tar", tarOf(t, "z.jpg=nine"))
	write(t, dir, "s/s-10.tar.gz", gzipOf(shard))
	write(t, dir, "z.zip", zipOf(t, "b/x.jpg=bx", "b/x.cls=5", "b/", "a.png=pixels pixels pixels pixels", "x.md=no"))
	inTar := func(name string) []string {
		return []string{name + "/a/k1.jpg=one 2", name + "/k2.left.jpg=two old g", name + "/k2.png=three old g",
			name + "/k3.jpg=four caption", name + "/k4.webp="}
	}
	inLines := func(name string) []string {
		return []string{"p/z.jpg=z.jpg 1.10 a:1 b:2", name + " line 2!not a JSON object",
			name + " line 3!not a JSON object", name + " line 4!no path and no bytes",
			"17=raw", "q!bytes that are not base64", "gs://b/x.jpg!an address"}
	}
	for _, c := range []struct {
		path string
		o    Options
		want []string
	}{
		{path: "p", want: []string{"a-b/x.jpg=x.jpg", "a/x.jpg=x.jpg", "a/y.PNG=y.PNG", "broken.jpg!no such file",
			"z.jpg=z.jpg"}},
		{path: "p/z.jpg", want: []string{"z.jpg=z.jpg"}},
		{path: "p/**/*.jpg", want: []string{"p/a-b/x.jpg=x.jpg", "p/a/x.jpg=x.jpg", "p/broken.jpg!no such file",
			"p/z.jpg=z.jpg"}},
		{path: "p/*/x.*", want: []string{"p/a-b/x.jpg=x.jpg", "p/a/x.jpg=x.jpg"}},
		{path: "{p/z.jpg,p/a/?.PNG,p/a/x.jpg}", want: []string{"p/z.jpg=z.jpg", "p/a/y.PNG=y.PNG", "p/a/x.jpg=x.jpg"}},
		{path: "{p/*/y.PNG," + strings.Repeat("p/z.jpg,", 60) + "p/z.jpg}",
			want: append([]string{"p/a/y.PNG=y.PNG"}, slices.Repeat([]string{"p/z.jpg=z.jpg"}, 61)...)},
		{path: "l.txt", want: []string{"p/a/x.jpg=x.jpg", " p/gone.jpg !no such file", "p/z.jpg=z.jpg",
			"{odd}.jpg!no such file"}},
		{path: "t.csv", want: []string{"p/z.jpg=z.jpg 3 train 1 ann 0.5 old:2", "t.csv line 3!2 columns; expected 7 as in the header",
			"p/a/x.jpg=x.jpg 1"}},
		{path: "t.tsv.gz", want: []string{"p/z.jpg=z.jpg"}},
		{path: "t.tsv.gz", o: Options{LabelColumn: "age"}, want: []string{"p/z.jpg=z.jpg 7"}},
		{path: "t.jsonl", want: inLines("t.jsonl")},
		{path: "t.ndjson.gz", want: inLines("t.ndjson.gz")},
		{path: "s/s-08.tar", want: inTar("s/s-08.tar")},
		{path: "s/s-10.tar.gz", want: inTar("s/s-10.tar.gz")},
		{path: "s/s-{09..08}.tar", want: append([]string{"s/s-09.tar/z.jpg=nine"}, inTar("s/s-08.tar")...)},
		{path: "s/*.tar*", want: slices.Concat(inTar("s/s-08.tar"), []string{"s/s-09.tar/z.jpg=nine"},
			inTar("s/s-10.tar.gz"))},
		{path: "z.zip", want: []string{"z.zip/b/x.jpg=bx 5", "z.zip/a.png=pixels pixels pixels pixels"}},
	} {
		c.o.Path = filepath.Join(dir, c.path)
		if strings.HasPrefix(c.path, "{") {
			c.o.Path = strings.ReplaceAll(c.path, "p/", filepath.ToSlash(dir)+"/p/")
		}
		got, err := listed(t, dir, c.o)
		if err != nil || !slices.EqualFunc(got, c.want, strings.HasPrefix) || len(got) != len(c.want) {
			t.Errorf("%s: %v\ngot  %q\nwant %q", c.path, err, got, c.want)
		}
	}
}

func TestShards(t *testing.T) {
	dir := t.TempDir()
	for i := range 5 {
		name := fmt.Sprintf("s-%d", i)
		write(t, dir, name+".tar", tarOf(t, name+"a.jpg=a", name+"a.cls=1", name+"b.jpg=b", name+"c.jpg=c"))
		write(t, dir, name+".tgz", gzipOf(tarOf(t, "a.jpg=a", "a.png=a2", "a.cls=1", "b.jpg=b", "c.jpg=c")))
		write(t, dir, fmt.Sprintf("img/%d.jpg", i), name)
	}
	for _, c := range []struct {
		path  string
		count int
		files bool
	}{
		{"s-*.tar", 3, true}, {"s-{0..4}.tar", 5, true}, {"s-{0..1}.tar", 3, false}, {"s-{0..1}.tgz", 3,
			false}, {"s-*.tgz", 2, true}, {"img", 2, false}, {"img", 7, false},
	} {
		whole, err := listed(t, dir, Options{Path: filepath.Join(dir, c.path)})
		if err != nil {
			t.Fatal(err)
		}
		var all []string
		for i := range c.count {
			o := Options{Path: filepath.Join(dir, c.path), Shard: Shard{i, c.count}}
			part, err := listed(t, dir, o)
			if err != nil {
				t.Fatal(err)
			}
			s, _ := Open(t.Context(), o)
			if s.byFile != c.files {
				t.Errorf("%s: shards of files: %v", c.path, s.byFile)
			}
			if !c.files {
				for n, item := range part {
					if want := whole[i+n*c.count]; item != want {
						t.Errorf("%s shard %d item %d: got %q, want %q", c.path, i, n, item, want)
					}
				}
			}
			all = append(all, part...)
		}
		slices.Sort(all)
		slices.Sort(whole)
		if !slices.Equal(all, whole) {
			t.Errorf("%s: got %q\nwant %q", c.path, all, whole)
		}
	}
	for _, s := range []Shard{{2, 2}, {-1, 2}, {0, -1}, {1, 0}} {
		if _, err := Open(t.Context(), Options{Path: dir, Shard: s}); !invalid.Is(err) {
			t.Errorf("shard %v: %v", s, err)
		}
	}
}

func TestInvalidInputs(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "x.md", "")
	write(t, dir, "a.csv", "path,x\na.jpg,1\n")
	write(t, dir, "no.csv", "file,x\na.jpg,1\n")
	write(t, dir, "empty.csv", "")
	write(t, dir, "empty.txt", "\n\n")
	write(t, dir, "no.tar", strings.Repeat("x", 2048))
	write(t, dir, "no.tar.gz", "x")
	write(t, dir, "no.zip", "x")
	write(t, dir, "no.parquet", "PAR1xxxxxxxxPAR1")
	write(t, dir, "d/s.tar", tarOf(t))
	for path, want := range map[string]string{
		"": "nothing", "gone": "no such file", "x.md": "unknown kind", "no.csv": "Data.ImageColumn", "empty.csv": "nothing",
		"empty.txt": "no images", "no.tar": "not a tar", "no.tar.gz": "not gzip", "no.zip": "not a zip", "no.parquet": "not Parquet",
		"d": "d/*.tar", "d/*.jpg": "no file that matches", "gone/*.jpg": "no file that matches", "x.md/*.jpg": "no file that matches", "s-{0..3}.tar": "no such file", "[": "malformed", "{0..2000000}": "too many",
	} {
		if path != "" {
			path = filepath.ToSlash(dir) + "/" + path
		}
		if _, err := listed(t, dir, Options{Path: path}); !invalid.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nwant %q", path, err, want)
		}
	}
}

// A damaged archive keeps what comes before the damage, and doesn't end the enumeration of others.
func TestDamagedArchives(t *testing.T) {
	dir := t.TempDir()
	shard := tarOf(t, "a.jpg="+strings.Repeat("a", 600), "b.jpg="+strings.Repeat("b", 600))
	write(t, dir, "s-0.tar", shard[:512+1024+512+100])
	write(t, dir, "s-1.tar", "no tar at all, but of more than one block"+strings.Repeat("x", 600))
	write(t, dir, "s-2.tar", tarOf(t, "c.jpg=c"))
	packed := gzipOf(shard)
	write(t, dir, "s-3.tar.gz", packed[:len(packed)-20])
	archive := []byte(zipOf(t, "a.jpg=abc", "b.jpg=def"))
	archive[bytes.Index(archive, []byte("abc"))] ^= 1
	write(t, dir, "s-4.zip", string(archive))
	got, err := listed(t, dir, Options{Path: filepath.Join(dir, "s-*")})
	want := []string{"s-0.tar/a.jpg=aaa", "s-0.tar/b.jpg!100 bytes or more", "s-0.tar!damaged", "s-1.tar!damaged",
		"s-2.tar/c.jpg=c",
		"s-3.tar.gz/a.jpg=a", "s-3.tar.gz/b.jpg=b", "s-3.tar.gz!damaged", "s-4.zip/a.jpg!bytes that don't have", "s-4.zip/b.jpg=def"}
	if err != nil || !slices.EqualFunc(got, want, strings.HasPrefix) {
		t.Errorf("%v\ngot  %q\nwant %q", err, got, want)
	}
}

func TestOversizedMembersAreErrorsOfTheirItems(t *testing.T) {
	dir := t.TempDir()
	h := tar.Header{Name: "big.jpg", Mode: 0o644, Size: MaxBytes + 1}
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	if err := w.WriteHeader(&h); err != nil {
		t.Fatal(err)
	}
	p := write(t, dir, "s.tar", b.String())
	if err := os.Truncate(p, 512+MaxBytes+512+1024); err != nil { // sparse on disk
		t.Fatal(err)
	}
	got, err := listed(t, dir, Options{Path: p})
	if err != nil || len(got) != 1 || !strings.Contains(got[0], "too large") {
		t.Errorf("%q, %v", got, err)
	}
	link := tar.Header{Name: "l.jpg", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"}
	b.Reset()
	w = tar.NewWriter(&b)
	w.WriteHeader(&link)
	w.Close()
	got, err = listed(t, dir, Options{Path: write(t, dir, "l.tar", b.String())})
	if err != nil || len(got) != 1 || !strings.Contains(got[0], "a link") {
		t.Errorf("%q, %v", got, err)
	}
}

func TestChangedArchive(t *testing.T) {
	dir := t.TempDir()
	p := write(t, dir, "s.tar", tarOf(t, "a.jpg=a"))
	s, err := Open(t.Context(), Options{Path: p})
	if err != nil {
		t.Fatal(err)
	}
	for it, err := range s.All(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, "s.tar", tarOf(t, "longer.jpg=a", "b.jpg="))
		if _, err := it.Bytes(t.Context()); !invalid.Is(err) || !strings.Contains(err.Error(), "changed") {
			t.Error(err)
		}
		break
	}
}

func TestCancel(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		write(t, dir, fmt.Sprintf("%d.jpg", i), "x")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s, err := Open(ctx, Options{Path: dir + "/*.jpg"})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for it, err := range s.All(ctx) {
		if n++; n == 2 {
			if err != context.Canceled {
				t.Errorf("got %v", err)
			}
			break
		}
		cancel()
		if _, err := it.Bytes(ctx); err != context.Canceled {
			t.Errorf("got %v", err)
		}
	}
	if n != 2 {
		t.Errorf("%d steps", n)
	}
}
