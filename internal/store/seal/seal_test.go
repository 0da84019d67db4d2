package seal

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"finetune/invalid"
)

var ctx = context.Background()

// folder returns a sealed folder of two files and one that isn't listed.
func folder(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "config.json", "{}")
	write(t, dir, "folds/1.csv", "a,b\n")
	write(t, dir, "notes.txt", "of the user")
	if err := Write(ctx, dir, []string{"folds/1.csv", "config.json"}); err != nil {
		t.Fatal(err)
	}
	return dir
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestWrite(t *testing.T) {
	got, err := os.ReadFile(filepath.Join(folder(t), Name))
	if err != nil {
		t.Fatal(err)
	}
	// The digests are those of sha256sum.
	const want = `{
  "format": 1,
  "files": [
    {
      "name": "config.json",
      "bytes": 2,
      "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"
    },
    {
      "name": "folds/1.csv",
      "bytes": 4,
      "sha256": "5be08c9684a1d25efcee09318204824278b08bbfb4aef973ffefd0b9d7478313"
    }
  ]
}
`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestWriteRefuses(t *testing.T) {
	dir := folder(t)
	for _, names := range [][]string{{"missing"}, {"folds"}, {"../x"}, {"/etc/passwd"}, {Name}, {""}} {
		if err := Invalidate(dir); err != nil {
			t.Fatal(err)
		}
		if Write(ctx, dir, names) == nil {
			t.Errorf("%q was listed", names)
		}
		if _, err := os.Stat(filepath.Join(dir, Name)); err == nil {
			t.Errorf("%q: a list was left", names)
		}
	}
}

func TestVerify(t *testing.T) {
	flip := func(t *testing.T, dir string) { write(t, dir, "config.json", "[]") }
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		names  []string
		want   string // in the error; none for a complete folder
	}{
		"untouched":        {func(*testing.T, string) {}, nil, ""},
		"unlisted changed": {func(t *testing.T, dir string) { write(t, dir, "notes.txt", "") }, nil, ""},
		"flipped":          {flip, nil, "config.json: other contents"},
		"flipped, asked":   {flip, []string{"config.json"}, "config.json: other contents"},
		"flipped, other":   {flip, []string{"folds/1.csv"}, ""},
		"not listed":       {func(*testing.T, string) {}, []string{"notes.txt"}, "notes.txt: not listed"},
		"text after":       {func(t *testing.T, dir string) { write(t, dir, Name, `{"format": 1, "files": []} x`) }, nil, "an incomplete folder"},
		"longer":           {func(t *testing.T, dir string) { write(t, dir, "config.json", "{} ") }, nil, "3 bytes, listed with 2"},
		"empty":            {func(t *testing.T, dir string) { write(t, dir, "folds/1.csv", "") }, nil, "0 bytes, listed with 4"},
		"removed":          {func(t *testing.T, dir string) { os.RemoveAll(filepath.Join(dir, "folds")) }, nil, "missing"},
		"both": {func(t *testing.T, dir string) {
			flip(t, dir)
			os.Remove(filepath.Join(dir, "folds", "1.csv"))
		}, nil, "and 1 more"},
		"a folder": {func(t *testing.T, dir string) {
			os.Remove(filepath.Join(dir, "config.json"))
			os.Mkdir(filepath.Join(dir, "config.json"), 0o777)
		}, nil, "not a regular file"},
		"invalidated":  {func(t *testing.T, dir string) { Invalidate(dir) }, nil, "an incomplete folder"},
		"cut list":     {func(t *testing.T, dir string) { write(t, dir, Name, `{"format": 1, "files": [`) }, nil, "an incomplete folder"},
		"later format": {func(t *testing.T, dir string) { write(t, dir, Name, `{"format": 2, "files": []}`) }, nil, "an incomplete folder"},
		"path outside": {func(t *testing.T, dir string) {
			write(t, dir, Name, `{"format":1,"files":[{"name":"../x","bytes":1,"sha256":""}]}`)
		}, nil, "an incomplete folder"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t)
			c.change(t, dir)
			s, err := Verify(ctx, dir, c.names...)
			if err != nil {
				t.Fatal(err)
			}
			err = s.Err()
			if s.Complete() != (c.want == "") || (err == nil) != s.Complete() {
				t.Errorf("complete is %v, error %v", s.Complete(), err)
			}
			if err != nil && (!invalid.Is(err) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir)) {
				t.Errorf("got %v, want %q of %s", err, c.want, dir)
			}
		})
	}
}

func TestInvalidateTwice(t *testing.T) {
	dir := folder(t)
	for range 2 {
		if err := Invalidate(dir); err != nil {
			t.Fatal(err)
		}
	}
}

func TestContextEndsVerify(t *testing.T) {
	ended, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := Verify(ended, folder(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	text, err := os.ReadFile(filepath.Join(folder(f), Name))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		files, ok := Parse(text)
		for _, file := range files {
			if outside := !filepath.IsLocal(filepath.FromSlash(file.Name)); ok && outside {
				t.Errorf("%q was accepted", file.Name)
			}
		}
	})
}
