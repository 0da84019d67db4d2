package dense

import "sync/atomic"

// A sleeper is where one goroutine waits for another: it looks for a while and then sleeps. Training runs thousands
// of jobs a second, each shorter than it takes to wake a goroutine on another core, some 0.2 ms. Where looking
// doesn't pay, because other programs keep the other goroutine from running, it looks for less and less long.
type sleeper struct {
	most, spins int // how often it may look, and will next time
	asleep      atomic.Bool
	signal      chan struct{} // a place for one
}

// spinning is how often a sleeper looks at most: for a few tenths of a millisecond.
const spinning = 200000

func newSleeper(most int) sleeper {
	return sleeper{most: most, spins: most, signal: make(chan struct{}, 1)}
}

// wait returns when ready does. Whoever makes it ready has to call wake afterwards.
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
