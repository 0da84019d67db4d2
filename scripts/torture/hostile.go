package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// A place is where a job reads a file that somebody else may have made: FILE in the command stands for it.
type place struct {
	name, args string
	// good is a file of the right kind, below the template, that bytes are changed of; "" where there is none.
	good string
	// copies are results to copy first; file is what is then replaced, where it isn't FILE.
	copies [][2]string
	file   string
}

func places() []place {
	const images = " --backbone net.onnx --epochs 2 --out out"
	copied := [][2]string{{"trained", "model"}}
	features := [][2]string{{"features", "given"}}
	return []place{
		{name: "manifest", args: "train --data FILE" + images},
		{name: "table", args: "train --data given.csv" + images, file: "given.csv"},
		{name: "lines", args: "train --data given.jsonl" + images, file: "given.jsonl"},
		{name: "list", args: "predict --model trained --data given.txt --out out.csv", file: "given.txt"},
		{name: "image", args: "predict --model trained --data FILE --out out.csv", good: "data/1/00.png"},
		{name: "image of the data", args: "train --data data --max-unreadable 1 " + images, file: "data/1/00.png", good: "data/1/00.png"},
		{name: "backbone", args: "train --data data --backbone FILE --epochs 2 --out out", good: netName},
		{name: "config", args: "predict --model model --data data --out out.csv", copies: copied, file: "model/config.json", good: "trained/config.json"},
		{name: "head", args: "predict --model model --data data --out out.csv", copies: copied, file: "model/head.safetensors", good: "trained/head.safetensors"},
		{name: "list of files", args: "eval --model model --data data", copies: copied, file: "model/files.json", good: "trained/files.json"},
		{name: "predictions", args: "explain --model model --out out", copies: copied, file: "model/predictions.csv", good: "trained/predictions.csv"},
		{name: "features", args: "train --features given --epochs 2 --out out", copies: features, file: "given/features.npy", good: "features/features.npy"},
		{name: "index", args: "train --features given --epochs 2 --out out", copies: features, file: "given/index.csv", good: "features/index.csv"},
		{name: "description of features", args: "train --features given --epochs 2 --out out", copies: features, file: "given/meta.json", good: "features/meta.json"},
		{name: "ground distance", args: "train --features features --ground-distance FILE --epochs 2 --out out"},
		{name: "archive for setup", args: "setup --from FILE"},
		{name: "library", args: "predict --model trained --data data --library FILE"},
		{name: "inspected", args: "inspect FILE", good: netName},
		{name: "lock file", args: "train --features features --epochs 2 --out model --overwrite", copies: copied, file: "model/.finetune.lock"},
	}
}

// greedy are jobs with the largest numbers that flags take where numbers multiply.
var greedy = []string{
	"extract --data data --backbone net.onnx --views 64 --image-batch 4096 --threads 1024 --no-cache --out out",
	"predict --model trained --data data --image-batch 4096 --threads 1024 --no-cache --out out.csv",
	"extract --data data --backbone net.onnx --pool 1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16 --pool-stat mean,std --views 64 --out out",
	"explain --model trained --image data --method occlusion --stride 16 --patch 16 --threads 1024 --out out",
}

// A content is what stands in a place.
type content struct {
	name string
	make func(path string, rng *rand.Rand, good []byte) error
}

func hostileContents() []content {
	repeated := func(first, more string, times int) func(string, *rand.Rand, []byte) error {
		return func(path string, _ *rand.Rand, _ []byte) error {
			return os.WriteFile(path, []byte(first+strings.Repeat(more, times)), 0o666)
		}
	}
	text := func(s string) func(string, *rand.Rand, []byte) error { return repeated(s, "", 0) }
	return []content{
		{"FIFO", func(path string, _ *rand.Rand, _ []byte) error { return syscall.Mkfifo(path, 0o666) }},
		{"endless device", func(path string, _ *rand.Rand, _ []byte) error { return os.Symlink("/dev/zero", path) }},
		{"random device", func(path string, _ *rand.Rand, _ []byte) error { return os.Symlink("/dev/urandom", path) }},
		{"terminal", func(path string, _ *rand.Rand, _ []byte) error { return os.Symlink("/dev/tty", path) }},
		{"link to itself", func(path string, _ *rand.Rand, _ []byte) error { return os.Symlink(path, path) }},
		{"folder", func(path string, _ *rand.Rand, _ []byte) error { return os.Mkdir(path, 0o777) }},
		{"empty file", text("")},
		{"file with a hole of 1 TB", func(path string, _ *rand.Rand, _ []byte) error {
			if err := os.WriteFile(path, nil, 0o666); err != nil {
				return err
			}
			return os.Truncate(path, 1<<40)
		}},
		{"one line of 64 MB", repeated("path,label\n", "x", 64<<20)},
		{"deep JSON", repeated("", "[", 1<<20)},
		{"deep objects", repeated("", `{"a":`, 1<<20)},
		{"escape sequences", text("path,label\n\x1b]0;title\x07\x1b[2J.png,1\n\x1b[31mb.png,2\n")},
		{"bytes that aren't UTF-8", text("path,label\n\xff\xfe.png,1\n\xc0\xaf.png,2\n")},
		{"devices as images", text("path,label\n/dev/zero,1\n/dev/urandom,2\n/dev/stdin,1\n")},
		{"random bytes", func(path string, rng *rand.Rand, _ []byte) error {
			return os.WriteFile(path, noise(rng, 1<<rng.IntN(16)), 0o666)
		}},
		{"changed bytes", changed},
		{"cut bytes", func(path string, rng *rand.Rand, good []byte) error {
			return os.WriteFile(path, good[:rng.IntN(len(good)+1)], 0o666)
		}},
	}
}

func noise(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// changed writes a good file with some of its bytes changed, or a number in its text.
func changed(path string, rng *rand.Rand, good []byte) error {
	b := append([]byte(nil), good...)
	if len(b) > 0 && rng.IntN(2) == 0 {
		if i := strings.IndexAny(string(b[rng.IntN(len(b)):]), "0123456789"); i >= 0 {
			number := []string{"-1", "9223372036854775807", "1e999", "0", "4294967296", "NaN"}[rng.IntN(6)]
			b = append(append(append([]byte(nil), b[:i]...), number...), b[i+1:]...)
		}
	}
	for range rng.IntN(8) {
		if len(b) > 0 {
			b[rng.IntN(len(b))] = byte(rng.Uint32())
		}
	}
	return os.WriteFile(path, b, 0o666)
}

// A hostile file may make a job take twice the memory of an honest one, and what an honest file of its kind may have.
const (
	factor = 2
	slack  = 256 << 20 // bytes
)

// greedyMemory is what the largest numbers may take, in bytes: 32 MiB of pictures for each worker and what the network and its
// features make of them. Without a bound the first of the greedy jobs took 8.3 GB.
const greedyMemory = 3 << 29

// hostile puts every content into every place. A job must end with an exit status of its own, one line and no stack trace, in
// bounded time and memory, without escape sequences from the file.
func (t *torture) hostile(until time.Time) {
	honest := t.honest()
	type trial struct {
		place   place
		content content
	}
	var all []trial
	for _, args := range greedy {
		all = append(all, trial{place{name: "numbers", args: args}, content{args, func(string, *rand.Rand, []byte) error { return nil }}})
	}
	for _, p := range places() {
		for _, c := range hostileContents() {
			if p.good == "" && (c.name == "changed bytes" || c.name == "cut bytes") {
				continue
			}
			all = append(all, trial{p, c})
		}
	}
	rng := t.random("hostile")
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	done := 0
	for _, x := range all {
		if !time.Now().Before(until) {
			break
		}
		done++
		memory := factor*honest + slack
		if x.place.name == "numbers" {
			memory = greedyMemory
		}
		t.count("hostile "+x.place.name+": "+x.content.name, t.feed(x.place, x.content, rng, memory))
	}
	fmt.Printf("%d of %d hostile files\n", done, len(all))
	for n := 0; done == len(all) && time.Now().Before(until); n++ { // more of what a generator decides
		p := places()[rng.IntN(len(places()))]
		if p.good != "" {
			t.count(fmt.Sprint("hostile ", p.name, ": changed bytes, number ", n), t.feed(p, content{"changed bytes", changed}, rng, factor*honest+slack))
		}
	}
}

// honest returns the most memory that undisturbed jobs take.
func (t *torture) honest() (peak int64) {
	for i := range t.jobs {
		box, err := t.box("honest", t.jobs[i].before)
		if err != nil {
			continue
		}
		peak = max(peak, t.run(box, t.jobs[i].command()).peak)
	}
	return peak
}

func (t *torture) feed(p place, c content, rng *rand.Rand, memory int64) error {
	box, err := t.box("hostile", p.copies)
	if err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	file := filepath.Join(box, "hostile-file")
	if p.file != "" {
		file = filepath.Join(box, filepath.FromSlash(p.file))
	}
	var good []byte
	if p.good != "" {
		if good, err = os.ReadFile(filepath.Join(t.template(), filepath.FromSlash(p.good))); err != nil {
			return fmt.Errorf("harness: %w", err)
		}
	}
	os.RemoveAll(file)
	if err := c.make(file, rng, good); err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	began := time.Now()
	cmd, out, errs := t.start(ctx, box, strings.Fields(strings.ReplaceAll(p.args, "FILE", file)))
	peak, err := runMeasured(cmd)
	e := endOf(cmd, err, out, errs, ctx.Err() != nil, time.Since(began))
	j := job{name: p.name}
	if err := j.wellEnded(e, false); err != nil {
		return err
	}
	// Nobody can tell a network's fault from the runtime's once it runs.
	if e.status == 1 && !strings.Contains(e.errors, "Error running network") {
		return fmt.Errorf("taken for a failure of the machine: %s", lastOf(e.errors, "finetune: "))
	}
	if peak > memory {
		return fmt.Errorf("memory: %d MB, want at most %d", peak>>20, memory>>20)
	}
	if strings.ContainsAny(e.output+e.errors, "\x1b\x07\x00") {
		return fmt.Errorf("control characters on the terminal: %q", e.output+e.errors)
	}
	return nil
}
