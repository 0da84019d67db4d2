//go:build unix

package library

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// onPath makes programs, shell scripts by name, the only ones on PATH.
func onPath(t *testing.T, scripts map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for name, body := range scripts {
		path := write(t, dir, name, []byte("#!/bin/sh\n"+body))
		if err := os.Chmod(path, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir)
}

const pipHere = `[ "$3" = --version ] && exit 0
`

func TestFetch(t *testing.T) {
	pip, npm := pin{client: "pip", pkg: "onnxruntime", tag: "some_tag"}, pin{client: "npm", pkg: "onnxruntime-node"}
	for _, c := range []struct {
		name    string
		scripts map[string]string
		pin     pin
		wrong   string // part of the error; "" for success
		absent  bool
	}{
		{"pip", map[string]string{"python3": pipHere + `case "$*" in *"--platform some_tag"*"onnxruntime==` + Version + `") : > a.whl;; esac`}, pip, "", false},
		{"pip of python", map[string]string{"python3": "exit 1", "python": pipHere + ": > a.whl"}, pip, "", false},
		{"npm", map[string]string{"npm": `case "$*" in --version) ;; "pack "*"onnxruntime-node@` + Version + `") : > a.tgz;; esac`}, npm, "", false},
		{"no python", nil, pip, "pip: not installed", true},
		{"python without pip", map[string]string{"python3": "echo No module named pip >&2; exit 1"}, pip, "pip: not installed", true},
		{"no npm", nil, npm, "npm: not installed", true},
		{"npm without node", map[string]string{"npm": "exit 127"}, npm, "npm: not installed", true},
		{"pip fails", map[string]string{"python3": pipHere + "echo WARNING: again >&2; echo ERROR: no such release >&2; echo >&2; echo hint >&2; exit 1"},
			pip, "pip could not bring onnxruntime " + Version + ": exit status 1: ERROR: no such release", false},
		{"pip brings nothing", map[string]string{"python3": pipHere + ":"}, pip, "left 0 files *.whl", false},
		{"npm fails", map[string]string{"npm": `[ "$1" = --version ] || { echo npm error code E404 >&2; echo npm error log >&2; exit 1; }`}, npm, "npm error code E404", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			onPath(t, c.scripts)
			file, err := fetch(t.Context(), c.pin, filepath.Join(t.TempDir(), "d"))
			if c.wrong == "" {
				if err != nil {
					t.Fatal(err)
				}
				if _, err := os.Stat(file); err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.wrong) || errors.Is(err, errNoClient) != c.absent {
				t.Errorf("got %v, want %q", err, c.wrong)
			}
		})
	}
}

// A client that is stopped ends with what it started.
func TestFetchStops(t *testing.T) {
	record := filepath.Join(t.TempDir(), "child")
	onPath(t, map[string]string{"npm": `[ "$1" = --version ] && exit 0
/bin/sleep 300 &
echo $! > '` + record + `.new'; /bin/mv '` + record + `.new' '` + record + `'
wait`})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	ended := make(chan error, 1)
	go func() {
		_, err := fetch(ctx, pin{client: "npm", pkg: "p"}, t.TempDir())
		ended <- err
	}()
	var child int
	for deadline := time.Now().Add(20 * time.Second); child == 0; time.Sleep(5 * time.Millisecond) {
		if data, err := os.ReadFile(record); err == nil {
			if child, err = strconv.Atoi(strings.TrimSpace(string(data))); err != nil {
				t.Fatal(err)
			}
		}
		if time.Now().After(deadline) {
			t.Fatal("the client didn't start")
		}
	}
	cancel()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("got %v", err)
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the client goes on")
	}
	if !gone(child) {
		t.Errorf("process %d goes on", child)
	}
}

// gone waits a moment for a killed process to leave; where nobody reaps it, it stays as a zombie.
func gone(pid int) bool {
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return true
		}
		if stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat"); err == nil && strings.Contains(string(stat), ") Z ") {
			return true
		}
	}
	return false
}

func TestLastWord(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", ""},
		{"one\n\ntwo\n", "two"},
		{"x\nERROR: a\nERROR: b\n", "ERROR: a"},
		{"npm ERR! code E1\nnpm ERR! log", "npm ERR! code E1"},
		{strings.Repeat("é", 400), strings.Repeat("é", 300) + "…"},
	} {
		if got := lastWord(c.text); got != c.want {
			t.Errorf("%q: got %q, want %q", c.text, got, c.want)
		}
	}
}
