package main

import (
	"strings"
	"testing"
	"time"
)

// A stage of unknown length counts what is done and promises nothing.
func TestLineProgressOfUnknownLength(t *testing.T) {
	var out strings.Builder
	now := time.Unix(0, 0)
	l := &lineProgress{w: &out, every: 10 * time.Second, now: func() time.Time { return now }}
	s := l.Start("features", 0, "image")
	now = now.Add(20 * time.Second)
	s.Add(100)
	s.Done()
	if got, want := out.String(), "features: 100 images, 5/s\nfeatures: 100 images in 20s (5/s)\n"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
