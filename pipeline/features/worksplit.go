package features

import (
	"fmt"
	"runtime"
	"strings"
)

// A workSplit divides the cores: the number of workers, each of which prepares images and runs the network on batches
// of them, and the number of threads of a network run.
type workSplit struct{ workers, threads, batch int }

func (s workSplit) String() string {
	text := fmt.Sprintf("%d workers", s.workers)
	if s.workers == 1 {
		text = "1 worker"
	}
	if s.threads > 1 {
		text += fmt.Sprintf(" and %d more of the network", s.threads-1)
	}
	return fmt.Sprintf("%s, batches of %d", text, s.batch)
}

// What batches may be. Large ones are no faster on a CPU, where each worker runs the network on its own core; and what a network keeps
// of a batch while it runs grows with it, to many times its pictures.
const (
	BlockSize  = 8
	mostBatch  = 32
	batchBytes = 32 << 20 // of pictures as tensors
)

// largestBatch is the number of tensors of that many values that go through the network at once unless the user asks for more.
func largestBatch(numbers int) int { return min(mostBatch, PicturesThatFit(numbers)) }

// PicturesThatFit is how many pictures, as tensors of that many values, a worker may hold at a time; at least one. It bounds memory
// whatever sizes, views and batches were asked for: a network at work takes some 20 times the bytes of its pictures.
func PicturesThatFit(numbers int) int { return max(1, batchBytes/(4*numbers)) }

// WorkersThatFit is how many of the workers may run the network at the same time on batches of such pictures; at least one. It is all
// of them unless there are more than cores, or a picture is large.
func WorkersThatFit(workers, batch, numbers int) int {
	return max(1, min(workers, runtime.GOMAXPROCS(0)*batchBytes/(4*numbers*batch)))
}

// within returns s cut to what fits in memory, for pictures as tensors of that many values. A batch isn't cut below fixed, that of
// the network's file.
func (s workSplit) within(numbers, fixed int) workSplit {
	s.batch = max(1, fixed, min(s.batch, PicturesThatFit(numbers)))
	s.workers = WorkersThatFit(s.workers, s.batch, numbers)
	return s
}

// clearly is the speed-up from which another split replaces the usual one. Less is noise.
const clearly = 1.03

// A trial is a split and how many images a second it did.
type trial struct {
	split workSplit
	rate  float64
}

// A tuner looks for the fastest split by trying some on images that are to be computed anyway. All give the same bits.
type tuner struct {
	largest int // batch; that of the first split where the network's file fixes it
	// run computes the next images with a split and tells how many a second. It isn't ok where that says nothing, as the images were
	// cached or there are no more, or where the split can't be used.
	run    func(workSplit) (rate float64, ok bool, err error)
	trials []trial
}

// fastest tries the usual split, larger or smaller batches as long as they gain, and then fewer workers with more threads.
func (t *tuner) fastest(usual workSplit) (workSplit, error) {
	best, ok, err := t.try(usual)
	if err != nil || !ok {
		return usual, err
	}
	larger := func(s workSplit) (workSplit, bool) { s.batch *= 2; return s, s.batch <= t.largest }
	smaller := func(s workSplit) (workSplit, bool) { s.batch /= 2; return s, s.batch >= 1 && usual.batch < t.largest }
	fewer := func(s workSplit) (workSplit, bool) {
		s.threads += s.workers - s.workers/2
		s.workers /= 2
		return s, s.workers >= 1
	}
	if best, err = t.climb(best, larger); err == nil && best.split == usual {
		best, err = t.climb(best, smaller)
	}
	if err == nil {
		best, err = t.climb(best, fewer)
	}
	return best.split, err
}

// climb applies step as long as it is clearly faster, also when both splits are measured again.
func (t *tuner) climb(best trial, step func(workSplit) (workSplit, bool)) (trial, error) {
	for {
		split, possible := step(best.split)
		if !possible {
			return best, nil
		}
		next, ok, err := t.try(split)
		if err != nil || !ok || next.rate < clearly*best.rate {
			return best, err
		}
		again, ok, err := t.try(best.split)
		if err != nil || !ok {
			return best, err
		}
		if next, ok, err = t.try(split); err != nil || !ok || next.rate < clearly*again.rate {
			return best, err
		}
		best = next
	}
}

func (t *tuner) try(s workSplit) (trial, bool, error) {
	rate, ok, err := t.run(s)
	if ok && err == nil {
		t.trials = append(t.trials, trial{s, rate})
	}
	return trial{s, rate}, ok, err
}

// describe names the split that was chosen, with its best rate, and those that were tried, with every rate: one that was
// faster at first isn't chosen where it wasn't again.
func (t *tuner) describe(chosen workSplit) string {
	var others []workSplit
	rates := map[workSplit]string{}
	rate := 0.0
	for _, trial := range t.trials {
		said, before := rates[trial.split]
		switch {
		case trial.split == chosen:
			rate = max(rate, trial.rate)
		case before:
			rates[trial.split] = fmt.Sprintf("%s and %.3g", said, trial.rate)
		default:
			rates[trial.split] = fmt.Sprintf("%.3g", trial.rate)
			others = append(others, trial.split)
		}
	}
	var of []string
	for _, split := range others {
		of = append(of, fmt.Sprintf("%v: %s", split, rates[split]))
	}
	text := fmt.Sprintf("speed:    %v: %.3g images a second", chosen, rate)
	if len(of) > 0 {
		text += "; tried " + strings.Join(of, "; ")
	}
	return text
}
