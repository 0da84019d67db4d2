package library

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var fixedTime = time.Unix(1e9, 0)

// A budget ends a stream that never does.
func TestBudget(t *testing.T) {
	n, err := io.Copy(io.Discard, &budget{r: zeros{}, left: 1000})
	if n != 1000 || !errors.Is(err, errTooLarge) {
		t.Errorf("%d bytes, %v", n, err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Neither a library nor what lies before it may unpack to more than any real one, however small it is packed.
func TestBombs(t *testing.T) {
	limit := limits{stream: 1 << 20, library: 1 << 18}
	small, large, huge := make([]byte, limit.library), make([]byte, limit.library+1), make([]byte, limit.stream)
	lib := entry{name: "lib", body: small}
	for _, c := range []struct {
		name    string
		entries []entry
		want    error
	}{
		{"as large as allowed", []entry{lib}, nil},
		{"large library", []entry{{name: "lib", body: large}}, errTooLarge},
		{"much behind the library", []entry{lib, {name: "a", body: huge}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := wheel(t, c.entries...)
			if _, err := extractZip(bytes.NewReader(data), int64(len(data)), map[string]bool{"lib": true}, limit, io.Discard); !errors.Is(err, c.want) {
				t.Errorf("zip: got %v, want %v", err, c.want)
			}
			if _, err := extractTgz(bytes.NewReader(tarball(t, c.entries...)), map[string]bool{"lib": true}, limit, io.Discard); !errors.Is(err, c.want) {
				t.Errorf("tgz: got %v, want %v", err, c.want)
			}
		})
	}
	data := tarball(t, entry{name: "a", body: huge}, lib)
	if _, err := extractTgz(bytes.NewReader(data), map[string]bool{"lib": true}, limit, io.Discard); !errors.Is(err, errTooLarge) {
		t.Errorf("much before the library: %v", err)
	}
}

func FuzzExtract(f *testing.F) {
	body := []byte("the library")
	f.Add(wheel(f, entry{name: "../x", body: body}, entry{name: "a/lib", body: body}))
	f.Add(tarball(f, entry{name: "/x", body: body}, entry{name: "./a/lib", body: body}))
	f.Add(tarball(f, entry{name: "a/lib", link: "/etc/passwd"}))
	f.Add(wheel(f))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		path := filepath.Join(dir, "package")
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		kind, err := packageKind(file)
		if err != nil {
			t.Fatal(err)
		}
		if kind == "" {
			return
		}
		var out bytes.Buffer
		member, err := extract(file, kind, []string{"a/lib"}, &out)
		if err == nil && member != "a/lib" {
			t.Errorf("took %q", member)
		}
		if left, _ := os.ReadDir(dir); len(left) != 1 {
			t.Errorf("wrote files: %v", left)
		}
	})
}
