package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"finetune/internal/ort/library"
)

// runnablePages are those whose commands a test runs. Every block of commands or Python on them is marked: run, run if=…, run exact where
// the output is compared too, or not-run with the reason.
var runnablePages = []string{"tutorial.md", "recipes.md", "pytorch.md", "deploy.md", "schemas.md", "spark.md"}

// A docBlock is a fenced block of a page.
type docBlock struct {
	line  int
	lang  string // console or python
	marks string // what follows the language
	text  string
}

var fence = regexp.MustCompile("^```([a-z]*) ?(.*)$")

// docBlocks returns the console and Python blocks of a page.
func docBlocks(page string) ([]docBlock, error) {
	var blocks []docBlock
	var open *docBlock
	for i, line := range strings.Split(page, "\n") {
		switch m := fence.FindStringSubmatch(line); {
		case m == nil && open != nil:
			open.text += line + "\n"
		case m == nil:
		case open == nil:
			open = &docBlock{line: i + 1, lang: m[1], marks: m[2]}
		case m[1] == "" && m[2] == "":
			if open.lang == "console" || open.lang == "python" {
				blocks = append(blocks, *open)
			}
			open = nil
		default:
			return nil, fmt.Errorf("line %d: a block begins inside that of line %d", i+1, open.line)
		}
	}
	if open != nil {
		return nil, fmt.Errorf("line %d: the block has no end", open.line)
	}
	return blocks, nil
}

var (
	markRun    = regexp.MustCompile(`^run(?: if=([a-z,]+)| exact)?$`)
	markNotRun = regexp.MustCompile(`^not-run="[^"]{10,}"$`)
)

// needs returns what must be there for a block to be run, and whether it is to be run at all.
func (b docBlock) needs() (needs []string, runs bool, err error) {
	if m := markRun.FindStringSubmatch(b.marks); m != nil {
		if m[1] != "" {
			needs = strings.Split(m[1], ",")
		}
		return needs, true, nil
	}
	if markNotRun.MatchString(b.marks) {
		return nil, false, nil
	}
	return nil, false, fmt.Errorf(`line %d: marked %q; expected run, run if=… or not-run="reason"`, b.line, b.marks)
}

// script returns the shell commands of a block.
func (b docBlock) script() string {
	if b.lang == "python" {
		return "python - <<'END-OF-PYTHON'\n" + b.text + "END-OF-PYTHON\n"
	}
	var commands, output strings.Builder
next:
	for line := range strings.Lines(b.text) {
		for _, prompt := range []string{"$ ", "> "} {
			if command, ok := strings.CutPrefix(line, prompt); ok {
				commands.WriteString(command)
				continue next
			}
		}
		output.WriteString(line)
	}
	if strings.HasSuffix(b.marks, " exact") {
		return "{\n" + commands.String() + "} > .output\ndiff -u - .output <<'END-OF-OUTPUT'\n" + output.String() + "END-OF-OUTPUT\n"
	}
	return commands.String()
}

// TestDocs runs the commands of each page in one shell, in a folder that has nothing but the demo and deploy. DOC_PYTHON is a Python with
// numpy, onnxruntime and pillow; without it the blocks that need one aren't run.
func TestDocs(t *testing.T) {
	lib, err := library.Find("", "")
	if err != nil {
		t.Fatal(err)
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("the pages are written for bash, which isn't installed")
	}
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	have := docNeeds()
	for _, name := range runnablePages {
		t.Run(name, func(t *testing.T) {
			script := docScript(t, filepath.Join(repo, "docs", name), have)
			dir := t.TempDir()
			for _, name := range []string{"testdata", "deploy"} {
				if err := os.Symlink(filepath.Join(repo, name), filepath.Join(dir, name)); err != nil {
					t.Fatal(err)
				}
			}
			bin := filepath.Join(t.TempDir(), "bin")
			if python := os.Getenv("DOC_PYTHON"); python != "" {
				if err := os.Mkdir(bin, 0o777); err != nil {
					t.Fatal(err)
				}
				wrapper := fmt.Sprintf("#!/bin/sh\nexec '%s' \"$@\"\n", python)
				if err := os.WriteFile(filepath.Join(bin, "python"), []byte(wrapper), 0o777); err != nil {
					t.Fatal(err)
				}
			}
			ctx, stop := context.WithTimeout(t.Context(), 10*time.Minute)
			defer stop()
			shell := exec.CommandContext(ctx, bash, "-c", script)
			shell.Dir = dir
			shell.Env = append(os.Environ(), "ONNXRUNTIME_LIB="+lib.Path, "XDG_CACHE_HOME="+filepath.Join(dir, ".cache"), "HOME="+dir,
				"PATH="+bin+string(filepath.ListSeparator)+os.Getenv("PATH"))
			shell.WaitDelay = 10 * time.Second
			out, err := shell.CombinedOutput()
			if err != nil {
				t.Errorf("%v\n%s", err, out[max(0, len(out)-4000):])
			}
		})
	}
}

// docNeeds says what blocks may need and is there: commands of the program by name, python, and spark, a cluster (make test-spark).
func docNeeds() map[string]bool {
	have := map[string]bool{"python": os.Getenv("DOC_PYTHON") != "", "spark": os.Getenv("SPARK_MASTER") != ""}
	for _, c := range newRoot(&app{}).Commands() {
		have[c.Name()] = true
	}
	return have
}

// docScript joins the blocks of a page that can be run. A failure names the block's line.
func docScript(t *testing.T, page string, have map[string]bool) string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := docBlocks(string(text))
	if err != nil {
		t.Fatal(err)
	}
	script := "set -euo pipefail\n"
	for _, b := range blocks {
		needs, runs, err := b.needs()
		if err != nil {
			t.Fatal(err)
		}
		missing := slices.DeleteFunc(needs, func(n string) bool { return have[n] })
		if runs && len(missing) > 0 {
			t.Logf("line %d isn't run: no %s", b.line, strings.Join(missing, ", "))
		}
		if runs && len(missing) == 0 {
			script += fmt.Sprintf("trap 'echo failed: %s line %d >&2' ERR\n%s", filepath.Base(page), b.line, b.script())
		}
	}
	return strings.ReplaceAll(script, "127.0.0.1:8080", "127.0.0.1:"+freePort(t))
}

// freePort returns a port that nothing listens on.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestDocBlocks(t *testing.T) {
	page := "```console run exact\n$ echo x\nx\n```\n" + "text\n```console run\n$ a \\\n> b\noutput\n```\n```yaml\nx: 1\n```\n```python run if=python,export\nprint()\n```\n```console\n$ c\n```\n"
	blocks, err := docBlocks(page)
	if err != nil || len(blocks) != 4 {
		t.Fatalf("%d blocks, %v", len(blocks), err)
	}
	if got, want := blocks[0].script(), "{\necho x\n} > .output\ndiff -u - .output <<'END-OF-OUTPUT'\nx\nEND-OF-OUTPUT\n"; got != want {
		t.Errorf("script %q, want %q", got, want)
	}
	blocks = blocks[1:]
	if got := blocks[0].script(); got != "a \\\nb\n" {
		t.Errorf("script %q", got)
	}
	if needs, runs, err := blocks[1].needs(); !runs || err != nil || !slices.Equal(needs, []string{"python", "export"}) {
		t.Errorf("needs %q, %v, %v", needs, runs, err)
	}
	if _, _, err := blocks[2].needs(); err == nil {
		t.Error("no error for a block without a mark")
	}
	for _, broken := range []string{"```console run\n$ a\n", "```console run\n```python run\n"} {
		if _, err := docBlocks(broken); err == nil {
			t.Errorf("no error for %q", broken)
		}
	}
}
