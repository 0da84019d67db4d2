// Package architecture tests that the packages of this module import each other only in the order of docs/architecture.md,
// that the links of the documentation resolve, and that the Go code of README.md compiles.
package architecture

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const module = "finetune/"

// order reads the packages of docs/architecture.md, first to last.
func order(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile("../../docs/architecture.md")
	if err != nil {
		t.Fatal(err)
	}
	_, list, ok := strings.Cut(string(text), "```imports\n")
	if !ok {
		t.Fatal("docs/architecture.md has no list of imports")
	}
	list, _, _ = strings.Cut(list, "```")
	at := map[string]int{}
	for line := range strings.Lines(list) {
		name := strings.Fields(line)[0]
		if _, twice := at[name]; twice {
			t.Errorf("%s is listed twice", name)
		}
		at[name] = len(at)
	}
	return at
}

// imports lists each package of the module with what it imports of the module, tests left aside.
func imports(t *testing.T) map[string][]string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", `{{if .GoFiles}}{{.ImportPath}} {{join .Imports " "}}{{end}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	list := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		name := strings.TrimPrefix(fields[0], module)
		list[name] = nil
		for _, imported := range fields[1:] {
			if own, ok := strings.CutPrefix(imported, module); ok {
				list[name] = append(list[name], own)
			}
		}
	}
	return list
}

func TestImportsFollowTheOrder(t *testing.T) {
	at := order(t)
	for name, imported := range imports(t) {
		if strings.HasPrefix(name, "scripts/") {
			continue // programs that measure; nothing imports them
		}
		own, listed := at[name]
		if !listed {
			t.Errorf("%s isn't listed in docs/architecture.md", name)
			continue
		}
		for _, other := range imported {
			if i, listed := at[other]; listed && i >= own {
				t.Errorf("%s imports %s, which comes after it", name, other)
			}
		}
		delete(at, name)
	}
	for name := range at {
		t.Errorf("%s is listed in docs/architecture.md and isn't there", name)
	}
}

// Packages that need no native library must not depend on it, so that heads are trained anywhere Go runs.
func TestPureGoPackages(t *testing.T) {
	for _, name := range []string{"invalid", "label", "loss", "head", "augment", "preprocess", "pipeline/dataset", "pipeline/metrics", "pipeline/calibration", "pipeline/report"} {
		out, err := exec.Command("go", "list", "-deps", module+name).Output()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(out), "onnxruntime_go") {
			t.Errorf("%s depends on ONNX Runtime", name)
		}
	}
}
