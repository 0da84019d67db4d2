package features

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"finetune/internal/pipelinetest"
	"finetune/pipeline/dataset"
	"finetune/pipeline/progress"
	"finetune/pipeline/source"
)

// tiny are the options of a small network, whose sessions on the CPU stand for a device's.
func tiny(sessions int) Images {
	i := Images{Backbone: pipelinetest.TinyNetwork, Tap: Last, NoCache: true, sessions: sessions}
	i.Overrides.ImageSize = 32
	return i
}

// A result is all that an extraction says.
type result struct {
	rows       []float32
	read       []int
	unreadable []string
	notes      []string
	err        error
}

func extract(t *testing.T, ctx context.Context, i Images, items []dataset.Item, views int) (r result) {
	t.Helper()
	var told notes
	x, err := StartExtractor(i, 3, len(items), &told)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := x.Close(); err != nil {
			t.Error(err)
		}
	}()
	told.lines = nil
	list, err := x.Extract(ctx, items, func(int) int { return views }, func(b Block) error {
		r.rows, r.read = append(r.rows, b.Rows...), append(r.read, b.Read...)
		return nil
	})
	for _, u := range list {
		r.unreadable = append(r.unreadable, u.Path+": "+u.Reason)
	}
	r.notes, r.err = told.lines, err
	return r
}

// On a device, pictures of many workers share batches. Everything that comes out is what comes out on the CPU: the bits of the rows,
// their order, what can't be read, and what is in the cache afterwards.
func TestOnDevice(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.png")
	if err := os.WriteFile(bad, []byte("no picture"), 0o644); err != nil {
		t.Fatal(err)
	}
	items := demoItems(t)[:75]
	items = slices.Insert(items, 9, dataset.Item{Path: bad, File: bad})
	items = slices.Insert(items, 40, dataset.Item{Path: bad, File: bad})
	for name, c := range map[string]struct {
		batch, views int
	}{"as usual": {0, 1}, "of 5": {5, 1}, "larger than a block": {30, 1}, "views": {16, 3}, "more views than a batch": {7, 5}} {
		plain, device := tiny(0), tiny(2)
		plain.Batch, device.Batch, plain.Views, device.Views = c.batch, c.batch, c.views, c.views
		want, got := extract(t, t.Context(), plain, items, c.views), extract(t, t.Context(), device, items, c.views)
		if want.err != nil || got.err != nil || len(want.unreadable) != 2 {
			t.Fatalf("%s: %v, %v", name, want, got.err)
		}
		if !slices.Equal(got.rows, want.rows) || !slices.Equal(got.read, want.read) || !slices.Equal(got.unreadable, want.unreadable) ||
			!slices.Equal(got.notes, want.notes) {
			t.Errorf("%s: differs: %v and %v", name, got.notes, want.notes)
		}
	}

	device := tiny(2)
	device.NoCache, device.Cache = false, t.TempDir()
	first := extract(t, t.Context(), device, items[20:60], 1)
	second := extract(t, t.Context(), device, items, 1)
	if first.err != nil || second.err != nil {
		t.Fatal(first.err, second.err)
	}
	if want := extract(t, t.Context(), tiny(0), items, 1); !slices.Equal(second.rows, want.rows) {
		t.Error("rows differ with some in the cache")
	}
	if last := second.notes[len(second.notes)-1]; !strings.Contains(last, "36 computed, 39 from the cache") {
		t.Errorf("notes %q", second.notes)
	}
}

// Where there are many items the fastest batch is looked for.
func TestOnDeviceSearches(t *testing.T) {
	items := slices.Repeat(demoItems(t)[:100], manyForDevice/100)
	r := extract(t, t.Context(), tiny(1), items, 1)
	if r.err != nil || len(r.read) != len(items) {
		t.Fatalf("%d items, %v", len(r.read), r.err)
	}
	if !slices.ContainsFunc(r.notes, func(line string) bool {
		return strings.HasPrefix(line, "speed:    batches of ") && strings.Contains(line, "images a second; tried ")
	}) {
		t.Errorf("notes %q", r.notes)
	}
}

// A batch that is asked for is cut to what a device may have, and the run says so.
func TestOnDeviceCutsBatches(t *testing.T) {
	i := tiny(1)
	i.Batch = 4000
	r := extract(t, t.Context(), i, demoItems(t)[:3], 1)
	if r.err != nil || len(r.notes) == 0 || r.notes[0] != "speed:    batches of 256 instead of 4000, which fit in memory" {
		t.Errorf("%q, %v", r.notes, r.err)
	}
}

// A device that is asked for nothing, stopped, or whose caller fails, leaves no goroutine.
func TestOnDeviceEnds(t *testing.T) {
	items := demoItems(t)[:60]
	before := runtime.NumGoroutine()
	if r := extract(t, t.Context(), tiny(2), nil, 1); r.err != nil {
		t.Error(r.err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	x, err := StartExtractor(tiny(2), 2, len(items), progress.None{})
	if err != nil {
		t.Fatal(err)
	}
	blocks := 0
	if _, err := x.Extract(ctx, items, func(int) int { return 1 }, func(Block) error { blocks++; cancel(); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
	failure := errors.New("failure")
	if _, err := x.Extract(t.Context(), items, func(int) int { return 1 }, func(Block) error { return failure }); !errors.Is(err, failure) {
		t.Errorf("a failure: %v", err)
	}
	if err := x.Close(); err != nil {
		t.Error(err)
	}
	noGoroutineLeft(t, before)
}

// An item of a stream that is slow to give the next one is answered before that comes.
func TestOnDeviceAnswersSlowStreams(t *testing.T) {
	items := demoItems(t)[:3]
	in, lines := io.Pipe()
	answered := make(chan int, 1)
	go func() {
		defer lines.Close()
		for i, item := range items {
			path, err := filepath.Abs(item.File)
			if err != nil {
				t.Error(err)
			}
			fmt.Fprintln(lines, path)
			select {
			case <-answered:
			case <-time.After(20 * time.Second):
				t.Errorf("item %d waits for the next one", i)
				return
			}
		}
	}()
	src, err := source.Open(t.Context(), source.Options{Path: "-", Stdin: in})
	if err != nil {
		t.Fatal(err)
	}
	x, err := StartExtractor(tiny(2), 2, 0, progress.None{})
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	n := 0
	if err := x.Stream(t.Context(), src.All(t.Context()), -1, 1, func(b Block) error {
		n += len(b.Read)
		for _, err := range b.Unreadable() {
			t.Error(err)
		}
		answered <- n
		return nil
	}); err != nil || n != len(items) {
		t.Errorf("%d items, %v", n, err)
	}
}
