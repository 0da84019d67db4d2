package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"finetune/backbone"
)

// leaks measures that memory follows neither from the number of images nor from how many networks were opened before.
func (t *torture) leaks(until time.Time) {
	t.count("200 networks opened and closed", t.opens(200))
	images := 10_000
	if time.Until(until) < 45*time.Second {
		images = 4_000
	}
	t.count(fmt.Sprint(images, " images"), t.manyImages(images))
}

// grown is what memory may grow by without a leak, in bytes: heaps of two runs differ by some.
const grown = 24 << 20

// manyImages compares the memory of a job on many images with that on an eighth of them.
func (t *torture) manyImages(n int) error {
	box, err := t.box("many", nil)
	if err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	data, err := os.ReadFile(filepath.Join(box, dataName, "1", "00.png"))
	if err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	var peaks []int64
	for _, n := range []int{n / 8, n} {
		for i := range n {
			if err := os.WriteFile(filepath.Join(box, dataName, "1", fmt.Sprintf("more-%05d.png", i)), data, 0o666); err != nil {
				return fmt.Errorf("harness: %w", err)
			}
		}
		args := "predict --model trained --data data/1 --no-cache --out out.csv --overwrite"
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
		cmd, out, errs := t.start(ctx, box, strings.Fields(args))
		peak, err := runMeasured(cmd)
		e := endOf(cmd, err, out, errs, ctx.Err() != nil, 0)
		cancel()
		if e.status != 0 {
			return fmt.Errorf("exit status %d: %s", e.status, oneLine(e.errors))
		}
		peaks = append(peaks, peak)
	}
	if more := peaks[1] - peaks[0]; more > grown {
		return fmt.Errorf("memory: %d MB for %d images, %d MB for an eighth of them", peaks[1]>>20, n, peaks[0]>>20)
	}
	return nil
}

// opens opens and closes a network often, and compares memory, files, threads of Go and of the system with those after the first times.
func (t *torture) opens(n int) error {
	os.Setenv("ONNXRUNTIME_LIB", t.library)
	path := filepath.Join(t.template(), netName)
	tensor, features := make([]float32, 3*224*224), make([]float32, 24)
	var before [4]int64
	for i := range n {
		b, err := backbone.Open(path, backbone.Options{Threads: 2})
		if err != nil {
			return err
		}
		if err := b.Features(context.Background(), tensor, 1, features[:b.Dim()]); err != nil {
			return err
		}
		if err := b.Close(); err != nil {
			return err
		}
		if i == n/10 {
			before = inUse()
		}
	}
	now := inUse()
	for i, c := range []struct {
		what string
		most int64
	}{{"bytes of memory", grown}, {"files", 0}, {"goroutines", 0}, {"threads", 2}} {
		if more := now[i] - before[i]; more > c.most {
			return fmt.Errorf("%d more %s after %d networks: %d, %d before", more, c.what, n-n/10, now[i], before[i])
		}
	}
	return nil
}

// inUse returns the memory, the files, the goroutines and the threads of this process; 0 where the system doesn't tell.
func inUse() [4]int64 {
	runtime.GC()
	var memory, threads int64
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		switch fields[0] {
		case "VmRSS:":
			memory, _ = strconv.ParseInt(fields[1], 10, 64)
		case "Threads:":
			threads, _ = strconv.ParseInt(fields[1], 10, 64)
		}
	}
	files, _ := os.ReadDir("/proc/self/fd")
	return [4]int64{memory << 10, int64(len(files)), int64(runtime.NumGoroutine()), threads}
}
