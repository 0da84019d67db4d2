//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package flock

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestLocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	open := func() *os.File {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o666)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { f.Close() })
		return f
	}
	for _, c := range []struct {
		name          string
		first, second func(*os.File) error
		want          error
	}{
		{"two exclusive", Exclusive, Exclusive, ErrHeld},
		{"exclusive, then shared", Exclusive, Shared, ErrHeld},
		{"shared, then exclusive", Shared, Exclusive, ErrHeld},
		{"two shared", Shared, Shared, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, b := open(), open()
			if err := c.first(a); err != nil {
				t.Fatal(err)
			}
			if err := c.second(b); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
			a.Close()
			if err := Exclusive(b); err != nil {
				t.Errorf("after the first was closed: %v", err)
			}
			b.Close()
		})
	}
}
