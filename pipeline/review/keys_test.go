package review

import (
	"slices"
	"testing"
)

func TestKeysOf(t *testing.T) {
	for _, c := range []struct{ classes, want []string }{
		{[]string{"0", "1", "2"}, []string{"0", "1", "2"}},
		{[]string{"1", "10", "20"}, []string{"1", "10", "20"}},
		{[]string{"mild", "severe"}, []string{"1", "2"}},
		{[]string{"0", "1-2", "3+"}, []string{"1", "2", "3"}},
		{[]string{"-1", "0", "1"}, []string{"1", "2", "3"}},
	} {
		if got := keysOf(c.classes); !slices.Equal(got, c.want) {
			t.Errorf("classes %q: keys %q, want %q", c.classes, got, c.want)
		}
	}
}
