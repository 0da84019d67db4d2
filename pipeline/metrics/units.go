package metrics

import (
	"runtime"
	"sync"
	"sync/atomic"

	"finetune/internal/randstream"
)

// units are what the bootstrap draws: unit u holds the items members[start[u]:start[u+1]].
type units struct {
	members []int32
	start   []int
}

func (u units) len() int         { return len(u.start) - 1 }
func (u units) of(i int) []int32 { return u.members[u.start[i]:u.start[i+1]] }

// newUnits makes a unit of each group, in order of first appearance, and of each item without one.
func newUnits(groups []string, n int) units {
	byGroup := make(map[string]int)
	var lists [][]int32
	for i := range n {
		if groups != nil && groups[i] != "" {
			if u, ok := byGroup[groups[i]]; ok {
				lists[u] = append(lists[u], int32(i))
				continue
			}
			byGroup[groups[i]] = len(lists)
		}
		lists = append(lists, []int32{int32(i)})
	}
	u := units{members: make([]int32, 0, n), start: make([]int, 1, len(lists)+1)}
	for _, l := range lists {
		u.members = append(u.members, l...)
		u.start = append(u.start, len(u.members))
	}
	return u
}

// resample draws units with replacement, as many as there are, again and again, and says for each resample how often
// each item came. It runs on several goroutines: newUse is called once by each, and what it returns once for each
// resample that falls to it, with counts that it must not keep.
func (u units) resample(resamples int, seed uint64, newUse func() func(r int, times []int32)) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), resamples) {
		wg.Go(func() {
			use := newUse()
			times := make([]int32, len(u.members))
			for r := next.Add(1) - 1; r < int64(resamples); r = next.Add(1) - 1 {
				// A stream for each resample: which goroutine draws it changes nothing.
				rng := randstream.New(seed, "bootstrap", uint64(r))
				// Drawing counts first leaves the items to be read once, in order.
				clear(times)
				for range u.len() {
					for _, i := range u.of(rng.IntN(u.len())) {
						times[i]++
					}
				}
				use(int(r), times)
			}
		})
	}
	wg.Wait()
}
