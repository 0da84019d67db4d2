//go:build unix

// Instructions counts what the loops of arm64 take in NEON and in plain Go: instructions for a product, an element or a sample,
// as a table. They aren't times, but the same on every machine.
//
//	go run ./scripts/instructions
//
// It runs the benchmarks of the kernels under QEMU (Debian's qemu-user; plugins of version 1, as in QEMU 7.2) and needs a C
// compiler. It runs at the root of the repository.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

func main() {
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "instructions:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) (err error) {
	folder, err := os.MkdirTemp("", "instructions")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	c := counter{plugin: filepath.Join(folder, "count.so")}
	if c.qemu, err = exec.LookPath("qemu-aarch64"); err != nil {
		return err
	}
	if _, err := output(exec.CommandContext(ctx, "cc", "-O2", "-shared", "-fPIC", "-o", c.plugin, "scripts/instructions/plugin/count.c")); err != nil {
		return err
	}
	fmt.Print("| loop | for each | plain Go | NEON | ratio |\n|---|---|---|---|---|\n")
	for _, name := range []string{"linalg/kernel", "image/pixel"} {
		c.program = filepath.Join(folder, filepath.Base(name))
		build := exec.CommandContext(ctx, "go", "test", "-c", "-o", c.program, "./internal/"+name)
		build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=arm64")
		if _, err := output(build); err != nil {
			return err
		}
		if err := c.table(ctx); err != nil {
			return err
		}
	}
	return nil
}

// output runs a command and returns what it wrote to both streams.
func output(command *exec.Cmd) (string, error) {
	text, err := command.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%s: %w\n%s", strings.Join(command.Args, " "), err, text)
	}
	return string(text), nil
}

// A counter counts instructions of one test program.
type counter struct {
	qemu, plugin, program string
}

// A loop is one benchmark in its two implementations.
type loop struct {
	name, unit string
	counted    map[bool]float64 // instructions an item; true: in plain Go
}

var (
	benchmark = regexp.MustCompile(`(?m)^(Benchmark\w+)/(\w+)/(\w+)\s.*\s([\d.e+]+) (\w+)s/op`)
	count     = regexp.MustCompile(`(?m)^instructions: (\d+)$`)
)

// table prints a row for each loop of the program.
func (c counter) table(ctx context.Context) error {
	text, err := output(exec.CommandContext(ctx, c.qemu, c.program, "-test.run=^$", "-test.bench=.", "-test.cpu=1", "-test.benchtime=1x"))
	if err != nil {
		return err
	}
	var loops []*loop
	named := map[string]*loop{}
	for _, m := range benchmark.FindAllStringSubmatch(text, -1) {
		items, err := strconv.ParseFloat(m[4], 64)
		if err != nil {
			return err
		}
		const few, many = 500, 20500 // the difference leaves out what else the program does
		first, err := c.instructions(ctx, m[1:4], few)
		if err != nil {
			return err
		}
		second, err := c.instructions(ctx, m[1:4], many)
		if err != nil {
			return err
		}
		if named[m[2]] == nil {
			named[m[2]] = &loop{m[2], m[5], map[bool]float64{}}
			loops = append(loops, named[m[2]])
		}
		named[m[2]].counted[m[3] == "plain"] = (second - first) / (many - few) / items
	}
	if len(loops) == 0 {
		return fmt.Errorf("%s has no benchmarks", c.program)
	}
	for _, l := range loops {
		plain, neon := l.counted[true], l.counted[false]
		fmt.Printf("| %s | %s | %.2f | %.2f | %.1f |\n", l.name, l.unit, plain, neon, plain/neon)
	}
	return nil
}

// instructions counts those of a program that calls a loop so many times.
func (c counter) instructions(ctx context.Context, name []string, times int) (float64, error) {
	command := exec.CommandContext(ctx, c.qemu, "-plugin", c.plugin, c.program, "-test.run=^$", "-test.cpu=1",
		"-test.bench=^"+strings.Join(name, "$/^")+"$", fmt.Sprintf("-test.benchtime=%dx", times))
	command.Env = append(os.Environ(), "GOGC=off")
	text, err := output(command)
	if err != nil {
		return 0, err
	}
	m := count.FindStringSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("QEMU's plugin printed no count: %s", text)
	}
	return strconv.ParseFloat(m[1], 64)
}
