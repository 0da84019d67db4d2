package dense

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"
)

func TestRunVisitsEveryBlockOnce(t *testing.T) {
	for _, workers := range []int{0, 1, 2, 7} {
		p := NewPool(workers)
		for name, run := range map[string]func(int, func(block, worker int)){"Run": p.Run, "RunOwned": p.RunOwned} {
			for _, blocks := range []int{0, 1, 5, MaxOwned} {
				visits := make([]int, blocks)
				run(blocks, func(b, w int) {
					visits[b]++
					if w < 0 || w >= p.Workers() {
						t.Errorf("worker %d of %d", w, p.Workers())
					}
				})
				for b, n := range visits {
					if n != 1 {
						t.Errorf("%s, %d workers: block %d ran %d times", name, workers, b, n)
					}
				}
			}
		}
		p.Close()
	}
}

// TestPoolWaits runs jobs whose workers wait for each other shortly, and long enough to sleep.
func TestPoolWaits(t *testing.T) {
	for _, spins := range []int{0, 10, spinning} {
		for _, workers := range []int{2, 5} {
			p := NewPool(workers)
			p.caller.most, p.caller.spins = spins, spins
			var sum atomic.Int64
			for job := range 200 {
				run := p.Run
				if job%2 == 0 {
					run = p.RunOwned
				}
				run(1+job%7, func(b, _ int) {
					if (job+b)%50 == 0 {
						time.Sleep(time.Millisecond)
					}
					sum.Add(int64(b + 1))
				})
				if job%60 == 0 {
					time.Sleep(time.Millisecond) // the helpers wait
				}
			}
			p.Close()
			var want int64
			for job := range 200 {
				blocks := int64(1 + job%7)
				want += blocks * (blocks + 1) / 2
			}
			if sum.Load() != want {
				t.Errorf("%d workers, %d spins: the sum is %d, want %d", workers, spins, sum.Load(), want)
			}
		}
	}
}

func TestPoolEnds(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 20 {
		p := NewPool(4)
		p.Run(8, func(int, int) {})
		p.Close()
	}
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, %d before", runtime.NumGoroutine(), before)
		}
	}
}
