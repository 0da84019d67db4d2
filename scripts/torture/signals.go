package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// patience is how long a process may take to end after a signal, on a machine that has cores for all that wants to run.
const patience = 2 * time.Second

// patient is patience, longer by as much as there is more to run than there are cores.
func patient() time.Duration {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return patience
	}
	first, _, _ := strings.Cut(string(text), " ")
	load, _ := strconv.ParseFloat(first, 64)
	return time.Duration(float64(patience) * max(1, load/float64(runtime.NumCPU())))
}

// signals sends a signal to each job at a random time, those that ask to stop and the one that can't be caught, then runs the same
// command again. Unlike kill it needs nothing of the system.
func (t *torture) signals(until time.Time) {
	rng := t.random("signals")
	for i := 0; time.Now().Before(until); i++ {
		j := &t.jobs[rng.IntN(len(t.jobs))]
		signal := []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGKILL}[rng.IntN(4)]
		t.count(fmt.Sprintf("%v to %s, number %d", signal, j.name, i), t.signal(j, signal, rng))
	}
}

func (t *torture) signal(j *job, signal syscall.Signal, rng *rand.Rand) error {
	box, err := t.box("signal", j.before)
	if err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	e, err := t.signalled(box, j.command(), signal, time.Duration(rng.IntN(int(400*time.Millisecond))))
	if err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	switch killed := e.status == -1; {
	case e.hung:
		return fmt.Errorf("hung: no end %v after the signal", patient())
	case killed && signal != syscall.SIGKILL && e.errors != "":
		// The system's own way, before the program's begins to say anything.
		return fmt.Errorf("killed by the signal: %s", e.errors)
	case !killed && e.status != j.status && e.status != 130:
		return fmt.Errorf("exit status %d: %s", e.status, e.errors)
	}
	return t.judge(point{job: j, what: "kill"}, box, e)
}

// signalled runs a command and sends it a signal after a while. It counts as hung when it doesn't end in time.
func (t *torture) signalled(box string, args []string, signal os.Signal, after time.Duration) (end, error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cmd, out, errs := t.start(ctx, box, args)
	if err := cmd.Start(); err != nil {
		return end{}, err
	}
	hung := make(chan bool, 1)
	watch := time.AfterFunc(after, func() {
		cmd.Process.Signal(signal)
		time.AfterFunc(patient(), func() {
			hung <- true
			cancel() // ends it when it is still there
		})
	})
	err := cmd.Wait()
	watch.Stop()
	e := endOf(cmd, err, out, errs, false, 0)
	select {
	case e.hung = <-hung:
	default:
	}
	return e, nil
}

// oneLine shortens a message for a finding.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
