package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

var (
	fieldReference = regexp.MustCompile(`\{([A-Z][A-Za-z]*(?:\.[A-Z][A-Za-z]*)*)\}`)
	anyFlag        = regexp.MustCompile(`"[^"\n]*--[a-z][^"\n]*"`)
	wholeCommand   = regexp.MustCompile("`finetune [^`{]*`")
)

// nameOfField matches the Go name of an option that has a struct before it: "Head.LR".
var nameOfField = regexp.MustCompile(`^[A-Z][A-Za-z]*(\.[A-Z][A-Za-z]*)+$`)

// Every option that a library names in an error has a flag: in Field of an Error or a Number, as the first argument of a function that
// makes such errors, in braces in a text, and every dotted name wherever it stands. No library names flags.
func TestLibrariesNameFields(t *testing.T) {
	seen := 0
	visitLibraries(t, func(file *ast.File, at func(ast.Node) string) {
		mapped := func(n ast.Node, name string) {
			if seen++; flagOf[name] == "" {
				t.Errorf("%s: option %s has no flag", at(n), name)
			}
		}
		one := func(e ast.Expr, check bool) {
			text, ok := literal(e)
			if ok && check && text != strings.ToLower(text) && !strings.Contains(text, " ") {
				mapped(e, text)
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ImportSpec:
				return false
			case *ast.KeyValueExpr:
				key, _ := n.Key.(*ast.Ident)
				one(n.Value, key != nil && key.Name == "Field" && file.Name.Name != "loss") // parameters of losses come with "Loss."
			case *ast.CallExpr:
				f, _ := n.Fun.(*ast.Ident)
				if f != nil && len(n.Args) > 1 {
					one(n.Args[0], f.Name == "wrong" || f.Name == "limit")
				}
			case *ast.BasicLit:
				text, ok := literal(n)
				if !ok {
					return true
				}
				if nameOfField.MatchString(text) {
					mapped(n, text)
				}
				for _, m := range fieldReference.FindAllStringSubmatch(text, -1) {
					if strings.Contains(m[1], ".") || optionWords[m[1]] {
						mapped(n, m[1])
					}
				}
				text = wholeCommand.ReplaceAllString(text, "") // which can be given as it stands, also by who uses the library
				if anyFlag.MatchString(`"`+text+`"`) && !strings.HasPrefix(text, "python -m") && !strings.Contains(at(n), "ort/library/client.go") {
					t.Errorf("%s names a flag: %s", at(n), text)
				}
			}
			return true
		})
	})
	if seen < 300 {
		t.Errorf("only %d names of options were found", seen)
	}
}

// optionWords are the names without a struct that stand in braces, as far as they are options.
var optionWords = map[string]bool{"Out": true, "Overwrite": true, "Resume": true, "Model": true, "Folds": true, "Repeats": true,
	"Features": true, "Paths": true, "Format": true, "TTA": true, "Seeds": true, "Patch": true, "Stride": true}

func literal(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(l.Value)
	return text, err == nil
}

// visitLibraries parses every file of the module but the commands and tests. at says where a node stands.
func visitLibraries(t *testing.T, visit func(file *ast.File, at func(ast.Node) string)) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if e.IsDir() && (strings.HasPrefix(e.Name(), ".") && rel != "." || rel == "cmd" || rel == "scripts" || rel == "bin" || rel == "invalid" || e.Name() == "gen") {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, ".pb.go") {
			return nil
		}
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
		if err == nil {
			visit(file, func(n ast.Node) string { return fmt.Sprintf("%s:%d", rel, files.Position(n.Pos()).Line) })
		}
		return err
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
