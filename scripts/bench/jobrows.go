package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"finetune/internal/store/atomicfile"
	"finetune/pipeline/run"
)

// jobRows measure the command as people wait for it.
func (b *bench) jobRows() []*row {
	last := []string{"--tap", "last"}
	return []*row{
		{group: "command", name: "finetune --help", unit: milliseconds, required: 0.02, ours: func(ctx context.Context) (float64, string, error) {
			seconds, err := b.command(ctx, "--help")
			return seconds, "", err
		}},
		{group: "command", name: "a run on 3,000 images, last features, cached", unit: milliseconds, required: 2, ours: func(ctx context.Context) (float64, string, error) {
			seconds, err := b.warmRun(ctx, "last", last...)
			return seconds, "", err
		}},
		{
			group: "command", name: "a run on 3,000 images, default features, cached; with evaluation, report and files", unit: milliseconds,
			required: 1, peerName: "PyTorch, training alone",
			ours: func(ctx context.Context) (float64, string, error) {
				seconds, err := b.warmRun(ctx, "default")
				return seconds, "", err
			},
			peer: b.sameTraining,
		},
		{
			group: "command", name: "predict, 3,000 images of 200 × 200", unit: imagesPerSecond, required: 0.95, peerName: "finetune extract",
			ours: func(ctx context.Context) (float64, string, error) { return b.perPicture(ctx, "predict") },
			peer: func(ctx context.Context) (float64, string, error) { return b.perPicture(ctx, "extract") },
		},
		{group: "command", name: "peak memory of predict, 3,000 images of 200 × 200", unit: megabytes, required: 500, ours: func(ctx context.Context) (float64, string, error) {
			if _, _, err := b.perPicture(ctx, "predict"); err != nil {
				return 0, "", err
			}
			return b.memory / 1e6, "", nil
		}},
	}
}

// gradedPictures is how many pictures the runs are about, and grades how many classes they have.
const (
	gradedPictures = 3000
	grades         = 8
)

// graded writes a manifest of pictures of 200 × 200.
func (b *bench) graded() (string, error) {
	manifest := filepath.Join(b.work, "graded.csv")
	if _, err := os.Stat(manifest); err == nil {
		return manifest, nil
	}
	paths, err := b.pictures(gradedPictures, 200, 200)
	if err != nil {
		return "", err
	}
	return manifest, atomicfile.Write(manifest, func(w io.Writer) error {
		c := csv.NewWriter(w)
		c.Write([]string{"path", "label"})
		for i, p := range paths {
			c.Write([]string{p, strconv.Itoa(i % grades)})
		}
		c.Flush()
		return c.Error()
	})
}

// command runs finetune and returns how long that took.
func (b *bench) command(ctx context.Context, arguments ...string) (float64, error) {
	c := exec.CommandContext(ctx, b.finetune, arguments...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	start := time.Now()
	if err := c.Start(); err != nil {
		return 0, err
	}
	done := make(chan struct{})
	memory := watchMemory(c.Process.Pid, done)
	err := c.Wait()
	seconds := time.Since(start).Seconds()
	close(done)
	b.memory = <-memory
	if err != nil {
		return 0, fmt.Errorf("finetune %v: %w\n%s", arguments, err, errs.Bytes())
	}
	return seconds, nil
}

// warmRun times the main job where all features are cached.
func (b *bench) warmRun(ctx context.Context, name string, flags ...string) (float64, error) {
	manifest, err := b.graded()
	if err != nil {
		return 0, err
	}
	out := filepath.Join(b.work, "run-"+name)
	arguments := append([]string{"-q", "--data", manifest, "--cache", filepath.Join(b.work, "cache"), "--threads", strconv.Itoa(b.threads),
		"--out", out, "--overwrite"}, flags...)
	if _, err := os.Stat(out); err != nil {
		if _, err := b.command(ctx, arguments...); err != nil {
			return 0, err
		}
	}
	seconds, err := b.command(ctx, arguments...)
	return seconds, err
}

// sameTraining has the peer train as many epochs on as many features as the run with the default features did.
func (b *bench) sameTraining(context.Context) (float64, string, error) {
	model, err := run.Open(filepath.Join(b.work, "run-default"))
	if err != nil {
		return 0, "", err
	}
	history, err := os.Open(filepath.Join(model.Folder, run.HistoryFile))
	if err != nil {
		return 0, "", err
	}
	defer history.Close()
	epochs, err := csv.NewReader(history).ReadAll()
	if err != nil {
		return 0, "", err
	}
	count := len(epochs) - 1
	seconds, _, err := b.peer.ask("training", map[string]any{"n": model.Config.Split.Train, "d": model.Head.Inputs(), "k": grades,
		"batch": model.Config.Head.BatchSize, "count": count, "threads": b.threads})
	return seconds, fmt.Sprintf("%d epochs", count), err
}

// perPicture times a command that brings every picture through the network.
func (b *bench) perPicture(ctx context.Context, what string) (float64, string, error) {
	manifest, err := b.graded()
	if err != nil {
		return 0, "", err
	}
	arguments := []string{what, "-q", "--data", manifest, "--no-cache", "--threads", strconv.Itoa(b.threads)}
	switch what {
	case "predict":
		if _, err := os.Stat(filepath.Join(b.work, "run-last")); err != nil {
			if _, err := b.warmRun(ctx, "last", "--tap", "last"); err != nil {
				return 0, "", err
			}
		}
		labels := filepath.Join(b.work, "labels") // a complete table would be left as it is
		if err := os.RemoveAll(labels); err != nil {
			return 0, "", err
		}
		arguments = append(arguments, "--model", filepath.Join(b.work, "run-last"), "--out", filepath.Join(labels, "labels.csv"))
	case "extract":
		arguments = append(arguments, "--tap", "last", "--out", filepath.Join(b.work, "small-features"))
	}
	seconds, err := b.command(ctx, arguments...)
	return seconds / gradedPictures, "", err
}
