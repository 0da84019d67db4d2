package features

import (
	"context"
	"errors"
	"fmt"
	"image"
	"iter"
	"slices"

	"finetune/backbone"
	"finetune/internal/store/featurestore"
	"finetune/internal/store/half"
	"finetune/pipeline/dataset"
	"finetune/preprocess"
)

// A Block is the outcome for consecutive items: a row for each view of each that could be read. Items are numbered from 0
// over the whole extraction.
type Block struct {
	First      int            // number of the first item
	Items      []dataset.Item // all of them
	Cols       int
	Read       []int              // the items that have rows, in order
	first      []int              // the first row of each, which is that of the picture itself; then the number of rows
	keys       []featurestore.Key // of what was read: equal images have equal keys
	Rows       []float32          // first[len(read)] × cols
	unreadable []failure          // the others, in order
	most       int                // rows if all items can be read
	computed   int                // rows that the network made, the rest being from the cache
	notFinite  []int              // rows with a number that is NaN or infinite, or too large for float16 where they are rounded
	largest    int                // sample of the images of 16 bits among the first of a stream; 0: none
	half       bool               // rows are rounded to float16
}

// of returns the rows of the i-th item that was read, one view after the other.
func (b *Block) RowsOf(i int) []float32 { return b.Rows[b.first[i]*b.Cols : b.first[i+1]*b.Cols] }

// Unreadable returns the items without rows, in order, with the reason of each.
func (b *Block) Unreadable() iter.Seq2[int, error] {
	return func(yield func(int, error) bool) {
		for _, f := range b.unreadable {
			if !yield(f.item, f.err) {
				return
			}
		}
	}
}

// An Outcome is an item with its rows, or the reason why it has none.
type Outcome struct {
	Item   dataset.Item
	Rows   []float32 // one view after the other
	Reason error
}

// Outcomes returns what became of every item, in order.
func (b *Block) Outcomes() iter.Seq[Outcome] {
	return func(yield func(Outcome) bool) {
		reasons := b.unreadable
		for i, item := range b.Items {
			o := Outcome{Item: item}
			if len(reasons) > 0 && reasons[0].item == b.First+i {
				o.Reason, reasons = reasons[0].err, reasons[1:]
			} else {
				o.Rows = b.RowsOf(i - len(b.unreadable) + len(reasons))
			}
			if !yield(o) {
				return
			}
		}
	}
}

// reserve makes room for all rows once their width is known.
func (b *Block) reserve() {
	if n := b.most * b.Cols; len(b.Rows) < n {
		b.Rows = append(b.Rows, make([]float32, n-len(b.Rows))...)
	}
}

// dropNotFinite moves the items with rows that aren't finite from those that were read to those that can't be, for the reason why.
func (b *Block) dropNotFinite(why error) {
	if len(b.notFinite) == 0 {
		return
	}
	kept := Block{First: b.First, Items: b.Items, Cols: b.Cols, first: []int{0}, unreadable: b.unreadable,
		computed: b.computed}
	for i, item := range b.Read {
		if slices.ContainsFunc(b.notFinite, func(row int) bool { return row >= b.first[i] && row < b.first[i+1] }) {
			kept.unreadable = append(kept.unreadable, failure{item, why})
			continue
		}
		kept.Read, kept.keys = append(kept.Read, item), append(kept.keys, b.keys[i])
		kept.Rows = append(kept.Rows, b.RowsOf(i)...)
		kept.first = append(kept.first, kept.first[len(kept.first)-1]+b.first[i+1]-b.first[i])
	}
	slices.SortFunc(kept.unreadable, func(a, b failure) int { return a.item - b.item })
	*b = kept
}

var (
	errNotFinite = errors.New("the network answers with numbers that aren't finite")
	errNotHalf   = fmt.Errorf("the network answers with numbers that aren't finite or too large for float16 (above %d)", half.Largest)
)

// A failure is an item that couldn't be read.
type failure struct {
	item int
	err  error
}

// An extractWorker is what one worker keeps to itself: a transformer and buffers.
type Worker struct {
	x         *Extractor
	batch     int // pictures that go through the network at once; 0: they are left to others, as levels
	transform *preprocess.Transformer
	watches   bool                    // of a stream: white looks at its first images
	white     *preprocess.Transformer // nil until then
	files     ImageReader
	tensor    []float32        // pictures waiting for the network
	levels    []uint8          // the same as levels, where they are left to others
	waiting   []waiting        // what they are
	key       featurestore.Key // of the image that was read last
	failed    error            // of the network or the cache, in the middle of an image
}

// waiting is a picture whose feature must be computed.
type waiting struct {
	row  int // where its feature belongs in the block
	view int
	key  featurestore.Key
}

// block brings the features of a job's items, as many views of each as views says.
func (w *Worker) block(ctx context.Context, j job, views func(item int) int) (Block, error) {
	b, err := w.gather(ctx, j, views)
	if err != nil {
		return b, err
	}
	if err := w.compute(ctx, &b); err != nil {
		return b, fmt.Errorf("features of %s: %w", j.items[0].Path, err)
	}
	b.finish()
	return b, nil
}

// gather does so but for the pictures that wait at the end.
func (w *Worker) gather(ctx context.Context, j job, views func(item int) int) (Block, error) {
	b := Block{First: j.first, Items: j.items, Cols: w.x.storedCols(), half: w.x.images.half(), first: []int{0}}
	w.waiting = w.waiting[:0]
	for n := range j.items {
		b.most += views(j.first + n)
	}
	b.reserve()
	for n, item := range j.items {
		i := j.first + n
		if err := ctx.Err(); err != nil {
			return b, err
		}
		row, waiting := b.first[len(b.Read)], len(w.waiting)
		if err := w.picture(ctx, item, row, views(i), &b); err != nil {
			if w.failed != nil {
				return b, fmt.Errorf("features of %s: %w", j.items[0].Path, w.failed)
			}
			reason, fault := Fault(err)
			if !fault {
				return b, fmt.Errorf("%s: %w", item.Path, err)
			}
			w.waiting = w.waiting[:min(waiting, len(w.waiting))]
			b.notFinite = slices.DeleteFunc(b.notFinite, func(r int) bool { return r >= row })
			b.unreadable = append(b.unreadable, failure{i, reason})
			continue
		}
		b.Read, b.first, b.keys = append(b.Read, i), append(b.first, row+views(i)), append(b.keys, w.key)
	}
	return b, nil
}

// finish closes a block whose rows are all there.
func (b *Block) finish() {
	b.Rows = b.Rows[:b.first[len(b.Read)]*b.Cols]
	why := errNotFinite
	if b.half {
		why = errNotHalf
	}
	b.dropNotFinite(why)
}

// picture brings the features of an image's views from the cache to the block, or their tensors among those that wait, which go
// through the network once they fill a batch. The image is decoded once, and only where a view is missing. The error says why the
// image can't be read.
func (w *Worker) picture(ctx context.Context, item dataset.Item, row, views int, b *Block) error {
	data, err := w.files.Read(ctx, item)
	if err != nil {
		return err
	}
	w.key = featurestore.KeyOf(data)
	if w.watches && b.First+len(b.Read)+len(b.unreadable) < whiteSample {
		b.largest = max(b.largest, w.deepest(ctx, data))
	}
	if views == 1 {
		return w.plain(ctx, row, data, b)
	}
	var picture *image.NRGBA
	shown := ViewTensors{Plan: w.x.images.plan(), Side: w.x.Net.Spec.Side()}
	for v := range views {
		if b.Cols > 0 && w.x.cached(v, w.key, b.Rows[(row+v)*b.Cols:][:b.Cols]) {
			continue
		}
		if picture == nil {
			if picture, err = w.decode(ctx, data); err != nil {
				return err
			}
		}
		if err := shown.Write(w.transform, w.slot(), picture, v, w.key); err != nil {
			return err
		}
		if err := w.wait(ctx, waiting{row + v, v, w.key}, b); err != nil {
			return err
		}
	}
	return nil
}

// plain does so for an image without other views. Its pixels go from the decoder to the resizer row by row, so the picture is
// never whole in memory.
func (w *Worker) plain(ctx context.Context, row int, data []byte, b *Block) error {
	if b.Cols > 0 && w.x.cached(0, w.key, b.Rows[row*b.Cols:][:b.Cols]) {
		return nil
	}
	if err := w.begin(ctx); err != nil {
		return err
	}
	if err := w.transform.Write(w.slot(), data); err != nil {
		return err
	}
	return w.wait(ctx, waiting{row, 0, w.key}, b)
}

// wait adds the picture whose tensor was written to the slot, and runs the network where the batch is full.
func (w *Worker) wait(ctx context.Context, p waiting, b *Block) error {
	if w.waiting = append(w.waiting, p); w.batch == 0 || len(w.waiting) < w.batch {
		return nil
	}
	w.failed = w.compute(ctx, b)
	return w.failed
}

// begin makes the transformer when it is first needed.
func (w *Worker) begin(ctx context.Context) (err error) {
	if w.transform == nil {
		if w.transform, err = w.x.Net.Transformer(); err != nil {
			return err
		}
	}
	w.transform.Stop = ctx.Err
	return nil
}

// decode decodes an image file.
func (w *Worker) decode(ctx context.Context, data []byte) (*image.NRGBA, error) {
	if err := w.begin(ctx); err != nil {
		return nil, err
	}
	return w.transform.Decode(data)
}

// slot is where the next tensor waits.
func (w *Worker) slot() preprocess.Target {
	size := w.transform.Len()
	if w.batch == 0 {
		end := (len(w.waiting) + 1) * size
		w.levels = slices.Grow(w.levels[:end-size], size)[:end]
		return preprocess.Target{Levels: w.levels[end-size:]}
	}
	if most := w.batch * size; len(w.tensor) < most && len(w.waiting) == 0 {
		w.tensor = make([]float32, most)
	}
	return preprocess.Target{Numbers: w.tensor[len(w.waiting)*size:][:size]}
}

// sample returns the tensors of a few pictures that went through the network before.
func (w *Worker) sample() []float32 {
	return w.tensor[:min(w.batch, 2)*w.transform.Len()]
}

// compute runs the network on the pictures that wait, puts the features in their rows and in the cache.
func (w *Worker) compute(ctx context.Context, b *Block) error {
	n := len(w.waiting)
	if n == 0 {
		return nil
	}
	net, err := w.x.Net.Start()
	if err != nil {
		return err
	}
	features := make([]float32, n*net.Dim())
	err = net.Features(ctx, w.tensor[:n*w.transform.Len()], n, features)
	var notFinite *backbone.NotFiniteError
	if err != nil && !errors.As(err, &notFinite) {
		return err
	}
	err = w.x.put(b, w.waiting, features, net.Dim(), func(i int) bool { return notFinite != nil && slices.Contains(notFinite.Rows, i) })
	w.waiting = w.waiting[:0]
	return err
}

// put puts features that were computed in their rows of a block and in the cache, unless they aren't finite.
func (x *Extractor) put(b *Block, pictures []waiting, features []float32, cols int, broken func(i int) bool) error {
	if len(pictures) == 0 {
		return nil
	}
	b.Cols = cols
	b.reserve()
	for i, p := range pictures {
		row := features[i*cols:][:cols]
		if broken(i) {
			b.notFinite = append(b.notFinite, p.row)
			continue
		}
		copy(b.Rows[p.row*cols:], row)
		if err := x.keep(p.view, p.key, row); err != nil {
			return err
		}
	}
	b.computed += len(pictures)
	return nil
}
