package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
)

// pairs runs every two jobs at once on one cache, and with one output where both have a folder, and each job twice. Both succeed with
// the bytes of undisturbed runs, or one of those with the same output is refused; what is there is the whole result of one of them.
func (t *torture) pairs(until time.Time) {
	type pair struct{ a, b *job }
	var all []pair
	for i := range t.jobs {
		for k := i; k < len(t.jobs); k++ {
			all = append(all, pair{&t.jobs[i], &t.jobs[k]})
		}
	}
	t.random("pairs").Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	done := 0
	for _, p := range all {
		if !time.Now().Before(until) {
			break
		}
		done++
		t.count("pair "+p.a.name+" and "+p.b.name, t.pair(p.a, p.b))
	}
	t.count("pair of jobs that choose their folders", t.chosenFolders())
	fmt.Printf("%d of %d pairs of jobs\n", done, len(all))
}

// together runs commands at once in a box.
func (t *torture) together(box string, commands ...[]string) []end {
	ends := make([]end, len(commands))
	var wg sync.WaitGroup
	for i, args := range commands {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), hang)
			defer cancel()
			cmd, out, errs := t.start(ctx, box, args)
			ends[i] = endOf(cmd, cmd.Run(), out, errs, ctx.Err() != nil, 0)
		})
	}
	wg.Wait()
	return ends
}

func (t *torture) pair(a, b *job) error {
	before := a.before
	if before == nil || a.out != b.out {
		before = append(before[:len(before):len(before)], b.before...)
	}
	box, err := t.box("pair", before)
	if err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	earlier, err := snap(box)
	if err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	ends := t.together(box, a.command(), b.command())
	after, err := snap(box)
	if err != nil {
		return fmt.Errorf("harness: %w", err)
	}
	whole := map[*job]bool{}
	succeeded := 0
	for i, j := range []*job{a, b} {
		e := ends[i]
		if err := j.wellEnded(e, false); err != nil {
			return err
		}
		if e.status == 1 {
			return fmt.Errorf("failure of the machine: %s", e.errors)
		}
		if e.status == j.status {
			succeeded++
		}
		whole[j] = j.after.below(j.out).differences(after.below(j.out)) == ""
	}
	switch {
	case succeeded == 0 && earlier.below(a.out).differences(after.below(a.out)) == "":
		return nil // one looked at the earlier result while the other was refused
	case succeeded == 0:
		return fmt.Errorf("both were refused: %s / %s", ends[0].errors, ends[1].errors)
	case a.out != b.out && succeeded < 2:
		return fmt.Errorf("one was refused: %s / %s", ends[0].errors, ends[1].errors)
	case a.out != b.out && !(whole[a] && whole[b]):
		return errors.New("a result isn't that of an undisturbed run")
	case a.out == b.out && a.out != "" && !whole[a] && !whole[b]:
		return errors.New("the result is that of neither job")
	}
	return nil
}

// chosenFolders runs jobs without --out at once: each must find a folder of its own.
func (t *torture) chosenFolders() error {
	const n = 4
	for _, job := range []struct{ args, base string }{
		{"train --features features --epochs 4", "finetune-run-"},
		{"compare --features features --losses emd2 --folds 2 --seeds 1 --resamples 100 --epochs 4", "finetune-compare-"},
	} {
		box, err := t.box("chosen", nil)
		if err != nil {
			return fmt.Errorf("harness: %w", err)
		}
		var commands [][]string
		for range n {
			commands = append(commands, strings.Fields(job.args))
		}
		for _, e := range t.together(box, commands...) {
			if e.status != 0 {
				return fmt.Errorf("exit status %d: %s", e.status, e.errors)
			}
		}
		after, err := snap(box)
		if err != nil {
			return fmt.Errorf("harness: %w", err)
		}
		for i := range n {
			name := fmt.Sprint(job.base, i+1)
			if after[name+"/files.json"] != "complete: true" {
				return fmt.Errorf("a result was lost: %s isn't complete", name)
			}
		}
	}
	return nil
}
