package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A module is one that is linked into a program.
type module struct {
	path, version, sum string
	dir                string // its files in the module cache
}

// linked returns the modules that are linked into a program, as the Go tool recorded them in it: not those that only tests or
// other platforms need. goVersion is that of the Go tool.
func (s *source) linked(ctx context.Context, program string) (modules []module, goVersion string, err error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, "", err
	}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		text, err := run(ctx, s.dir, []string{"GOFLAGS=-mod=readonly", "GOWORK=off"}, "go", "list", "-m", "-json", m.Path)
		if err != nil {
			return nil, "", err
		}
		var found struct{ Dir, Version string }
		if err := json.Unmarshal([]byte(text), &found); err != nil {
			return nil, "", fmt.Errorf("go list %s: %w", m.Path, err)
		}
		if found.Version != m.Version {
			return nil, "", fmt.Errorf("%s: version %s is linked, %s is in go.mod", m.Path, m.Version, found.Version)
		}
		modules = append(modules, module{path: m.Path, version: m.Version, sum: m.Sum, dir: found.Dir})
	}
	return modules, info.GoVersion, nil
}

// noticeName matches the names of files with the terms of a module or of code that was copied into it.
var noticeName = regexp.MustCompile(`(?i)^((un)?licen[cs]e|copying|notice|patents)([.-].*)?$`)

// notices returns the terms of all modules and of Go's own library, word for word. A module without any is an error.
func notices(modules []module, goroot string) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("finetune is distributed under the terms in LICENSE. It contains the following software, under the terms that follow each name.\n")
	if err := (module{path: "Go standard library and runtime", dir: goroot}).writeTerms(&b); err != nil {
		return nil, err
	}
	for _, m := range modules {
		if err := m.writeTerms(&b); err != nil {
			return nil, err
		}
	}
	return b.Bytes(), nil
}

// writeTerms writes the files with the module's terms, those of copied code in folders below it too.
func (m module) writeTerms(b *bytes.Buffer) error {
	found := false
	err := filepath.WalkDir(m.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			if m.version == "" && path != m.dir || e.Name() == "testdata" || path != m.dir && strings.HasPrefix(e.Name(), ".") {
				return fs.SkipDir
			}
			return nil
		}
		if !noticeName.MatchString(e.Name()) || filepath.Ext(e.Name()) == ".go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(m.dir, path)
		found = found || filepath.Dir(path) == filepath.Clean(m.dir)
		text = bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
		fmt.Fprintf(b, "\n%s\n%s (%s)\n\n%s\n", strings.Repeat("=", 100), m.name(), filepath.ToSlash(name), text)
		return err
	})
	if err == nil && !found {
		return fmt.Errorf("%s: no licence file in the module; it can't be distributed", m.name())
	}
	return err
}

func (m module) name() string {
	if m.version == "" {
		return m.path
	}
	return m.path + " " + m.version
}
