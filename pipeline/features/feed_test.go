package features

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"finetune/internal/pipelinetest"
	"finetune/invalid"
	"finetune/pipeline/dataset"
	"finetune/pipeline/progress"
	"finetune/pipeline/source"
)

// sourceOf lists images, then what stands for none, by a list of paths on standard input.
func sourceOf(t *testing.T, items []dataset.Item, lines ...string) *source.Source {
	t.Helper()
	for _, it := range items {
		lines = append(lines, it.File)
	}
	in := strings.NewReader(strings.Join(lines, "\n"))
	s, err := source.Open(t.Context(), source.Options{Path: source.Stdin, Stdin: in})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func tinyExtractor(t *testing.T, i Images) *Extractor {
	t.Helper()
	i.Backbone, i.Tap, i.NoCache = pipelinetest.TinyNetwork, Last, true
	x, err := StartExtractor(i, 2, 1, progress.None{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close() })
	return x
}

// A stream gives the bits of Extract, every item in order, whatever is known of its length.
func TestStreamAgreesWithExtract(t *testing.T) {
	items := demoItems(t)
	x := tinyExtractor(t, Images{})
	want := map[string][]float32{}
	if _, err := x.Extract(t.Context(), items, func(int) int { return 1 }, func(b Block) error {
		for i, item := range b.Read {
			want[items[item].File] = slices.Clone(b.RowsOf(i))
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for _, total := range []int{-1, 0, len(items) + 1, 3} {
		next := 0
		bad := []string{}
		err := x.Stream(t.Context(), sourceOf(t, items, "gone.jpg").All(t.Context()), total, 1, func(b Block) error {
			if b.First != next {
				t.Errorf("total %d: block at %d, expected %d", total, b.First, next)
			}
			next += len(b.Items)
			for i := range b.Unreadable() {
				bad = append(bad, b.Items[i-b.First].Path)
			}
			for i, item := range b.Read {
				if path := b.Items[item-b.First].File; !slices.Equal(b.RowsOf(i), want[path]) {
					t.Errorf("total %d: other features of %s", total, path)
				}
			}
			return nil
		})
		if err != nil || next != len(items)+1 || !slices.Equal(bad, []string{"gone.jpg"}) {
			t.Errorf("total %d: %v, %d items, without features %q", total, err, next, bad)
		}
	}
}

// An item is answered before the next one comes.
func TestStreamDoesNotWait(t *testing.T) {
	items := demoItems(t)[:3]
	x := tinyExtractor(t, Images{})
	answered := make(chan string)
	slow := func(yield func(source.Item, error) bool) {
		for it, err := range sourceOf(t, items).All(t.Context()) {
			if !yield(it, err) {
				return
			}
			select {
			case <-answered:
			case <-time.After(20 * time.Second):
				t.Error("no answer")
				return
			}
		}
	}
	if err := x.Stream(t.Context(), slow, 0, 1, func(b Block) error {
		answered <- b.Items[0].Path
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestStreamStops(t *testing.T) {
	items := demoItems(t)
	cause := errors.New("broken")
	x := tinyExtractor(t, Images{Strict: true})
	first := sourceOf(t, items[:2]).All(t.Context())
	if err := x.Stream(t.Context(), first, 0, 1, func(Block) error { return nil }); err != nil {
		t.Fatal(err) // the network is started now
	}
	failing := func(yield func(source.Item, error) bool) {
		for it, err := range sourceOf(t, items).All(t.Context()) {
			if !yield(it, err) {
				return
			}
		}
		yield(source.Item{}, cause)
	}
	all := func(lines ...string) iter.Seq2[source.Item, error] {
		return sourceOf(t, items, lines...).All(t.Context())
	}
	is := func(want error) func(error) bool { return func(err error) bool { return errors.Is(err, want) } }
	none := func(func()) error { return nil }
	for name, c := range map[string]struct {
		items iter.Seq2[source.Item, error]
		emit  func(cancel func()) error
		want  func(error) bool
	}{
		"source":  {failing, none, is(cause)},
		"emit":    {all(), func(func()) error { return cause }, is(cause)},
		"strict":  {all("gone.jpg"), none, invalid.Is},
		"context": {all(), func(cancel func()) error { cancel(); return nil }, is(context.Canceled)},
	} {
		before := runtime.NumGoroutine()
		ctx, cancel := context.WithCancel(t.Context())
		err := x.Stream(ctx, c.items, 0, 1, func(Block) error { return c.emit(cancel) })
		cancel()
		if !c.want(err) {
			t.Errorf("%s: got %v", name, err)
		}
		noGoroutineLeft(t, before)
	}
}

// A block doesn't hold more images in memory than it must.
func TestGatherBoundsBytes(t *testing.T) {
	dir := t.TempDir()
	const size = blockBytes / 3 * 2
	line := fmt.Sprintf(`{"bytes":"%s"}`, strings.Repeat("AAAA", size/3))
	name := filepath.Join(dir, "a.jsonl")
	if err := os.WriteFile(name, []byte(strings.Repeat(line+"\n", 5)), 0o666); err != nil {
		t.Fatal(err)
	}
	s, err := source.Open(t.Context(), source.Options{Path: name})
	if err != nil {
		t.Fatal(err)
	}
	next, wait := stream(t.Context(), s.All(t.Context()))
	var blocks []int
	total := 0
	for {
		items, err := next(t.Context(), 8)
		if err != nil {
			t.Fatal(err)
		}
		if len(items) == 0 {
			break
		}
		blocks, total = append(blocks, len(items)), total+len(items)
	}
	wait()
	if slices.Max(blocks) > 2 || total != 5 {
		t.Errorf("blocks of %v items", blocks)
	}
}
