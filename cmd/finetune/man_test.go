package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

func writeManual(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	var out, errs bytes.Buffer
	if status := execute([]string{"man", dir}, strings.NewReader(""), &out, &errs); status != exitOK {
		t.Fatalf("exit %d: %s", status, &errs)
	}
	return dir
}

func TestManualHasEveryFlag(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	dir := writeManual(t)
	eachCommand(newRoot(&app{}), func(c *cobra.Command) {
		if c.HasParent() && !c.IsAvailableCommand() {
			return
		}
		page, err := os.ReadFile(filepath.Join(dir, manName(c)+".1"))
		if err != nil {
			t.Error(err)
			return
		}
		if !strings.HasPrefix(string(page), `.TH "`+strings.ToUpper(manName(c))+`" 1 "2023-11-14" "finetune `) {
			t.Errorf("%s begins %.80q", manName(c), page)
		}
		c.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && !f.Hidden && !strings.Contains(string(page), `\fB\-\-`+roff(f.Name)+`\fR`) {
				t.Errorf("%s: no --%s", manName(c), f.Name)
			}
		})
	})
}

func TestManualIsDeterministic(t *testing.T) {
	a, b := writeManual(t), writeManual(t)
	pages, err := filepath.Glob(filepath.Join(a, "*.1"))
	if err != nil || len(pages) < 10 {
		t.Fatalf("%d pages: %v", len(pages), err)
	}
	for _, page := range pages {
		one, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		two, err := os.ReadFile(filepath.Join(b, filepath.Base(page)))
		if err != nil || !bytes.Equal(one, two) {
			t.Errorf("%s differs: %v", filepath.Base(page), err)
		}
	}
}

// TestManualIsValid lets groff read the pages where it is installed.
func TestManualIsValid(t *testing.T) {
	if _, err := exec.LookPath("groff"); err != nil {
		t.Skip("groff isn't installed")
	}
	pages, err := filepath.Glob(filepath.Join(writeManual(t), "*.1"))
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("groff", append([]string{"-man", "-Tutf8", "-k", "-ww", "-z"}, pages...)...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("groff: %v\n%s", err, out)
	}
}

func TestRoff(t *testing.T) {
	for in, want := range map[string]string{
		".hidden":      `\&.hidden`,
		`^(\d+)`:       `\(ha(\ed+)`,
		"'a' --b":      `\(aqa\(aq \-\-b`,
		"one\n.two\nx": "one\n\\&.two\nx",
	} {
		if got := roff(in); got != want {
			t.Errorf("roff(%q) = %q, want %q", in, got, want)
		}
	}
}
