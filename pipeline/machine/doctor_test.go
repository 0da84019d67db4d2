package machine

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"finetune/internal/ort/library"
)

// The library is loaded once per process and make test installs it first.
func TestDoctorHealthy(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a"), make([]byte, 100), 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := Doctor{Cache: dir}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Problems) != 0 {
		t.Fatalf("problems: %+v", r.Problems)
	}
	if l := r.Library; !l.Found || !l.Works || l.Version == "" || l.Needed != library.Minimum ||
		len(l.Providers) == 0 {
		t.Errorf("library: %+v", l)
	}
	if c := r.Cache; c.Path != dir || !c.Exists || c.Files != 1 || c.Bytes != 100 || !c.Writable {
		t.Errorf("cache: %+v", c)
	}
	if r.CPU.Cores < 1 || r.CPU.GOMAXPROCS < 1 || !strings.HasPrefix(r.Program.Go, "go") {
		t.Errorf("machine: %+v, %+v", r.CPU, r.Program)
	}
	used := ""
	for _, p := range r.Library.Places {
		if p.State == library.Usable && used == "" {
			used = p.Path
		}
	}
	if used != r.Library.Path {
		t.Errorf("the first usable place is %q, the library %q", used, r.Library.Path)
	}
}

func TestDoctorProblems(t *testing.T) {
	text := filepath.Join(t.TempDir(), "lib.so")
	if err := os.WriteFile(text, []byte("no library at all"), 0o644); err != nil {
		t.Fatal(err)
	}
	absentCache := filepath.Join(t.TempDir(), "a", "b")
	for _, c := range []struct {
		name      string
		doctor    Doctor
		want, fix string
	}{
		{"library", Doctor{Library: text, Cache: absentCache}, text, "finetune setup"},
		{"cache", Doctor{Cache: text}, "not a folder", "another cache"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := c.doctor.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(r.Problems) != 1 || !strings.Contains(r.Problems[0].Message, c.want) ||
				!strings.Contains(r.Problems[0].Advice, c.fix) {
				t.Errorf("problems: %+v", r.Problems)
			}
			if strings.Contains(r.Problems[0].Message, c.fix) {
				t.Errorf("the advice appears twice: %+v", r.Problems[0])
			}
			if _, err := json.Marshal(r); err != nil {
				t.Error(err)
			}
		})
	}
	if _, err := os.Stat(filepath.Dir(absentCache)); err == nil {
		t.Error("Doctor created the cache folder")
	}
}

func TestDoctorHonoursContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := (Doctor{Cache: t.TempDir()}).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}
