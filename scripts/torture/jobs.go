package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// A job is a command that is tried.
type job struct {
	name    string
	args    string
	out     string      // what it writes, below the box; "" for nothing
	before  [][2]string // results that stand there before it: from and to
	status  int         // of an undisturbed run
	after   snapshot    // the box after an undisturbed run
	stdout  string      // of an undisturbed run
	earlier snapshot    // the box before it
}

// allJobs are the jobs of the command, each with a small network and few images.
func allJobs() []job {
	const images = " --data data --backbone net.onnx"
	return []job{
		{name: "train", args: "train" + images + " --epochs 4 --out out", out: "out"},
		{name: "folds", args: "train --features features --epochs 4 --folds 2 --out out", out: "out"},
		{name: "search", args: "train --features features --epochs 4 --search 3 --out out", out: "out"},
		{name: "resume", args: "train" + images + " --epochs 4 --out out --resume", out: "out", before: [][2]string{{"trained", "out"}}},
		{name: "overwrite", args: "train" + images + " --epochs 4 --out out --overwrite", out: "out", before: [][2]string{{"other", "out"}}},
		{name: "extract", args: "extract" + images + " --out out", out: "out"},
		{name: "predict", args: "predict --model trained --data data --out out.csv", out: "out.csv"},
		{name: "predict-jsonl", args: "predict --model trained --data data --out out.jsonl", out: "out.jsonl"},
		{name: "eval", args: "eval --model trained --data data --out out", out: "out"},
		{name: "compare", args: "compare --features features --losses emd2 --folds 2 --seeds 1 --resamples 100 --epochs 4 --out out", out: "out"},
		{name: "check", args: "check" + images + " --out out", out: "out"},
		{name: "explain", args: "explain --model trained --image data/1/00.png --image data/2/01.png --out out", out: "out"},
		{name: "export", args: "export --model trained --out out.onnx", out: "out.onnx"},
		{name: "inspect", args: "inspect trained"},
		{name: "cache", args: "cache verify"},
	}
}

// has reports whether this finetune has the command of a job.
func (t *torture) has(j job) bool {
	command, _, _ := strings.Cut(j.args, " ")
	return strings.Contains(t.run(t.work, []string{command, "--help"}).output, "finetune "+command)
}

// reference runs every job undisturbed, twice, and keeps what it leaves.
func (t *torture) reference() error {
	for i := range t.jobs {
		j := &t.jobs[i]
		var first snapshot
		for n := range 3 {
			box, err := t.box("reference", j.before)
			if err != nil {
				return err
			}
			if j.earlier, err = snap(box); err != nil {
				return err
			}
			end := t.run(box, j.command())
			if j.status = end.status; j.status != 0 && j.status != 3 { // 3: check found something
				return fmt.Errorf("%s: exit status %d: %s", j.name, end.status, end.errors)
			}
			j.stdout = end.output
			if j.after, err = snap(box); err != nil {
				return err
			}
			if n == 0 {
				first = j.after
			} else if d := first.differences(j.after); d != "" {
				return fmt.Errorf("%s isn't repeatable: %s", j.name, d)
			}
		}
	}
	return os.RemoveAll(filepath.Join(t.work, "box", "reference"))
}

func (j *job) command() []string { return strings.Fields(j.args) }
