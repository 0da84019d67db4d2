package randstream

import "testing"

func TestStreams(t *testing.T) {
	first := New(1, "split").Uint64()
	if again := New(1, "split").Uint64(); again != first {
		t.Errorf("the same stream gave %d, then %d", first, again)
	}
	for name, other := range map[string]uint64{
		"seed": New(2, "split").Uint64(),
		"name": New(1, "shuffle").Uint64(),
		"sub":  New(1, "split", 0).Uint64(),
	} {
		if other == first {
			t.Errorf("another %s gave the same numbers", name)
		}
	}
}
