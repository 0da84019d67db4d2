package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"finetune/internal/featurestore"
	"finetune/pipeline/dataset"
	"finetune/preprocess"
)

// A featureBlock is the outcome for consecutive items: a row for each that could be read.
type featureBlock struct {
	cols       int
	read       []int              // the items that have a row, in order
	keys       []featurestore.Key // of what was read: equal images have equal keys
	rows       []float32          // len(read) × cols
	unreadable []failure          // the others, in order
	computed   int                // rows that the network made, the rest being from the cache
}

// A failure is an item that couldn't be read.
type failure struct {
	item int
	err  error
}

// An extractWorker is what one worker keeps to itself: a transformer and buffers.
type extractWorker struct {
	x         *extractor
	transform *preprocess.Transformer
	file      []byte
	tensor    []float32        // pictures waiting for the network
	waiting   []waiting        // what they are
	key       featurestore.Key // of the image that was read last
}

// waiting is a picture whose feature must be computed.
type waiting struct {
	row int // where its feature belongs in the block
	key featurestore.Key
}

// block brings the features of items[first:end].
func (w *extractWorker) block(ctx context.Context, items []dataset.Item, first, end int) (featureBlock, error) {
	b := featureBlock{cols: w.x.storedCols()}
	b.rows = make([]float32, (end-first)*b.cols)
	w.waiting = w.waiting[:0]
	for i := first; i < end; i++ {
		if err := ctx.Err(); err != nil {
			return b, err
		}
		row := len(b.read)
		if err := w.picture(items[i], row, b.rows[row*b.cols:][:b.cols]); err != nil {
			b.unreadable = append(b.unreadable, failure{i, err})
			continue
		}
		b.read, b.keys = append(b.read, i), append(b.keys, w.key)
	}
	b.computed = len(w.waiting)
	if err := w.compute(ctx, &b); err != nil {
		return b, fmt.Errorf("features of %s: %w", items[first].Path, err)
	}
	b.rows = b.rows[:len(b.read)*b.cols]
	return b, nil
}

// picture brings the feature of one image from the cache to dst, or its tensor among those that wait. The error
// says why the image can't be read.
func (w *extractWorker) picture(item dataset.Item, row int, dst []float32) error {
	data, err := w.read(item.File)
	if err != nil {
		return err
	}
	w.key = featurestore.KeyOf(data)
	if len(dst) > 0 && w.x.store.Get(w.key, dst) {
		return nil
	}
	if w.transform == nil {
		if w.transform, err = w.x.net.transformer(); err != nil {
			return err
		}
	}
	size := w.transform.Len()
	if w.tensor == nil {
		w.tensor = make([]float32, blockSize*size)
	}
	if err := w.transform.Tensor(w.tensor[len(w.waiting)*size:][:size], data); err != nil {
		return err
	}
	w.waiting = append(w.waiting, waiting{row, w.key})
	return nil
}

// read reads an image file into the worker's buffer. It stops one byte past the limit, which the decoder then reports.
func (w *extractWorker) read(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, reasonOf(err)
	}
	defer f.Close()
	w.file = w.file[:0]
	limited := io.LimitReader(f, preprocess.MaxBytes+1)
	for {
		if len(w.file) == cap(w.file) {
			w.file = append(w.file, make([]byte, max(1<<16, len(w.file)))...)[:len(w.file)]
		}
		n, err := limited.Read(w.file[len(w.file):cap(w.file)])
		w.file = w.file[:len(w.file)+n]
		if errors.Is(err, io.EOF) {
			return w.file, nil
		}
		if err != nil {
			return nil, reasonOf(err)
		}
	}
}

// reasonOf is the cause of a file error without the path, which the list of unreadable images has already.
func reasonOf(err error) error {
	var pathErr *os.PathError
	if errors.As(err, &pathErr) {
		return pathErr.Err
	}
	return err
}

// compute runs the network on the pictures that wait, puts the features in their rows and in the cache.
func (w *extractWorker) compute(ctx context.Context, b *featureBlock) error {
	n := len(w.waiting)
	if n == 0 {
		return nil
	}
	net, err := w.x.net.start()
	if err != nil {
		return err
	}
	if b.cols == 0 {
		b.cols = net.Dim()
		b.rows = make([]float32, len(b.read)*b.cols)
	}
	features := make([]float32, n*b.cols)
	if err := net.Features(ctx, w.tensor[:n*w.transform.Len()], n, features); err != nil {
		return err
	}
	for i, p := range w.waiting {
		row := features[i*b.cols:][:b.cols]
		copy(b.rows[p.row*b.cols:], row)
		if w.x.store != nil {
			if err := w.x.store.Put(p.key, row); err != nil {
				return err
			}
		}
	}
	return nil
}
