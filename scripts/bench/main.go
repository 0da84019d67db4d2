// Bench measures finetune and its peers side by side, in turns, on one machine with the same number of threads, and prints the
// ratios as a table.
//
//	make bench                        sets up the peers (PyTorch, Pillow, Python's ONNX Runtime) and writes docs/benchmarks.md
//	go run ./scripts/bench -peer python3 -only head
//
// It needs bin/finetune, the native library (make setup) and a Python with scripts/bench/requirements.txt. Pictures and networks
// are generated; nothing is downloaded. What can be measured without a peer stands in Go's own benchmarks: go test -bench . ./...
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"

	"finetune/internal/store/atomicfile"
)

func main() {
	var b bench
	flag.StringVar(&b.python, "peer", "python3", "Python interpreter that has scripts/bench/requirements.txt")
	flag.StringVar(&b.finetune, "finetune", "bin/finetune", "the command to measure")
	flag.IntVar(&b.threads, "threads", runtime.NumCPU(), "threads of both sides")
	flag.IntVar(&b.rounds, "rounds", 3, "turns of each side; the fastest counts")
	out := flag.String("out", "", "Markdown file for the table; by default it is only printed")
	only := flag.String("only", "", "regular expression of the rows to measure")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measure(ctx, &b, *only, *out); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// bench is what the rows share.
type bench struct {
	python, finetune string
	threads, rounds  int
	work             string // scratch folder
	peer             *peer
	memory           float64 // peak of the command that ran last, in bytes
}

func measure(ctx context.Context, b *bench, only, out string) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if b.work, err = os.MkdirTemp("", "finetune-bench"); err != nil {
		return err
	}
	defer os.RemoveAll(b.work)
	if b.peer, err = startPeer(ctx, b.python, "scripts/bench/peers.py"); err != nil {
		return err
	}
	defer b.peer.close()
	var rows []*row
	for _, r := range b.rows() {
		if !wanted.MatchString(r.group + " " + r.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "%s: %s\n", r.group, r.name)
		if err := r.measure(ctx, b.rounds); err != nil {
			return fmt.Errorf("%s: %s: %w", r.group, r.name, err)
		}
		fmt.Fprint(os.Stderr, "  ", r.line())
		rows = append(rows, r)
	}
	about, err := b.about(ctx)
	if err != nil {
		return err
	}
	write := func(w io.Writer) error { return writeTable(w, about, rows) }
	if err := write(os.Stdout); err != nil || out == "" {
		return err
	}
	return atomicfile.Write(out, write)
}

func (b *bench) rows() []*row {
	return append(append(b.headRows(), b.imageRows()...), b.jobRows()...)
}
