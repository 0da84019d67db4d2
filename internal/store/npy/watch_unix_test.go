//go:build unix

package npy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"finetune/internal/store/pagefault"
)

// A mapped file that another program changes must give an error that names it, not end the process.
func TestChangedWhileMapped(t *testing.T) {
	const rows, cols = 300, 1000
	cut := func(size int64) func(string) error {
		return func(path string) error { return os.Truncate(path, size) }
	}
	for _, c := range []struct {
		name   string
		change func(path string) error
		want   string // in the error of Check; "" for none
		faults bool
	}{
		{"nothing", func(string) error { return nil }, "", false},
		{"cut to a half", cut(4 * rows * cols / 2), "another program cut the file from 1200128 to 600000 bytes", true},
		{"cut to nothing", cut(0), "to 0 bytes", true},
		{"cut within the last page", cut(4*rows*cols + 127), "to 1200127 bytes", false},
		{"lengthened", cut(4*rows*cols + 200), "changed the file", false},
		{"touched", func(path string) error { return os.Chtimes(path, time.Time{}, time.Unix(1, 0)) }, "changed the file", false},
		{"removed", os.Remove, "", false},
		{"replaced by renaming", func(path string) error {
			if err := os.WriteFile(path+"-new", nil, 0o666); err != nil {
				return err
			}
			return os.Rename(path+"-new", path)
		}, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			path, other := filepath.Join(dir, "a.npy"), filepath.Join(dir, "b.npy")
			writeMatrix(t, path, rows, cols, 0)
			writeMatrix(t, other, rows, cols, 0)
			m, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer m.Close()
			j, err := Join(t.Context(), 1, other, path)
			if err != nil {
				t.Fatal(err)
			}
			defer j.Close()
			if err := c.change(path); err != nil {
				t.Fatal(err)
			}
			for name, x := range map[string]struct {
				data  []float32
				check func() error
			}{"one": {m.Data, m.Check}, "joined": {j.Data, j.Check}} {
				err := pagefault.Do(func() error {
					sum := float32(0)
					for _, v := range x.data {
						sum += v
					}
					if sum == 0 {
						t.Error("nothing was read")
					}
					return nil
				})
				if (err != nil) != c.faults {
					t.Errorf("%s: reading: %v", name, err)
				}
				for what, err := range map[string]error{"reading": err, "check": x.check()} {
					if what == "reading" && !c.faults {
						continue
					}
					if (err != nil) != (c.want != "") || err != nil && (!strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), c.want)) {
						t.Errorf("%s: %s: %v, want %q of %s", name, what, err, c.want, path)
					}
				}
			}
		})
	}
}

// A fault is explained to a Catch that comes after the file was closed, and other panics go on.
func TestFaultsBehindClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.npy")
	writeMatrix(t, path, 300, 1000, 0)
	err := pagefault.Do(func() error {
		m, err := Open(path)
		if err != nil {
			return err
		}
		defer m.Close()
		if err := os.Truncate(path, 0); err != nil {
			return err
		}
		if m.Data[len(m.Data)-1] == 0 {
			t.Error("a number was read of an empty file")
		}
		return nil
	})
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("%v, want an error about %s", err, path)
	}
	defer func() {
		if cause := recover(); cause != "other" {
			t.Errorf("recovered %v, want the panic itself", cause)
		}
	}()
	pagefault.Do(func() error { panic("other") })
}
