//go:build unix

// Scale measures how the cost of each stage of the work grows with the number of images, from a thousand to a million, and
// prints the curve as a table: microseconds of processor time an image, how that grows, and the peaks of memory.
//
//	go run ./scripts/scale                                up to 100,000 images, in a few minutes
//	go run ./scripts/scale -max 1000000 -work FOLDER      up to a million: an hour and 8 GB, which FOLDER keeps for another time
//
// The images are small JPEG files of different bytes, the network is a tiny one of the tests and the features to train on are
// random: what is measured is what finetune adds to them. Each stage runs in a process of its own. It needs the native library
// (make setup) and runs at the root of the repository. Memory is measured on Linux alone.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"runtime"
	"strconv"

	"finetune/scripts/internal/used"
)

func main() {
	var s scale
	flag.IntVar(&s.most, "max", 100_000, "largest number of images")
	flag.IntVar(&s.cols, "width", 256, "numbers in a row of the features to train on")
	flag.StringVar(&s.work, "work", "", "folder for what is generated; without one it is removed in the end")
	only := flag.String("only", "", "regular expression of the stages to measure")
	stage := flag.String("stage", "", "run this stage alone and print what it cost (used by the program itself)")
	n := flag.Int("n", 0, "images of -stage")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var err error
	if *stage != "" {
		err = s.runStage(ctx, *stage, *n)
	} else {
		err = s.run(ctx, *only)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "scale:", err)
		os.Exit(1)
	}
}

// scale is what the stages share.
type scale struct {
	most, cols int
	work       string
}

// A point is what a stage cost on n images.
type point struct {
	n      int
	Took   spent
	Memory float64 // peak of its process, in bytes; 0 where it can't be measured
}

func (s *scale) run(ctx context.Context, only string) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if s.work == "" {
		if s.work, err = os.MkdirTemp("", "finetune-scale"); err != nil {
			return err
		}
		defer os.RemoveAll(s.work)
	}
	var rows []row
	for _, st := range stages {
		if !wanted.MatchString(st.name) {
			continue
		}
		r := row{stage: st}
		for n := 1000; n <= s.most; n *= 10 {
			fmt.Fprintf(os.Stderr, "%s, %d images\n", st.name, n)
			if err := s.prepare(ctx, st, n); err != nil {
				return fmt.Errorf("prepare %s: %w", st.name, err)
			}
			p, err := s.measure(ctx, st.name, n)
			if err != nil {
				return fmt.Errorf("%s, %d images: %w", st.name, n, err)
			}
			fmt.Fprintf(os.Stderr, "  %.3g µs of a processor an image, %.3g s elapsed, at most %.0f MB\n", 1e6*p.Took.Processor/float64(n), p.Took.Elapsed, p.Memory/1e6)
			r.points = append(r.points, p)
		}
		rows = append(rows, r)
	}
	fmt.Printf("%s/%s, %d threads, %s.\n\n", runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), runtime.Version())
	return writeTable(os.Stdout, rows)
}

// measure runs a stage in a process of its own, so that its memory is nobody else's.
func (s *scale) measure(ctx context.Context, stage string, n int) (point, error) {
	self, err := os.Executable()
	if err != nil {
		return point{}, err
	}
	c := exec.CommandContext(ctx, self, "-stage", stage, "-n", strconv.Itoa(n), "-work", s.work, "-width", strconv.Itoa(s.cols))
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return point{}, err
	}
	p := point{n: n}
	err = json.Unmarshal(out, &p)
	return p, err
}

// runStage is the other side of measure.
func (s *scale) runStage(ctx context.Context, name string, n int) error {
	for _, st := range stages {
		if st.name == name {
			took, err := st.run(ctx, s, n)
			if err != nil {
				return err
			}
			return json.NewEncoder(os.Stdout).Encode(point{Took: took, Memory: used.PeakMemory(os.Getpid())})
		}
	}
	return fmt.Errorf("no stage %q", name)
}
