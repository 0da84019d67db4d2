package graph

import (
	"fmt"
	"hash/fnv"
	"math"
	"testing"
)

// The widths for EfficientNet-Lite0: 1,024 channels of nine blocks and 1,280 of the last map.
func TestStatsOfEfficientNet(t *testing.T) {
	m := embedded(t)
	for _, c := range []struct {
		pool  []int
		stats []string
		width int
		text  string
	}{
		{[]int{1, 3}, []string{"mean"}, 11520, " pool=1,3"},
		{[]int{1, 3}, []string{"mean", "std"}, 11520 + 10*1024 + 1280, " pool=1,3 stat=mean,std"},
		{[]int{1, 3}, []string{"mean", "cov"}, 11520 + 15680, " pool=1,3 stat=mean,cov:64"},
		{[]int{1, 3}, []string{"cov:32", "mean"}, 11520 + 4524, " pool=1,3 stat=mean,cov:32"},
		{[]int{1}, []string{"mean", "cov:512"}, 2304 + 75840, " stat=mean,cov:512"},
	} {
		f, err := m.FindFeature(Multi, c.pool, c.stats...)
		if err != nil {
			t.Fatal(err)
		}
		names := f.Text[:len(f.Text)-len(c.text)]
		if f.Width != c.width || f.Text != names+c.text {
			t.Errorf("%v: %d wide, want %d, text %q", c.stats, f.Width, c.width, f.Text)
		}
		if again, err := m.FindFeature(f.Text, nil); err != nil || again.Width != f.Width || again.Text != f.Text {
			t.Errorf("%q is %d wide, %v", f.Text, again.Width, err)
		}
	}
	last, err := m.FindFeature("", nil, "mean", "std", "cov")
	if err != nil || last.Width != 1280+1280+64*65/2 {
		t.Errorf("the last map: %d wide, %v", last.Width, err)
	}
}

// Projections must be orthonormal and never change: features are cached under texts that don't say how they are drawn.
func TestProjection(t *testing.T) {
	hash := fnv.New64a()
	for _, c := range []struct{ columns, rows int }{{80, 64}, {192, 64}, {5, 2}, {1280, 64}} {
		p := projection(c.columns, c.rows)
		for i := range c.rows {
			for j := range i + 1 {
				var sum float64
				for k := range c.columns {
					sum += float64(p[i*c.columns+k]) * float64(p[j*c.columns+k])
				}
				if i == j {
					sum--
				}
				if math.Abs(sum) > 1e-6 {
					t.Fatalf("rows %d and %d of %d × %d: %v", i, j, c.rows, c.columns, sum)
				}
			}
		}
		fmt.Fprintf(hash, "%.5f", p)
	}
	if got := hash.Sum64(); got != 0x7039955419bbd745 {
		t.Errorf("the projections have changed: %#x", got)
	}
}
