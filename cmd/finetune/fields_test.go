package main

import (
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var (
	fieldLiteral   = regexp.MustCompile(`\bField:\s*"([^"]*)"`)
	fieldReference = regexp.MustCompile(`\{([A-Z][A-Za-z]*(?:\.[A-Z][A-Za-z]*)*)\}`)
	anyFlag        = regexp.MustCompile(`"[^"\n]*--[a-z][^"\n]*"`)
)

// Every option that a library names in an error has a flag, and no library names flags.
func TestLibrariesNameFields(t *testing.T) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if e.IsDir() && (strings.HasPrefix(e.Name(), ".") && rel != "." || rel == "cmd" || rel == "scripts" || rel == "bin") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || strings.Contains(rel, "/gen/") || strings.HasPrefix(rel, "invalid") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(text), "\n") {
			if code, _, _ := strings.Cut(line, "//"); anyFlag.MatchString(code) && !strings.Contains(rel, "ort/library/client.go") {
				t.Errorf("%s:%d names a flag: %s", rel, i+1, strings.TrimSpace(line))
			}
			for _, m := range fieldReference.FindAllStringSubmatch(line, -1) {
				if strings.Contains(line, `"`) && flagOf[m[1]] == "" && strings.Contains(line, "Hint") {
					t.Errorf("%s:%d: option %s has no flag", rel, i+1, m[1])
				}
			}
			for _, m := range fieldLiteral.FindAllStringSubmatch(line, -1) {
				if strings.Contains(line, "invalid.Error") && flagOf[m[1]] == "" && m[1] != strings.ToLower(m[1]) {
					t.Errorf("%s:%d: option %s has no flag", rel, i+1, m[1])
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Every flag of the table is one of some command.
func TestFlagsOfFieldsExist(t *testing.T) {
	known := map[string]bool{}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		c.Flags().VisitAll(func(f *pflag.Flag) { known[f.Name] = true })
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(newRoot(&app{in: strings.NewReader(""), out: io.Discard, err: io.Discard}))
	for field, flag := range flagOf {
		if !known[flag] {
			t.Errorf("%s: no command has a flag --%s", field, flag)
		}
	}
}

// Every flag stands under a heading of the help, and no line of help is too long.
func TestHelp(t *testing.T) {
	root := newRoot(&app{in: strings.NewReader(""), out: io.Discard, err: io.Discard})
	for _, c := range append(root.Commands(), root) {
		listed := map[string]bool{"help": true, "version": true}
		for _, g := range grouped(c) {
			for _, name := range g.flags {
				listed[name] = true
			}
		}
		c.Flags().VisitAll(func(f *pflag.Flag) {
			if !listed[f.Name] {
				t.Errorf("%s: --%s stands under no heading", c.CommandPath(), f.Name)
			}
		})
		var text strings.Builder
		printHelp(&text, c, helpWidth, true)
		for line := range strings.Lines(text.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > helpWidth {
				t.Errorf("%s: %d columns: %s", c.CommandPath(), n, line)
			}
		}
	}
}
