package main

import (
	"context"
	"math"
)

// A figure measures one side of a row: seconds (or, in rows without a peer, whatever unit says), and how they came about where
// that was a choice.
type figure func(ctx context.Context) (value float64, how string, err error)

// A row is one line of the table.
type row struct {
	group, name string
	unit        unit
	ours        figure
	peer        figure // nil: there is no peer, and required is a bound on the value
	peerName    string
	required    float64 // how many times as fast as the peer; without one the largest value; 0: nothing is required
	aim         float64

	value, peerValue float64
	how, peerHow     string
}

// measure lets both sides take turns; the fastest turn of each counts, as others only add what the machine did besides.
func (r *row) measure(ctx context.Context, rounds int) error {
	r.value, r.peerValue = math.Inf(1), math.Inf(1)
	for range rounds {
		value, how, err := r.ours(ctx)
		if err != nil {
			return err
		}
		if value < r.value {
			r.value, r.how = value, how
		}
		if r.peer == nil {
			continue
		}
		if value, how, err = r.peer(ctx); err != nil {
			return err
		}
		if value < r.peerValue {
			r.peerValue, r.peerHow = value, how
		}
	}
	return nil
}

// ratio is how many times as fast as the peer.
func (r *row) ratio() float64 { return r.peerValue / r.value }

// met says whether what is required holds.
func (r *row) met() bool {
	if r.peer == nil {
		return r.value <= r.required
	}
	return r.ratio() >= r.required
}
