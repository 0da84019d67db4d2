package features

import (
	"reflect"
	"testing"

	"finetune/backbone"
	"finetune/head"
)

// A part has the columns of the narrower feature in its order, for every view, and says which feature it is.
func TestPart(t *testing.T) {
	wide := &Table{
		PerItem: 2, Views: ViewConfig{Train: 2, Predict: 1}, Network: &NetworkInfo{Tap: "a,b stat=mean,cov:1", Width: 5},
		Features: head.Features{Rows: 2, Cols: 5, Data: []float32{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
		Blocks: []backbone.Block{
			{Tap: "a", Grid: 1, Width: 2}, {Tap: "a", Grid: 1, Stat: "cov", Offset: 2, Width: 1}, {Tap: "b", Grid: 1, Offset: 3, Width: 2},
		},
	}
	narrow := func(names ...string) *backbone.Feature {
		f := &backbone.Feature{Text: "narrow"}
		for _, name := range names {
			tap := backbone.Tap{Width: 2, Grids: []int{1}}
			tap.Tensor.Name = name
			f.Taps = append(f.Taps, tap)
			f.Width += 2
		}
		return f
	}
	part := wide.Part(narrow("a", "b"))
	if part == nil || !reflect.DeepEqual(part.Features, head.Features{Rows: 2, Cols: 4, Data: []float32{1, 2, 4, 5, 6, 7, 9, 10}}) {
		t.Fatalf("got %+v", part)
	}
	if part.Network.Tap != "narrow" || part.Network.Width != 4 || wide.Network.Width != 5 || part.Blocks[1].Offset != 2 || part.PerItem != 2 {
		t.Errorf("got %+v, %+v", part.Network, part.Blocks)
	}
	if got := wide.Part(narrow("b")); got == nil || !reflect.DeepEqual(got.Features.Data, []float32{4, 5, 9, 10}) {
		t.Errorf("the second tap alone: %+v", got)
	}
	for name, f := range map[string]*backbone.Feature{"another tap": narrow("a", "c"), "no feature": nil, "as wide": narrow("a", "b", "c"), "unknown width": {}} {
		if got := wide.Part(f); got != nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if alone := wide.WithViews(1); alone.Views.Train != 1 || wide.Views.Train != 2 {
		t.Errorf("views %+v of %+v", alone.Views, wide.Views)
	}
}
