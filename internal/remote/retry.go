package remote

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// A policy says how long to be patient.
type policy struct {
	attempts int           // failures in a row after which a request is given up
	first    time.Duration // pause after the first failure; it doubles with each
	longest  time.Duration // pause
	stall    time.Duration // without a byte, after which a body counts as cut off
}

var patient = policy{attempts: 8, first: 200 * time.Millisecond, longest: 10 * time.Second, stall: 30 * time.Second}

// A patience counts the failures of one piece of work.
type patience struct {
	policy
	failures int
}

// progress forgets earlier failures.
func (p *patience) progress() { p.failures = 0 }

// again waits before another attempt, or returns the error where there is to be none.
func (p *patience) again(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if p.failures++; p.failures >= p.attempts || !passing(err) {
		return err
	}
	pause := min(p.longest, p.first<<(p.failures-1))
	pause -= time.Duration(rand.Float64() * float64(pause) / 2) // so that many clients don't come back together
	var status *statusError
	if errors.As(err, &status) {
		pause = max(pause, min(status.after, p.longest))
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// retry repeats do until it succeeds or isn't worth repeating.
func (p policy) retry(ctx context.Context, do func() error) error {
	wait := patience{policy: p}
	for {
		err := do()
		if err == nil {
			return nil
		}
		if err = wait.again(ctx, err); err != nil {
			return err
		}
	}
}
