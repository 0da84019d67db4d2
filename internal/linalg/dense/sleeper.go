package dense

import "sync/atomic"

// A sleeper lets one goroutine wait for another: it spins for a while and then sleeps. Training runs thousands
// of jobs a second, each shorter than it takes to wake a goroutine on another core, some 0.2 ms. If spinning
// doesn't pay, because other programs keep the other goroutine from running, it spins for less and less time.
type sleeper struct {
	most, spins int // how often it may look, and will next time
	asleep      atomic.Bool
	signal      chan struct{} // a place for one
}

// spinning bounds the iterations of spinning: a few tenths of a millisecond.
const spinning = 200000

func newSleeper(most int) sleeper {
	return sleeper{most: most, spins: most, signal: make(chan struct{}, 1)}
}

// wait returns when ready reports true. The goroutine that makes it true must call wake afterwards.
func (s *sleeper) wait(ready func() bool) {
	for range s.spins {
		if ready() {
			s.spins = min(s.most, s.spins+s.most/16)
			return
		}
	}
	s.spins /= 2
	for !ready() {
		s.asleep.Store(true)
		if ready() {
			if !s.asleep.Swap(false) {
				<-s.signal // somebody has seen it asleep: the signal is on its way
			}
			return
		}
		<-s.signal
	}
}

// wake ends the sleep of the goroutine that waits, if it sleeps.
func (s *sleeper) wake() {
	if s.asleep.Load() && s.asleep.Swap(false) {
		s.signal <- struct{}{}
	}
}
