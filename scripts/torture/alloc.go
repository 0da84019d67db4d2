package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// leastAllocation is the size from which allocations of native code are counted, in bytes: below it are many of one kind.
const leastAllocation = 256

// allocations makes allocations of native code fail, one a run. Those of the Go runtime can't be met: it ends the process.
func (t *torture) allocations(until time.Time) {
	library := filepath.Join(t.work, "allocfail.so")
	if runtime.GOOS != "linux" {
		fmt.Println("left out: failing allocations need Linux")
		return
	}
	if text, err := exec.Command("cc", "-O2", "-shared", "-fPIC", "-o", library, "scripts/torture/allocfail/allocfail.c").CombinedOutput(); err != nil {
		t.count("failing allocations", fmt.Errorf("harness: %w: %s", err, text))
		return
	}
	rng := t.random("allocations")
	counts := map[string]uint64{} // of each job
	for done := false; !done && time.Now().Before(until); {
		done = true
		for _, i := range rng.Perm(len(t.jobs)) {
			if !time.Now().Before(until) {
				return
			}
			name := t.jobs[i].name
			if _, known := counts[name]; !known {
				_, n, err := t.starve(library, &t.jobs[i], 0)
				if err != nil {
					t.count(name, fmt.Errorf("harness: %w", err))
				}
				counts[name] = n
			}
			if counts[name] == 0 {
				continue // it runs no native code
			}
			done = false
			p := point{&t.jobs[i], int(1 + rng.Uint64N(counts[name])), "alloc"}
			e, _, err := t.starve(library, p.job, p.n)
			if err == nil {
				err = t.judge(p, t.boxOf("starved"), e)
			}
			t.count(p.String(), err)
		}
	}
}

// starve runs a job whose nth allocation fails, none where n is 0, and returns how many it asked for.
func (t *torture) starve(library string, j *job, n int) (e end, asked uint64, err error) {
	box, err := t.box("starved", j.before)
	if err != nil {
		return end{}, 0, err
	}
	counter := filepath.Join(t.work, "allocations")
	if err := os.WriteFile(counter, make([]byte, 8), 0o666); err != nil {
		return end{}, 0, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), hang)
	defer cancel()
	began := time.Now()
	cmd, out, errs := t.start(ctx, box, j.command())
	cmd.Env = append(cmd.Env, "LD_PRELOAD="+library, "ALLOCFAIL_COUNT="+counter, "ALLOCFAIL_AT="+strconv.Itoa(n), "ALLOCFAIL_LEAST="+strconv.Itoa(leastAllocation))
	e = endOf(cmd, cmd.Run(), out, errs, ctx.Err() != nil, time.Since(began))
	text, err := os.ReadFile(counter)
	if err != nil {
		return e, 0, err
	}
	return e, binary.NativeEndian.Uint64(text), nil
}
