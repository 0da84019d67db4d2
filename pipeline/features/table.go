package features

import (
	"cmp"
	"context"
	"fmt"

	"finetune/backbone"
	"finetune/head"
	"finetune/internal/store/scratch"
	"finetune/loss"
	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
)

// A Table is a feature matrix with its items: Set.Items[i] has PerItem rows that follow each other, one for each view. They begin at
// i·PerItem, unless the features lie in parts. See [Table.Rows].
// Rows of views that are not needed are undefined.
type Table struct {
	Set        *dataset.Set    // readable images only
	Labels     dataset.Options // how their labels were read
	Features   head.Features
	PerItem    int              // rows of an item
	Views      ViewConfig       // what they are used for
	Network    *NetworkInfo     // nil for a feature folder without meta.json
	Blocks     []backbone.Block // the parts of a row; nil if unknown
	Unreadable []artifact.Unreadable
	// NetworkFile is the file of a network that was made for these features and goes with what is trained on them; "" where the
	// network is the user's or the embedded one.
	NetworkFile string
	close       func() error
	check       func() error // that no file of the features was changed; nil: nothing to check
	places      []int        // where the rows of each item begin, in multiples of PerItem; nil: at the item's own number
}

// Close releases the feature matrix.
func (t *Table) Close() error {
	if t.close == nil {
		return nil
	}
	return t.close()
}

// Check returns an error if another program changed a file of the features while they were in use. What was made of them must then
// not be published.
func (t *Table) Check() error {
	if t.check == nil {
		return nil
	}
	return t.check()
}

// End is Close at the end of a job. Of a job that failed because a file of the features was changed it says so in err.
func (t *Table) End(err *error) {
	if *err != nil {
		*err = cmp.Or(t.Check(), *err)
	}
	t.Close()
}

// Origin describes the features for the file of a trained head.
func (t *Table) Origin() head.Origin {
	var o head.Origin
	if t.Network != nil {
		o.Backbone, o.Tap, o.Preprocessing = t.Network.Digest, t.Network.Tap, t.Network.Preprocessing.String()
	}
	o.Views = t.Views.Average()
	return o
}

// reserve allocates a matrix of that many values: in memory, or in a temporary file if it would take more than half
// of the memory.
func (t *Table) reserve(x *Extractor, numbers int) error {
	most := x.images.MatrixBytes
	if most == 0 {
		most = scratch.Memory() / 2
	}
	if most == 0 || 4*int64(numbers) <= most {
		// What isn't written to takes no memory on any system that maps pages when they are touched.
		t.Features.Data = make([]float32, numbers)
		return nil
	}
	dir, err := cacheFolder(x.images.Cache, "scratch")
	if err != nil {
		return err
	}
	room, err := scratch.New(dir, numbers)
	if err != nil {
		return fmt.Errorf("make room for the features: %w", err)
	}
	x.progress.Note(fmt.Sprintf("memory:   the features, %.1f GB, are in a temporary file in %s", 4*float64(numbers)/1e9, dir))
	t.Features.Data, t.close = room.Data, room.Close
	return nil
}

// ExtractTable computes the features of all items; wanted returns the number of views that each needs.
func ExtractTable(ctx context.Context, x *Extractor, set *dataset.Set, labels dataset.Options, views ViewConfig, wanted Demand) (_ *Table, err error) {
	t := &Table{Labels: labels, PerItem: views.Rows(), Views: views}
	defer func() {
		if err != nil {
			t.Close()
		}
	}()
	if err := noteWhite(ctx, x, set.Items); err != nil {
		return nil, err
	}
	has, err := wanted(set)
	if err != nil {
		return nil, err
	}
	kept := *set
	kept.Items = make([]dataset.Item, 0, len(set.Items))
	var keptViews []int
	t.Unreadable, err = x.Extract(ctx, set.Items, func(item int) int { return has[item] }, func(b Block) error {
		t.Features.Cols = b.Cols
		if t.Features.Data == nil {
			if err := t.reserve(x, len(set.Items)*t.PerItem*b.Cols); err != nil {
				return err
			}
		}
		for i, item := range b.Read {
			copy(t.Features.Data[len(kept.Items)*t.PerItem*b.Cols:], b.RowsOf(i))
			kept.Items, keptViews = append(kept.Items, set.Items[item]), append(keptViews, has[item])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(kept.Items) == 0 {
		return nil, noneReadable(set)
	}
	if len(t.Unreadable) == 0 {
		return t.complete(x, set), nil // the same set, so that a split of it stays valid
	}
	if ok, err := suffices(keptViews, wanted, &kept); err != nil || !ok {
		if err != nil {
			return nil, err
		}
		x.progress.Note("images that can't be read change which ones are trained on; their views come now")
		if err := t.Close(); err != nil {
			return nil, err
		}
		again, err := ExtractTable(ctx, x, &kept, labels, views, wanted)
		if err == nil {
			again.Unreadable = append(t.Unreadable, again.Unreadable...)
		}
		return again, err
	}
	return t.complete(x, &kept), nil
}

// complete describes the rows of the items of set, which are all that was read.
func (t *Table) complete(x *Extractor, set *dataset.Set) *Table {
	t.Features.Rows = len(set.Items) * t.PerItem
	t.Features.Data = t.Features.Data[:t.Features.Rows*t.Features.Cols]
	t.Set, t.Network, t.Blocks = set, x.Net.info(t.Features.Cols), x.Net.about.Blocks
	if x.images.lowered != nil {
		t.NetworkFile = x.Net.file
	}
	return t
}

// suffices reports whether the items of a set have the views that they need.
func suffices(views []int, wanted Demand, set *dataset.Set) (bool, error) {
	now, err := wanted(set)
	for i, n := range now {
		if n > views[i] {
			return false, err
		}
	}
	return true, err
}

// Plain returns the rows of the images without augmentation; nil items are all.
func (t *Table) Plain(items []int) []int { return t.Rows(items, 1) }

// Rows returns the first few rows of each item; nil items are all.
func (t *Table) Rows(items []int, few int) []int {
	return RowsOf(t.Places(items), t.Features.Rows, t.PerItem, few)
}

// Places returns where items have their rows in the matrix, in multiples of PerItem; nil items are all, and nil is returned where that
// means the whole matrix in order.
func (t *Table) Places(items []int) []int {
	if t.places == nil {
		return items
	}
	if items == nil {
		return t.places
	}
	places := make([]int, len(items))
	for i, item := range items {
		places[i] = t.places[item]
	}
	return places
}

func (t *Table) plainRow(item int) []float32 {
	if t.places != nil {
		item = t.places[item]
	}
	return t.Features.Row(item * t.PerItem)
}

// Together returns the rows of the items from first on that follow each other in the matrix, of at most so many items.
func (t *Table) Together(first, most int) (f head.Features, items int) {
	items = min(most, len(t.Set.Items)-first)
	at := first
	if t.places != nil {
		at = t.places[first]
		for i := range items {
			if t.places[first+i] != at+i {
				items = i
				break
			}
		}
	}
	f = head.Features{Rows: items * t.PerItem, Cols: t.Features.Cols}
	f.Data = t.Features.Data[at*t.PerItem*f.Cols:][:f.Rows*f.Cols]
	return f, items
}

// examples are the rows of the table as a head learns from them. spread writes the target of a label, nil for a one-hot one; votes
// stay as they are.
func (t *Table) Examples(spread func(dst []float32, label int)) head.Examples {
	if spread == nil {
		spread = loss.OneHot[float32]
	}
	k := t.Set.Space.Len()
	e := head.Examples{Features: t.Features, Targets: make([]float32, len(t.Set.Items)*k)}
	if t.Views.Train > 1 {
		e.Views, e.Index = t.PerItem, t.Places(nil)
	} else {
		e.Index = t.Plain(nil)
	}
	e.Groups = t.groups()
	weighted := false
	for i, item := range t.Set.Items {
		row := e.Targets[i*k : (i+1)*k]
		if item.Target == nil {
			spread(row, item.Label)
		}
		for j, p := range item.Target {
			row[j] = float32(p)
		}
		weighted = weighted || item.Weight != 1
	}
	if weighted {
		for _, item := range t.Set.Items {
			e.Weights = append(e.Weights, float32(item.Weight))
		}
	}
	return e
}

// RowsOf returns the first few rows of each item, where every item has perItem of them. Nil items are all; the result
// is nil for all rows.
func RowsOf(items []int, rows, perItem, few int) []int {
	if items == nil {
		items = make([]int, rows/perItem)
		for i := range items {
			items[i] = i
		}
	}
	index := make([]int, 0, len(items)*few)
	for _, item := range items {
		for v := range few {
			index = append(index, item*perItem+v)
		}
	}
	return index
}
