package metrics

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"finetune/internal/randstream"
)

// units are the resampling units of the bootstrap. Unit u has the items members[start[u]:start[u+1]].
type units struct {
	members []int32
	start   []int
}

func (u units) len() int         { return len(u.start) - 1 }
func (u units) of(i int) []int32 { return u.members[u.start[i]:u.start[i+1]] }

// maxUnits bounds the number of units. With 20,000 units the width of an interval is accurate to a hundredth, while
// draws from a million units take ten times as long for each item because of cache misses.
const maxUnits = 20_000

// newUnits makes a unit of each group, in order of first appearance, and of each item without a group. More than
// maxUnits are merged at random into bundles, which doesn't change the variance of a sum.
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
	if len(lists) > maxUnits {
		lists = bundle(lists)
	}
	u := units{members: make([]int32, 0, n), start: make([]int, 1, len(lists)+1)}
	for _, l := range lists {
		u.members = append(u.members, l...)
		u.start = append(u.start, len(u.members))
	}
	return u
}

// bundle merges lists into maxUnits lists of about equal length, each in ascending order.
func bundle(lists [][]int32) [][]int32 {
	bundles := make([][]int32, maxUnits)
	for i, from := range randstream.New(0, "bootstrap bundles").Perm(len(lists)) {
		b := &bundles[i%maxUnits]
		*b = append(*b, lists[from]...)
	}
	for _, b := range bundles {
		slices.Sort(b)
	}
	return bundles
}

// resample draws units with replacement, as many as there are, once for each resample. It runs several goroutines,
// each of which calls newUse once and the returned function for each of its resamples, with the multiplicity of each
// item. The function must not keep times. It returns early with the cause of ctx.
func (u units) resample(ctx context.Context, resamples int, seed uint64,
	newUse func() func(r int, times []int32)) error {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), resamples) {
		wg.Go(func() {
			use := newUse()
			times := make([]int32, len(u.members))
			for r := next.Add(1) - 1; r < int64(resamples) && ctx.Err() == nil; r = next.Add(1) - 1 {
				// Each resample has its own stream, so that the result doesn't depend on which goroutine draws it.
				rng := randstream.New(seed, "bootstrap", uint64(r))
				// Counting first lets use read the items once, in order.
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
	return context.Cause(ctx)
}
