package main

import (
	"fmt"
	"html"
	"image"
	"image/color"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"finetune/internal/ort/library"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"finetune": func() { os.Exit(execute(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) },
	})
}

// TestScripts runs the command as a user does: the real program, the native library, the embedded network.
func TestScripts(t *testing.T) { testscript.Run(t, scripts(t, "testdata/script")) }

// scripts are the scripts of a folder and what they may call.
func scripts(t *testing.T, dir string) testscript.Params {
	t.Helper()
	lib, err := library.Find("", "")
	if err != nil {
		t.Fatal(err) // a test that skipped here would hide that nothing was tested
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return testscript.Params{
		Dir: dir,
		Setup: func(e *testscript.Env) error {
			e.Setenv("ONNXRUNTIME_LIB", lib.Path)
			e.Setenv("XDG_CACHE_HOME", filepath.Join(e.WorkDir, "cache")) // Linux
			e.Setenv("HOME", filepath.Join(e.WorkDir, "home"))            // macOS
			e.Setenv("REPO", root)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"pictures": pictures,
			"lines":    lines,
			"waitfor":  waitfor,
			"pack":     pack,
			"waitgrep": waitgrep,
			"freeaddr": freeaddr,
			"request":  request,
			"signal":   sendSignal,
			"samerows": samerows,
			"printed":  printed,
		},
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
	}
}

// pictures DIR N [LEVEL] makes N noisy pictures in DIR, whose stripes are the finer the higher the level: classes that any
// network tells apart.
func pictures(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: pictures DIR N [LEVEL]")
	}
	dir, level := ts.MkAbs(args[0]), 0
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	if len(args) > 2 {
		level, err = strconv.Atoi(args[2])
		ts.Check(err)
	}
	ts.Check(os.MkdirAll(dir, 0o777))
	for i := range n {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d_%03d.png", level, i)))
		ts.Check(err)
		ts.Check(png.Encode(f, picture(level, i)))
		ts.Check(f.Close())
	}
}

func picture(level, number int) image.Image {
	const side = 48
	r := rand.New(rand.NewPCG(uint64(level), uint64(number)))
	img := image.NewNRGBA(image.Rect(0, 0, side, side))
	period := 24 / (level + 1)
	for y := range side {
		for x := range side {
			v := uint8(60 + r.IntN(40))
			if (x+number)/max(period, 1)%2 == 0 {
				v += 120
			}
			img.SetNRGBA(x, y, color.NRGBA{v, v, 255 - v, 255})
		}
	}
	return img
}

// lines FILE N checks that a file (or stdout, stderr) has N lines.
func lines(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: lines FILE N")
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	got := 0
	for _, b := range []byte(ts.ReadFile(args[0])) {
		if b == '\n' {
			got++
		}
	}
	if got != want {
		ts.Fatalf("%s has %d lines, want %d", args[0], got, want)
	}
}

// commandText finds the commands that a page or the terminal shows.
var commandText = regexp.MustCompile(`(?m)(?:<code>|: )(finetune [a-z]+ --[^<\n]+)`)

// printed FILE N runs the N commands that a page or stdout shows, in a shell, with photos for PATH.
func printed(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: printed FILE N")
	}
	found := commandText.FindAllStringSubmatch(ts.ReadFile(args[0]), -1)
	if fmt.Sprint(len(found)) != args[1] {
		ts.Fatalf("%d commands in %s, want %s: %q", len(found), args[0], args[1], found)
	}
	for _, m := range found {
		command := strings.ReplaceAll(html.UnescapeString(m[1]), "PATH", "photos")
		if err := ts.Exec("sh", "-c", command); err != nil {
			ts.Fatalf("%s: %v", command, err)
		}
	}
}

// waitfor PATTERN waits until a file of that pattern is there.
func waitfor(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: waitfor PATTERN")
	}
	for range 1000 {
		if found, err := filepath.Glob(ts.MkAbs(args[0])); err == nil && len(found) > 0 {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	ts.Fatalf("no file %s after ten seconds", args[0])
}
