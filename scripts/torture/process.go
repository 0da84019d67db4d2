package main

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"finetune/scripts/internal/used"
)

// hang is how long a job on the material may take, of which it needs a small part.
const hang = 60 * time.Second

// An end is how a process ended.
type end struct {
	status         int // -1: by a signal
	output, errors string
	hung           bool
	peak           int64 // bytes of memory
	took           time.Duration
}

// arguments returns those of a job, with what all of them get.
func (t *torture) arguments(args []string) []string {
	switch args[0] {
	case "inspect", "cache", "doctor", "export":
		return args
	}
	for _, a := range args {
		if a == "--threads" {
			return args
		}
	}
	return append(args[:len(args):len(args)], "--threads", "1")
}

// environment is that of every job: its cache is in the box.
func (t *torture) environment(box string) []string {
	return []string{
		"HOME=" + box, "XDG_CACHE_HOME=" + filepath.Join(box, cacheName), "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8",
		"TMPDIR=" + t.temporary(box), "ONNXRUNTIME_LIB=" + t.library,
	}
}

// temporary returns the folder for temporary files of a box, beside it, so that a snapshot of the box hasn't it.
func (t *torture) temporary(box string) string {
	dir := box + ".tmp"
	os.MkdirAll(dir, 0o777)
	return dir
}

// start readies a process of finetune in a box.
func (t *torture) start(ctx context.Context, box string, args []string) (*exec.Cmd, *bytes.Buffer, *bytes.Buffer) {
	var out, errs bytes.Buffer
	cmd := exec.CommandContext(ctx, t.binary, t.arguments(args)...)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = box, t.environment(box), &out, &errs
	return cmd, &out, &errs
}

// run runs finetune in a box, undisturbed.
func (t *torture) run(box string, args []string) end {
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	began := time.Now()
	cmd, out, errs := t.start(ctx, box, args)
	peak, err := runMeasured(cmd)
	e := endOf(cmd, err, out, errs, ctx.Err() != nil, time.Since(began))
	e.peak = peak
	return e
}

// runMeasured runs a command and returns the most memory that it had resident, in bytes, as far as looking every few milliseconds
// tells: what the system says of an ended child counts the memory of the process that started it.
func runMeasured(cmd *exec.Cmd) (most int64, err error) {
	if err := cmd.Start(); err != nil {
		return 0, err
	}
	done, measured := make(chan bool), make(chan int64)
	go func() {
		tick := time.NewTicker(5 * time.Millisecond)
		defer tick.Stop()
		var most int64
		for {
			select {
			case <-done:
				measured <- most
				return
			case <-tick.C:
				most = max(most, int64(used.PeakMemory(cmd.Process.Pid)))
			}
		}
	}()
	err = cmd.Wait()
	close(done)
	return <-measured, err
}

func endOf(cmd *exec.Cmd, err error, out, errs *bytes.Buffer, hung bool, took time.Duration) end {
	e := end{output: out.String(), errors: errs.String(), hung: hung, took: took}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		e.status, e.errors = -1, err.Error()
		return e
	}
	e.status = cmd.ProcessState.ExitCode()
	return e
}
