package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const manual = `.TH "FINETUNE" 1 "2026-01-31" "finetune 1.2.0" "finetune manual"` + "\n"

func TestAgree(t *testing.T) {
	for name, c := range map[string]struct{ version, program, manual, changelog, want string }{
		"release":               {"1.2.0", "1.2.0", manual, "# Changelog\n\n## 1.2.0 - 2026-01-31\n- x\n\n## 1.1.0 - 2025-01-01\n", ""},
		"empty Unreleased":      {"1.2.0", "1.2.0", manual, "## Unreleased\n\n## [1.2.0] – 2026-01-31\n- x\n", ""},
		"snapshot":              {snapshot + "abc", snapshot + "abc", strings.Replace(manual, "1.2.0", snapshot+"abc", 1), "## Unreleased\n- x\n", ""},
		"other program":         {"1.2.0", "1.1.0", manual, "## 1.2.0 - 2026-01-31\n", `the program says "1.1.0"; expected "1.2.0"`},
		"other manual":          {"1.3.0", "1.3.0", manual, "## 1.3.0 - 2026-01-31\n", "expected the version \"1.3.0\""},
		"empty manual":          {"1.3.0", "1.3.0", "", "## 1.3.0 - 2026-01-31\n", `the manual begins ""`},
		"older changelog":       {"1.2.0", "1.2.0", manual, "## 1.1.0 - 2025-01-01\n", "the newest version is 1.1.0; expected 1.2.0"},
		"still Unreleased":      {"1.2.0", "1.2.0", manual, "## Unreleased\n### Added\n- x\n\n## 1.2.0 - 2026-01-31\n", "changes are under Unreleased"},
		"only Unreleased":       {"1.2.0", "1.2.0", manual, "## Unreleased\n", "changes are under Unreleased"},
		"no date":               {"1.2.0", "1.2.0", manual, "## 1.2.0\n- x\n", "has no date"},
		"no heading":            {"1.2.0", "1.2.0", manual, "# Changelog\n", "no heading"},
		"snapshot of a release": {snapshot + "abc", snapshot + "abc", strings.Replace(manual, "1.2.0", snapshot+"abc", 1), "## 1.2.0 - 2026-01-31\n", "expected Unreleased"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := agree(c.version, c.program, []byte(c.manual), []byte(c.changelog)); err != nil {
				got = err.Error()
			}
			if got == "" != (c.want == "") || !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestArchivesAreDeterministic(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	c := content{files: map[string][]byte{"b/two": []byte("2"), "a": []byte("1"), "finetune": {0}}, executable: map[string]bool{"finetune": true}}
	for name, write := range map[string]func(io.Writer, string, time.Time) error{"tar": c.writeTar, "zip": c.writeZip} {
		var one, two bytes.Buffer
		if err := write(&one, "top", at); err != nil {
			t.Fatal(err)
		}
		if err := write(&two, "top", at.In(time.FixedZone("elsewhere", 3600))); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(one.Bytes(), two.Bytes()) {
			t.Errorf("%s: other bytes for the same files", name)
		}
	}
}

func TestArchiveContent(t *testing.T) {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	c := content{files: map[string][]byte{"b/two": []byte("2"), "finetune": []byte("x")}, executable: map[string]bool{"finetune": true}}
	var packed bytes.Buffer
	if err := c.writeTar(&packed, "top", at); err != nil {
		t.Fatal(err)
	}
	z, err := gzip.NewReader(&packed)
	if err != nil {
		t.Fatal(err)
	}
	r := tar.NewReader(z)
	for _, want := range []struct {
		name string
		mode int64
	}{{"top/b/two", 0o644}, {"top/finetune", 0o755}} {
		h, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if h.Name != want.name || h.Mode != want.mode || !h.ModTime.Equal(at) || h.Uname != "" || h.Uid != 0 {
			t.Errorf("got %s %o %v, want %s %o %v", h.Name, h.Mode, h.ModTime, want.name, want.mode, at)
		}
	}
	packed.Reset()
	if err := c.writeZip(&packed, "top", at); err != nil {
		t.Fatal(err)
	}
	files, err := zip.NewReader(bytes.NewReader(packed.Bytes()), int64(packed.Len()))
	if err != nil || len(files.File) != 2 || files.File[0].Name != "top/b/two" {
		t.Fatalf("zip: %v, %v", files, err)
	}
}

func TestNoticesNeedALicence(t *testing.T) {
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	write(filepath.Join(dir, "go", "LICENSE"), "terms of Go")
	write(filepath.Join(dir, "a", "UNLICENSE"), "terms of a\r\nand more")
	write(filepath.Join(dir, "a", "copied", "LICENSE.txt"), "terms of what a copied")
	write(filepath.Join(dir, "b", "copied", "LICENSE"), "not the terms of b")
	a, b := module{path: "a", version: "v1.0.0", dir: filepath.Join(dir, "a")}, module{path: "b", version: "v1.0.0", dir: filepath.Join(dir, "b")}
	text, err := notices([]module{a}, filepath.Join(dir, "go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"terms of Go", "a v1.0.0 (UNLICENSE)\n\nterms of a\nand more\n", "(copied/LICENSE.txt)"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	if _, err := notices([]module{a, b}, filepath.Join(dir, "go")); err == nil || !strings.Contains(err.Error(), "b v1.0.0: no licence file") {
		t.Errorf("a module without licence: %v", err)
	}
}

func TestDifferences(t *testing.T) {
	got := differences(map[string][]byte{"same": {1}, "other": {1}, "gone": nil}, map[string][]byte{"same": {1}, "other": {2}, "new": nil})
	if strings.Join(got, " ") != "gone new other" {
		t.Errorf("got %q", got)
	}
}

func TestSelectTargets(t *testing.T) {
	for _, list := range []string{"plan9/mips", "linux/amd64,plan9/mips", "linux/amd64,linux/amd64"} {
		if got, err := selectTargets(list, ""); err == nil {
			t.Errorf("%s: got %v, want an error", list, got)
		}
	}
}

func TestBOMIsDeterministic(t *testing.T) {
	s := source{version: "1.2.0", commit: strings.Repeat("a", 40), time: time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)}
	m := []module{{path: "example.org/m", version: "v1.0.0", sum: "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="}}
	one, err := s.bom(known[0], m, "go1.26.0")
	if err != nil {
		t.Fatal(err)
	}
	two, err := s.bom(known[0], m, "go1.26.0")
	if err != nil || !bytes.Equal(one, two) {
		t.Errorf("other bytes: %v", err)
	}
	for _, want := range []string{`"pkg:golang/example.org/m@v1.0.0"`, `"pkg:golang/std@1.26.0"`, `"2026-01-31T12:00:00Z"`} {
		if !bytes.Contains(one, []byte(want)) {
			t.Errorf("no %s in\n%s", want, one)
		}
	}
	m[0].sum = "h1:x"
	if _, err := s.bom(known[0], m, "go1.26.0"); err == nil {
		t.Error("no error for a checksum that can't be read")
	}
}
