package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"finetune/invalid"
)

func manyRows(n int) (Schema, []Row) {
	s := Schema{Classes: []string{"a", "b"}, Features: 3, Columns: []string{"path", "predicted", "expected", "p_*",
		"confidence", "features", "error"}}
	rows := make([]Row, n)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range rows {
		rows[i] = Row{Path: fmt.Sprintf("%d.jpg", i)}
		if i%5 == 3 {
			rows[i].Error = "broken"
			continue
		}
		p := r.Float32()
		rows[i].Predicted, rows[i].Expected, rows[i].Confidence = "b", ptr(r.Float64()), &p
		rows[i].Probabilities, rows[i].Features = []float32{1 - p, p}, []float32{p, -p, 1 / p}
	}
	return s, rows
}

// job writes the rows as a job does, and is killed before row stop, unless stop is negative.
func job(t *testing.T, o Options, rows []Row, stop int, commit bool) error {
	t.Helper()
	w, err := Create(t.Context(), o)
	if err != nil {
		return err
	}
	if w.Complete() {
		return w.Close()
	}
	for i := range rows {
		if i == stop {
			w.enc.Flush()
			w.part.WriteString("half a ro") // a torn write after the checkpoint
			return w.part.Close()           // which only frees the lock, as the end of the process would
		}
		if int64(i) < w.Done() {
			err = w.Skip(rows[i].Path)
		} else {
			err = w.Write(&rows[i])
		}
		if err == nil && i%7 == 0 && int64(i) >= w.Done()-1 {
			err = w.Checkpoint()
		}
		if err != nil {
			w.Close()
			return err
		}
	}
	if commit {
		err = w.Commit(t.Context())
	}
	return errors.Join(err, w.Close())
}

func TestInterruptedJobsEndWithTheSameBytes(t *testing.T) {
	schema, rows := manyRows(40)
	for _, name := range []string{"out.csv", "out.jsonl", "out.parquet"} {
		format, err := FormatOf(name)
		if err != nil {
			t.Fatal(err)
		}
		want := encode(t, EncodeOptions{Schema: schema, Format: format}, rows)
		for seed := range uint64(10) {
			r := rand.New(rand.NewPCG(seed, 0))
			o := Options{Path: filepath.Join(t.TempDir(), "new", name), Encode: EncodeOptions{Schema: schema},
				Settings: "s"}
			for range r.IntN(5) {
				if err := job(t, o, rows, r.IntN(len(rows)+1), false); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := os.Stat(o.Path); err == nil {
				t.Fatal("a file before the end")
			}
			if err := job(t, o, rows, -1, true); err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(o.Path)
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s seed %d: %v, %d bytes that aren't the %d of a job in one go", name, seed, err, len(got),
					len(want))
			}
			files, _ := os.ReadDir(filepath.Dir(o.Path))
			if len(files) != 2 || files[0].Name() != "."+name+".state" {
				t.Errorf("left %v", files)
			}
		}
	}
}

// A process that dies between the steps of Commit must not lose the file or take another for it.
func TestInterruptedCommit(t *testing.T) {
	schema, rows := manyRows(20)
	for _, name := range []string{"out.csv", "out.parquet"} {
		o := Options{Path: filepath.Join(t.TempDir(), name), Encode: EncodeOptions{Schema: schema}}
		if err := job(t, o, rows, -1, true); err != nil {
			t.Fatal(err)
		}
		want, _ := os.ReadFile(o.Path)
		p := pathsOf(o.Path)
		staged := p.part
		if name == "out.parquet" {
			staged = p.whole
			if err := os.WriteFile(p.part, want, 0o666); err != nil { // a journal that happens to have the same size
				t.Fatal(err)
			}
		}
		if err := os.Rename(o.Path, staged); err != nil {
			t.Fatal(err)
		}
		w, err := Create(t.Context(), o)
		if err != nil || !w.Complete() || w.Done() != 20 {
			t.Fatalf("%s: %v", name, err)
		}
		w.Close()
		if got, _ := os.ReadFile(o.Path); !bytes.Equal(got, want) {
			t.Errorf("%s: %d bytes", name, len(got))
		}
		if files, _ := os.ReadDir(filepath.Dir(o.Path)); len(files) != 2 {
			t.Errorf("left %v", files)
		}
	}
}

func TestCancelledCommitGoesOn(t *testing.T) {
	schema, rows := manyRows(20)
	o := Options{Path: filepath.Join(t.TempDir(), "out.parquet"), Encode: EncodeOptions{Schema: schema}}
	w, err := Create(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if err := w.Write(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := w.Commit(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := job(t, o, rows, -1, true); err != nil {
		t.Fatal(err)
	}
	want := encode(t, EncodeOptions{Schema: schema, Format: Parquet}, rows)
	if got, _ := os.ReadFile(o.Path); !bytes.Equal(got, want) {
		t.Error("other bytes")
	}
}

func TestOtherFilesAreKept(t *testing.T) {
	schema, rows := manyRows(20)
	dir := t.TempDir()
	o := Options{Path: filepath.Join(dir, "out.csv"), Encode: EncodeOptions{Schema: schema}, Settings: "one"}
	refused := func(o Options, want string) {
		t.Helper()
		before := listing(t, dir)
		if err := job(t, o, rows, -1, true); !invalid.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
		if after := listing(t, dir); after != before {
			t.Errorf("files changed from\n%s to\n%s", before, after)
		}
	}
	other := o
	other.Settings = "two"
	safe := o
	safe.Encode.SpreadsheetSafe = true

	os.WriteFile(o.Path, []byte("mine"), 0o666)
	refused(o, "isn't the result")
	over := o
	over.Overwrite = true
	if err := job(t, over, rows, 10, false); err != nil {
		t.Fatal(err)
	}
	if text, _ := os.ReadFile(o.Path); string(text) != "mine" {
		t.Error("replaced before the end")
	}
	if err := job(t, over, rows, -1, true); err != nil {
		t.Fatal(err)
	}
	complete := listing(t, dir)
	if err := job(t, o, rows, -1, true); err != nil || listing(t, dir) != complete {
		t.Errorf("a complete file was written again: %v", err)
	}
	refused(other, "isn't the result")
	refused(safe, "isn't the result")
	os.WriteFile(o.Path, []byte("edited"), 0o666)
	refused(o, "isn't the result")

	os.Remove(o.Path)
	if err := job(t, o, rows, 10, false); err != nil {
		t.Fatal(err)
	}
	refused(other, "interrupted job")
	os.WriteFile(pathsOf(o.Path).state, []byte("no JSON"), 0o666)
	refused(o, "not the state")
	os.Remove(pathsOf(o.Path).state)
	refused(o, "isn't known")
	os.Remove(pathsOf(o.Path).part)

	os.Mkdir(o.Path, 0o777)
	refused(o, "other than a file")
	file := filepath.Join(dir, "file")
	os.WriteFile(file, nil, 0o666)
	o.Path = filepath.Join(file, "out.csv")
	refused(o, "can't be written")
}

// listing describes a folder by names and contents.
func listing(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, e := range entries {
		text, _ := os.ReadFile(filepath.Join(dir, e.Name()))
		fmt.Fprintf(&b, "%s %q\n", e.Name(), text)
	}
	return b.String()
}

func TestChangedInput(t *testing.T) {
	schema, rows := manyRows(20)
	o := Options{Path: filepath.Join(t.TempDir(), "out.csv"), Encode: EncodeOptions{Schema: schema}}
	if err := job(t, o, rows, 15, false); err != nil {
		t.Fatal(err)
	}
	swapped := slices.Clone(rows)
	swapped[2], swapped[3] = rows[3], rows[2]
	for _, changed := range [][]Row{swapped, rows[1:], rows[:5]} {
		if err := job(t, o, changed, -1, true); !invalid.Is(err) || !strings.Contains(err.Error(), "other images") {
			t.Errorf("got %v", err)
		}
	}
	if err := job(t, o, rows, -1, true); err != nil {
		t.Error(err)
	}
}

func TestTwoWriters(t *testing.T) {
	schema, rows := manyRows(1)
	o := Options{Path: filepath.Join(t.TempDir(), "out.csv"), Encode: EncodeOptions{Schema: schema}}
	w, err := Create(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Create(t.Context(), o); !invalid.Is(err) || !strings.Contains(err.Error(), "another process") {
		t.Errorf("got %v", err)
	}
	w.Write(&rows[0])
	if err := errors.Join(w.Commit(t.Context()), w.Close()); err != nil {
		t.Error(err)
	}
}

// What is older than a second before the last Write must be safe without a call of Checkpoint or Close.
func TestWriteMakesRowsSafe(t *testing.T) {
	schema, rows := manyRows(3)
	o := Options{Path: filepath.Join(t.TempDir(), "out.csv"), Encode: EncodeOptions{Schema: schema}}
	w, err := Create(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(&rows[0])
	w.saved = w.saved.Add(-2 * time.Second)
	w.Write(&rows[1])
	w.Write(&rows[2])
	w.part.Close()
	again, err := Create(t.Context(), o)
	if err != nil || again.Done() != 2 {
		t.Fatalf("%v, %d rows", err, again.Done())
	}
	for _, r := range rows[:2] {
		if err := again.Skip(r.Path); err != nil {
			t.Fatal(err)
		}
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestNoRows(t *testing.T) {
	schema, _ := manyRows(0)
	for _, name := range []string{"out.csv", "out.jsonl", "out.parquet"} {
		o := Options{Path: filepath.Join(t.TempDir(), name), Encode: EncodeOptions{Schema: schema}}
		if err := job(t, o, nil, -1, false); err != nil {
			t.Fatal(err)
		}
		if left := listing(t, filepath.Dir(o.Path)); left != "" {
			t.Errorf("left %s", left)
		}
		for range 2 {
			if err := job(t, o, nil, -1, true); err != nil {
				t.Fatal(err)
			}
			format, _ := FormatOf(name)
			if got, err := os.ReadFile(o.Path); err != nil ||
				!bytes.Equal(got, encode(t, EncodeOptions{Schema: schema, Format: format}, nil)) {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	}
}
