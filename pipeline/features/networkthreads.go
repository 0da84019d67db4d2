package features

import (
	"context"
	"errors"
	"slices"

	"finetune/backbone"
)

// tryThreads starts the network a second time, with that many threads a run, and uses it if it runs on the CPU and
// gives the same bits for a few images. It must not be called while workers run.
func (n *Network) tryThreads(ctx context.Context, threads int, pictures []float32) (bool, error) {
	if err := n.dropThreads(); err != nil {
		return false, err
	}
	alone, err := n.Start()
	if err != nil || alone.Device() != "cpu" {
		return false, err
	}
	helped, err := n.open(threads)
	if err != nil {
		return false, nil // there may be no room for it twice
	}
	same, err := sameFeatures(ctx, alone, helped, pictures, len(pictures)/n.tensorLen())
	var notFinite *backbone.NotFiniteError
	if errors.As(err, &notFinite) {
		err = nil // they say nothing about the threads; where it is an image, its row says so
	}
	if err != nil || !same {
		helped.Close()
		return false, err
	}
	n.helped, n.threads = helped, threads
	return true, nil
}

func sameFeatures(ctx context.Context, a, b *backbone.Backbone, pictures []float32, count int) (bool, error) {
	ours, theirs := make([]float32, count*a.Dim()), make([]float32, count*b.Dim())
	if err := a.Features(ctx, pictures, count, ours); err != nil {
		return false, err
	}
	if err := b.Features(ctx, pictures, count, theirs); err != nil {
		return false, err
	}
	return slices.Equal(ours, theirs), nil
}

// dropThreads returns to one thread a run.
func (n *Network) dropThreads() error {
	if n.helped == nil {
		return nil
	}
	helped := n.helped
	n.helped, n.threads = nil, 0
	return helped.Close()
}

// keepThreads fixes the number of threads a run, which was tried before, and closes the network that is not used.
func (n *Network) keepThreads(threads int) (err error) {
	if threads == 1 {
		return n.dropThreads()
	}
	if n.helped == nil || n.threads != threads {
		if err := n.dropThreads(); err != nil {
			return err
		}
		if n.helped, err = n.open(threads); err != nil {
			return err
		}
	}
	err = n.running.value.Close()
	n.running.value, n.helped = n.helped, nil
	return err
}

// tensorLen is the number of values of an image tensor.
func (n *Network) tensorLen() int { return 3 * n.Spec.Height * n.Spec.Width }

// usualSplit is the split of work without measurements, one core a worker, and the largest batch to try. A batch that
// the file fixes is filled.
func (x *Extractor) usualSplit() (s workSplit, largest int) {
	numbers, fixed := x.Net.tensorLen(), x.Net.about.Image.Batch
	s = workSplit{workers: x.threads, threads: 1, batch: x.images.Batch}
	largest = largestBatch(numbers)
	switch {
	case s.batch > 0:
		largest = s.batch
	case fixed > 0:
		s.batch = max(1, min(BlockSize, largest)/fixed) * fixed
		largest = s.batch
	default:
		s.batch = min(BlockSize, largest)
	}
	return s.within(numbers, fixed), largest
}
