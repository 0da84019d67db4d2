//go:build unix

// Profile runs each stage of the work under Go's profiler, in a process of its own, and writes where its processor time goes to a
// table a stage: the packages that spend it, and what bounds the largest of them.
//
//	go run ./scripts/profile                                                        on the images of the demo
//	go run ./scripts/profile -data FACES -label-regex '^(\d+)_' -bins 0,3,7,13,20,33,44,60 -out docs/profiles
//	go run ./scripts/profile -only warm
//
// It needs the native library (make setup) and runs at the root of the repository.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"finetune/internal/store/atomicfile"
	"finetune/pipeline/dataset"
)

func main() {
	var p profiler
	bins := flag.String("bins", "", "lower edges of the classes of -data, with commas between")
	flag.StringVar(&p.data.Path, "data", "testdata/demo/demo.csv", "labelled images")
	flag.StringVar(&p.data.LabelRegex, "label-regex", "", "where the label is in the file names of -data")
	flag.DurationVar(&p.least, "time", 5*time.Second, "processor time that a stage is repeated for")
	flag.StringVar(&p.out, "out", "", "folder for the tables; without one they are printed")
	only := flag.String("only", "", "regular expression of the stages to profile")
	stage := flag.String("stage", "", "profile this stage in this process (used by the program itself)")
	flag.StringVar(&p.work, "work", "", "folder for what the stages need; without one it is removed in the end")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := p.readBins(*bins)
	switch {
	case err != nil:
	case *stage != "":
		err = p.runStage(ctx, *stage)
	default:
		err = p.run(ctx, *only)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "profile:", err)
		os.Exit(1)
	}
}

// profiler is what the stages share.
type profiler struct {
	data      dataset.Options
	out, work string
	least     time.Duration
}

func (p *profiler) readBins(text string) error {
	if text == "" {
		return nil
	}
	for edge := range strings.SplitSeq(text, ",") {
		v, err := strconv.ParseFloat(edge, 64)
		if err != nil {
			return fmt.Errorf("-bins: %w", err)
		}
		p.data.Bins = append(p.data.Bins, v)
	}
	return nil
}

func (p *profiler) run(ctx context.Context, only string) error {
	wanted, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-only: %w", err)
	}
	if p.work == "" {
		if p.work, err = os.MkdirTemp("", "finetune-profile"); err != nil {
			return err
		}
		defer os.RemoveAll(p.work)
	}
	if err := p.prepare(ctx); err != nil {
		return fmt.Errorf("prepare: %w", err)
	}
	for _, s := range stages {
		if !wanted.MatchString(s.name) {
			continue
		}
		fmt.Fprintln(os.Stderr, s.name)
		images, err := p.measure(ctx, s)
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		traces, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-traces", "-unit=ms", p.profile(s.name)).Output()
		if err != nil {
			return fmt.Errorf("%s: go tool pprof: %w", s.name, err)
		}
		costs, err := readTraces(bytes.NewReader(traces))
		if err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if err := p.write(s, costs, images); err != nil {
			return err
		}
	}
	return nil
}

func (p *profiler) profile(stage string) string { return filepath.Join(p.work, stage+".pprof") }

// measure profiles a stage in a process of its own and returns how many images it did.
func (p *profiler) measure(ctx context.Context, s stage) (int, error) {
	self, err := os.Executable()
	if err != nil {
		return 0, err
	}
	var edges []string
	for _, b := range p.data.Bins {
		edges = append(edges, strconv.FormatFloat(b, 'g', -1, 64))
	}
	c := exec.CommandContext(ctx, self, "-stage", s.name, "-work", p.work, "-data", p.data.Path, "-label-regex", p.data.LabelRegex,
		"-bins", strings.Join(edges, ","), "-time", p.least.String())
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		return 0, err
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := c.Start(); err != nil {
		return 0, err
	}
	images := 0
	if s.drive != nil {
		images, err = s.drive(ctx, p, out)
	}
	in.Close() // tells a stage that is driven that this was all
	text, readErr := io.ReadAll(out)
	err = errors.Join(err, readErr, c.Wait())
	if err == nil && s.drive == nil {
		images, err = strconv.Atoi(strings.TrimSpace(string(text)))
	}
	return images, err
}

// write writes the table of a stage.
func (p *profiler) write(s stage, costs *costs, images int) error {
	head := fmt.Sprintf("%s\n\n%s, %d threads, %s, %s/%s, %s.\n", s.about, processor(), runtime.GOMAXPROCS(0), runtime.Version(), runtime.GOOS,
		runtime.GOARCH, time.Now().Format(time.DateOnly))
	write := func(w io.Writer) error {
		_, err := io.WriteString(w, head+costs.table(images))
		return err
	}
	if p.out == "" {
		return write(os.Stdout)
	}
	return atomicfile.Write(filepath.Join(p.out, s.name+".txt"), write)
}

var modelName = regexp.MustCompile(`model name\s*: (.*)`)

// processor is the name of the processor, where Linux tells it.
func processor() string {
	text, _ := os.ReadFile("/proc/cpuinfo") // other systems haven't it
	if m := modelName.FindSubmatch(text); m != nil {
		return string(m[1])
	}
	return runtime.GOARCH
}
