package remote

import (
	"testing"
	"time"
)

// Hurry makes pauses short for a test.
func Hurry(t *testing.T) {
	before := patient
	patient = policy{attempts: 4, first: time.Millisecond, longest: 5 * time.Millisecond, stall: 200 * time.Millisecond}
	t.Cleanup(func() { patient = before })
}

// Redirected is redirected.
var Redirected = redirected
