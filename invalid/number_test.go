package invalid

import (
	"math"
	"testing"
)

func TestNumber(t *testing.T) {
	threads := Number{Field: "Threads", Range: Range{Low: 1, High: 1024}, Whole: true, AutoIs: "all cores"}
	share := Number{Field: "Share", Range: Range{High: 1, HighOpen: true}, Auto: -1, AutoIs: "a fifth"}
	count := Number{Field: "Count", Range: Range{High: math.MaxInt32}, Whole: true}
	for _, c := range []struct {
		n    Number
		v    float64
		want string
	}{
		{threads, 1, ""}, {threads, 1024, ""}, {threads, 0, ""},
		{threads, -1, "Threads: -1; expected a whole number from 1 to 1024, or 0: all cores"},
		{threads, 1.5, "Threads: 1.5; expected a whole number from 1 to 1024, or 0: all cores"},
		{threads, math.NaN(), "Threads: NaN; expected a whole number from 1 to 1024, or 0: all cores"},
		{threads, 100000, "Threads: 100000; expected a whole number from 1 to 1024, or 0: all cores"},
		{share, 0, ""}, {share, -1, ""}, {share, 1, "Share: 1; expected 0 or more and below 1, or -1: a fifth"},
		{count, 0, ""}, {count, math.Inf(1), "Count: +Inf; expected a whole number from 0 up"},
	} {
		got := ""
		if err := c.n.Check(c.v); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s %v: %q, want %q", c.n.Field, c.v, got, c.want)
		}
	}
	if got := threads.Wrong(`"0"`, "auto").Error(); got != `Threads: "0"; expected a whole number from 1 to 1024, or auto: all cores` {
		t.Error(got)
	}
}
