package main

import (
	"errors"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// A point is a case of kill or fail: a system call of a job, and what happens there.
type point struct {
	job  *job
	n    int    // of the system call
	what string // "kill", "tear", "cut" or the name of a failure
}

func (p point) String() string { return fmt.Sprintf("%s/%d/%s", p.job.name, p.n, p.what) }

// kills ends every job before each system call that changes something, and in the middle of each write, and runs it again.
func (t *torture) kills(until time.Time) {
	t.points(until, func(c call) []string {
		switch {
		case c.kind == writing:
			return []string{"kill", "tear"}
		case c.kind.changes():
			return []string{"kill"}
		}
		return nil
	})
}

// failures makes every system call fail in each way that it can. An image that may not be read is left out: that is the image's own
// fault, so it is skipped and listed.
func (t *torture) failures(until time.Time) {
	t.points(until, func(c call) (what []string) {
		for _, f := range failures {
			if slices.Contains(f.kinds, c.kind) && !(f.errno == syscall.EACCES && strings.HasPrefix(c.path, dataName+"/")) {
				what = append(what, f.name)
			}
		}
		return what
	})
}

// points tries the cases that ways gives for each system call, in an order that the seed draws, until the time is over.
func (t *torture) points(until time.Time, ways func(call) []string) {
	if why := canTrace(); why != "" {
		fmt.Println("left out:", why)
		return
	}
	var all []point
	for i := range t.jobs {
		j := &t.jobs[i]
		calls, err := t.calls(j)
		if err != nil {
			t.count(j.name, fmt.Errorf("harness: %w", err))
			continue
		}
		for n, c := range calls {
			for _, what := range ways(c) {
				all = append(all, point{j, n, what})
			}
		}
	}
	t.random("points").Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var next atomic.Int64
	var wg sync.WaitGroup
	for w := range t.workers {
		wg.Go(func() {
			// All processes of a worker are children of one thread, so that waiting for a traced one reaps no other's.
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			for time.Now().Before(until) {
				i := int(next.Add(1)) - 1
				if i >= len(all) {
					return
				}
				t.try(all[i], w)
			}
		})
	}
	wg.Wait()
	fmt.Printf("%d of %d points of %d jobs\n", min(int(next.Load()), len(all)), len(all), len(t.jobs))
}

// repeat tries one point again.
func (t *torture) repeat(name string) {
	parts := strings.Split(name, "/")
	for i := range t.jobs {
		if len(parts) == 3 && t.jobs[i].name == parts[0] {
			n, _ := strconv.Atoi(parts[1])
			t.try(point{&t.jobs[i], n, parts[2]}, 0)
			return
		}
	}
	t.count(name, errors.New("harness: a point is JOB/NUMBER/WHAT"))
}

// calls lists the system calls of an undisturbed run.
func (t *torture) calls(j *job) (calls []call, err error) {
	box, err := t.box("calls", j.before)
	if err != nil {
		return nil, err
	}
	end, err := t.trace(box, j.command(), func(_ int, c call) verdict {
		calls = append(calls, c)
		return verdict{}
	})
	if err == nil && end.status != j.status {
		err = fmt.Errorf("exit status %d while traced: %s", end.status, end.errors)
	}
	return calls, err
}

// try tries one point and counts it.
func (t *torture) try(p point, worker int) {
	box, err := t.box(fmt.Sprint("worker-", worker), p.job.before)
	if err != nil {
		t.count(p.String(), fmt.Errorf("harness: %w", err))
		return
	}
	disturb, judge := t.disturb, t.judge
	if p.what == "cut" {
		disturb, judge = t.cut, t.judgeCut
	}
	disturbed, where, err := disturb(p, box)
	if err == nil {
		err = judge(p, box, disturbed)
	} else {
		err = fmt.Errorf("harness: %w", err)
	}
	name := p.String()
	if where != nil {
		name += " at " + where.name + " " + where.path
	}
	t.count(name, err)
}

// disturb runs the job of a point with what happens there, and returns the call that it happened to.
func (t *torture) disturb(p point, box string) (e end, where *call, err error) {
	i := slices.IndexFunc(failures, func(f failure) bool { return f.name == p.what })
	torn := false
	e, err = t.trace(box, p.job.command(), func(n int, c call) verdict {
		switch {
		case torn:
			return verdict{kill: true}
		case n < p.n:
			return verdict{}
		case i >= 0:
			f := failures[i]
			if !slices.Contains(f.kinds, c.kind) || where != nil && !f.stays {
				return verdict{}
			}
			if where == nil {
				where = &c
			}
			return verdict{errno: f.errno}
		case where != nil:
			return verdict{}
		}
		where = &c
		if torn = p.what == "tear"; torn {
			return verdict{torn: true}
		}
		return verdict{kill: true}
	})
	return e, where, err
}

// judge says what is wrong with how a disturbed run ended, with what it left, and with the same command after it.
func (t *torture) judge(p point, box string, disturbed end) error {
	j := p.job
	if err := j.wellEnded(disturbed, p.what == "kill" || p.what == "tear"); err != nil {
		return err
	}
	left, err := snap(box)
	if err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	if err := j.inputsIntact(left); err != nil {
		return err
	}
	complete := j.after.differences(left) == ""
	if disturbed.status == j.status && !complete {
		if p.what == "EACCES" && listsUnreadable(left) && !listsUnreadable(j.after) {
			return nil // an image that nobody may read is left out, and the result says so
		}
		return fmt.Errorf("success with a wrong result: %s", j.after.differences(left))
	}
	again := t.run(box, j.command())
	if after, err := snap(box); err == nil && again.status == 2 && j.after.differences(after) == "" {
		complete = true
	}
	if complete && again.status == 2 && j.out != "" && (strings.Contains(again.errors, "an earlier ") || strings.Contains(again.errors, "there already")) {
		return nil // it was done, and the message says so
	}
	if again.status != j.status {
		return fmt.Errorf("the same command then fails: exit status %d: %s\n(the disturbed run: %d: %s)", again.status, again.errors, disturbed.status, strings.TrimSpace(lastOf(disturbed.errors, "finetune: ")))
	}
	after, err := snap(box)
	if err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	if d := j.after.differences(after); d != "" {
		return fmt.Errorf("the same command then leaves something else: %s", d)
	}
	if left := cacheLeftovers(box); left != "" {
		return fmt.Errorf("left in the cache: %s", left)
	}
	if entries, _ := os.ReadDir(t.temporary(box)); len(entries) > 0 {
		names := entries[0].Name()
		for _, e := range entries {
			os.RemoveAll(filepath.Join(t.temporary(box), e.Name()))
		}
		return fmt.Errorf("left in the folder for temporary files: %s", names)
	}
	return nil
}

// wellEnded says what is wrong with the exit status and the messages of a run.
func (j *job) wellEnded(e end, killed bool) error {
	switch {
	case e.hung:
		return errors.New("hung: no end after a minute")
	case strings.Contains(e.errors, "goroutine ") || strings.Contains(e.errors, "panic"):
		return fmt.Errorf("stack trace: %s", e.errors)
	case killed || e.status == j.status:
		return nil
	case e.status != 1 && e.status != 2:
		return fmt.Errorf("exit status %d: %s", e.status, e.errors)
	}
	said := 0
	for line := range strings.Lines(e.errors) {
		if strings.HasPrefix(line, "finetune: ") {
			said++
		}
	}
	if said != 1 || strings.Count(lastOf(e.errors, "finetune: "), "\n") > 1 {
		return fmt.Errorf("not one line about the error: %q", e.errors)
	}
	return nil
}

// lastOf returns text from the last place where a line begins with prefix.
func lastOf(text, prefix string) string {
	if i := strings.LastIndex(text, prefix); i >= 0 {
		return text[i:]
	}
	return text
}

// inputsIntact says which file that was there before is another one, outside of what the job writes; there, the earlier result or
// the new one stands as a whole.
func (j *job) inputsIntact(left snapshot) error {
	for name, digest := range j.earlier {
		if j.out != "" && (name == j.out+"/" || strings.HasPrefix(name, j.out+"/")) {
			continue
		}
		if left[name] != digest {
			return fmt.Errorf("an input was changed: %s", name)
		}
	}
	return nil
}

// listsUnreadable reports whether a result has a list of images that couldn't be read.
func listsUnreadable(s snapshot) bool {
	for name := range s {
		if path.Base(name) == "unreadable.csv" {
			return true
		}
	}
	return false
}
