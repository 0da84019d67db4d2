package run_test

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"finetune/internal/pipelinetest"
	"finetune/invalid"
	"finetune/pipeline/run"
	"finetune/pipeline/train"
)

// What a job may write, with and without being told to replace a file.
func TestMayWrite(t *testing.T) {
	job := train.New("")
	job.Features, job.Out, job.Head.Epochs = pipelinetest.FeatureFolder(t, 2, 30, "", nil), filepath.Join(t.TempDir(), "run"), 2
	if _, err := job.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	r, err := run.Open(job.Out)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"file", "input"} {
		if err := os.WriteFile(at(name), []byte(name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for link, target := range map[string]string{"link": "file", "to-input": "input", "to-nothing": "none", "to-device": os.DevNull} {
		if !filepath.IsAbs(target) {
			target = at(target)
		}
		if err := os.Symlink(target, at(link)); err != nil {
			t.Skip("no links:", err)
		}
	}
	const there, input, other = "a file that is there already", "the input", "something other than a file"
	for _, test := range []struct{ out, want, overwriting string }{
		{at("new"), "", ""},
		{at("new/new"), "", ""},
		{at("file"), there, ""},
		{at("link"), there, ""},
		{at("to-nothing"), there, ""},
		{at("input"), input, input},
		{at("to-input"), input, input},
		{dir, "a folder", "a folder"},
		{os.DevNull, other, other},
		{at("to-device"), other, other},
		{at("file/new"), "a place that can't be written", "a place that can't be written"},
		{filepath.Join(job.Out, run.ConfigFile), input, input},
		{filepath.Join(job.Out, "files.json"), input, input},
	} {
		for overwrite, want := range map[bool]string{false: test.want, true: test.overwriting} {
			err := r.MayWrite(t.Context(), test.out, overwrite, at("input"))
			if want == "" && err != nil || want != "" && (!invalid.Is(err) || !strings.Contains(err.Error(), want)) {
				t.Errorf("%s, overwrite %v: %v, want %q", test.out, overwrite, err, want)
			}
		}
	}
	nothing := func(w io.Writer) error { return nil }
	if err := run.WriteOut(at("file"), false, nothing); !invalid.Is(err) || !strings.Contains(err.Error(), there) {
		t.Errorf("a file that appeared meanwhile: %v", err)
	}
}
