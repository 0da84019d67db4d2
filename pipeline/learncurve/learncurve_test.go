package learncurve

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"finetune/head"
	"finetune/internal/pipelinetest"
	"finetune/loss"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
)

func job(t *testing.T, perClass int, header string, column func(i, class int) string) Job {
	t.Helper()
	table, err := features.OpenFolder(
		t.Context(),
		pipelinetest.FeatureFolder(t, 4, perClass, header, column),
		dataset.Options{},
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { table.Close() })
	j := Job{
		Table:    table,
		Examples: table.Examples(nil),
		Head:     head.Defaults(loss.Config{Name: loss.EMD2, Classes: 4}, 0),
		Seed:     1,
		Threads:  1,
	}
	j.Head.Epochs, j.Head.Decision = 10, head.Median
	for i := range table.Set.Items {
		switch {
		case i%4 == 3 && perClass > 20 || i/4%3 == 2:
			j.HeldOut = append(j.HeldOut, i)
		default:
			j.Train = append(j.Train, i)
		}
	}
	return j
}

func TestCurve(t *testing.T) {
	j := job(t, 150, "", nil)
	c, err := j.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var images []int
	for _, p := range c.Points {
		images = append(images, p.Images)
		if !(p.MAE > 0 && p.MAEInterval[0] <= p.MAE && p.MAE <= p.MAEInterval[1]) || len(p.ByClass) != 4 {
			t.Errorf("%+v", p)
		}
	}
	n := len(j.Train)
	if want := []int{(n + 4) / 8, (n + 2) / 4, (n + 1) / 2, n}; !slices.Equal(images, want) {
		t.Errorf("heads on %v images, not %v", images, want)
	}
	first, last := c.Points[len(c.Points)-2], c.Points[len(c.Points)-1]
	if d := float64(last.MAE - first.MAE); d != float64(c.MAE.Of) || c.MAE.Interval[0] > c.MAE.Of ||
		c.MAE.Of > c.MAE.Interval[1] {
		t.Errorf("the last doubling brought %v, and %+v is said", d, c.MAE)
	}
	again, err := j.Run(t.Context())
	if err != nil || fmt.Sprint(again) != fmt.Sprint(c) {
		t.Errorf("again: %+v, %v", again, err)
	}
}

func TestCompareSeesAWorseHead(t *testing.T) {
	j := job(t, 60, "", nil)
	idle := j.Head
	idle.LR, idle.Optimizer, idle.Epochs = 1e-9, head.SGD, 1
	d, err := j.Compare(t.Context(), idle, j.Head)
	if err != nil || !d.Proven() {
		t.Errorf("%+v, %v", d, err)
	}
	same, err := j.Compare(t.Context(), j.Head, j.Head)
	if err != nil || same.Of != 0 || same.Proven() {
		t.Errorf("the same twice: %+v, %v", same, err)
	}
}

func TestTooFewImages(t *testing.T) {
	j := job(t, 6, "", nil)
	if c, err := j.Run(t.Context()); c != nil || err != nil {
		t.Errorf("%+v, %v of %d images", c, err, len(j.Train))
	}
}

func TestSharesAreNestedAndStratified(t *testing.T) {
	j := job(t, 150, ",group", func(i, class int) string { return fmt.Sprint("g", i/8) })
	order := nested(j.Table.Set, j.Train, 3)
	if sorted := slices.Sorted(slices.Values(order)); !reflect.DeepEqual(sorted, j.Train) {
		t.Fatal("the order isn't one of all training images")
	}
	ended := map[string]bool{}
	for at, i := range order {
		group := j.Table.Set.Items[i].Group
		if ended[group] {
			t.Fatalf("the group %s is torn", group)
		}
		if at+1 < len(order) && j.Table.Set.Items[order[at+1]].Group != group {
			ended[group] = true
		}
	}
	single := job(t, 150, "", nil)
	order = nested(single.Table.Set, single.Train, 3)
	counts := make([]int, 4)
	for _, i := range order[:len(order)/4] {
		counts[single.Table.Set.Items[i].Label]++
	}
	all := make([]int, 4)
	for _, i := range order {
		all[single.Table.Set.Items[i].Label]++
	}
	for c := range counts {
		if d := counts[c]*4 - all[c]; d < -5 || d > 5 {
			t.Errorf("a quarter has %v of %v images", counts, all)
		}
	}
}
