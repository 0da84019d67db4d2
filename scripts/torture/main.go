// Command torture looks for ways to lose results: it kills jobs, makes their system calls fail, runs two of them at once, interrupts
// them, feeds them hostile files and counts what they leave open. Everything that it draws follows from a seed. docs/reliability.md
// says what it holds jobs to.
//
// It builds bin/finetune's source anew, works in a temporary folder and needs nothing that is installed but the native library.
// Faults at system calls need Linux on amd64; elsewhere that part is left out, and the summary says so.
package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// A phase is one way of looking for faults, with its share of the time.
type phase struct {
	name  string
	share float64
	run   func(*torture, time.Time)
}

var phases = []phase{
	{"kill", 0.30, (*torture).kills},
	{"cut", 0.03, (*torture).cuts},
	{"alloc", 0.03, (*torture).allocations},
	{"fail", 0.32, (*torture).failures},
	{"pairs", 0.08, (*torture).pairs},
	{"signals", 0.10, (*torture).signals},
	{"hostile", 0.10, (*torture).hostile},
	{"leaks", 0.04, (*torture).leaks},
}

// torture is what the phases share.
type torture struct {
	binary  string // of finetune
	library string // the native one
	work    string // a temporary folder
	seed    uint64
	jobs    []job
	workers int
	tally
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == filteredArg {
		runFiltered(os.Args[2:])
	}
	t := &torture{}
	var (
		limit = flag.Duration("time", 30*time.Minute, "how long to go on, about")
		only  = flag.String("only", "", "phases to run, with commas between: kill, cut, alloc, fail, pairs, signals, hostile, leaks; empty: all")
		jobs  = flag.String("jobs", "", "jobs to run, with commas between; empty: all")
		point = flag.String("point", "", "repeat one case of kill, cut or fail, as a finding names it")
		keep  = flag.Bool("keep", false, "keep the temporary folder")
	)
	flag.Uint64Var(&t.seed, "seed", 1, "seed of every choice")
	flag.StringVar(&t.binary, "binary", "", "finetune to use; empty: built from source")
	flag.IntVar(&t.workers, "workers", 2, "cases at once")
	flag.Parse()
	if err := t.prepare(*jobs); err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		os.Exit(1)
	}
	if *point != "" {
		t.repeat(*point)
	} else {
		t.all(*limit, *only)
	}
	if *keep {
		fmt.Println("kept", t.work)
	} else {
		os.RemoveAll(t.work)
	}
	fmt.Printf("%d passed, %d failed\n", t.passed, t.failed)
	if t.failed > 0 {
		os.Exit(1)
	}
}

// all runs the phases, each until its share of the time is over.
func (t *torture) all(limit time.Duration, only string) {
	total := 0.0
	for _, p := range phases {
		if chosen(only, p.name) {
			total += p.share
		}
	}
	for _, p := range phases {
		if !chosen(only, p.name) {
			continue
		}
		start, before := time.Now(), t.passed+t.failed
		p.run(t, start.Add(time.Duration(p.share/total*float64(limit))))
		fmt.Printf("%-8s %d cases in %.0f s\n", p.name, t.passed+t.failed-before, time.Since(start).Seconds())
	}
}

// chosen reports whether a name is in a list, of which an empty one holds all.
func chosen(list, name string) bool {
	return list == "" || strings.Contains(","+list+",", ","+name+",")
}

// prepare builds the program, finds the native library and makes what the jobs work on.
func (t *torture) prepare(only string) (err error) {
	if t.work, err = os.MkdirTemp("", "finetune-torture-"); err != nil {
		return err
	}
	if t.binary == "" {
		t.binary = filepath.Join(t.work, "finetune")
		if text, err := exec.Command("go", "build", "-o", t.binary, "./cmd/finetune").CombinedOutput(); err != nil {
			return fmt.Errorf("build: %v: %s", err, text)
		}
	}
	if t.binary, err = filepath.Abs(t.binary); err != nil {
		return err
	}
	if t.library, err = findLibrary(); err != nil {
		return err
	}
	if err := t.makeMaterial(); err != nil {
		return err
	}
	for _, j := range allJobs() {
		if chosen(only, j.name) && t.has(j) {
			t.jobs = append(t.jobs, j)
		}
	}
	return t.reference()
}

// random returns the generator of a part of the work.
func (t *torture) random(part string) *rand.Rand {
	var key [32]byte
	copy(key[8:], part)
	for i := range 8 {
		key[i] = byte(t.seed >> (8 * i))
	}
	return rand.New(rand.NewChaCha8(key))
}
