package metrics

import (
	"runtime"
	"slices"
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

// mostUnits bounds how many units are drawn from. A resample of 20,000 is as wide as one of more, to a hundredth, but draws from a million
// reach all over memory and take ten times as long an item.
const mostUnits = 20_000

// newUnits makes a unit of each group, in order of first appearance, and of each item without one. Beyond mostUnits they are tied into
// bundles at random, which share out what they differ in and change no variance of a sum.
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
	if len(lists) > mostUnits {
		lists = bundle(lists)
	}
	u := units{members: make([]int32, 0, n), start: make([]int, 1, len(lists)+1)}
	for _, l := range lists {
		u.members = append(u.members, l...)
		u.start = append(u.start, len(u.members))
	}
	return u
}

// bundle ties lists into mostUnits of about equal length, each in ascending order.
func bundle(lists [][]int32) [][]int32 {
	bundles := make([][]int32, mostUnits)
	for i, from := range randstream.New(0, "bootstrap bundles").Perm(len(lists)) {
		b := &bundles[i%mostUnits]
		*b = append(*b, lists[from]...)
	}
	for _, b := range bundles {
		slices.Sort(b)
	}
	return bundles
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
