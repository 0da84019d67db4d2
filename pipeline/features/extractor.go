package features

import (
	"context"
	"fmt"
	"iter"

	"finetune/internal/cores"
	"finetune/internal/ort/env"
	"finetune/internal/store/featurestore"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/pipeline/progress"
	"finetune/pipeline/source"
)

// An extractor turns items into feature rows: those that the store has are read, the others computed and stored.
type Extractor struct {
	Net      *Network
	stores   []*featurestore.Store // by view; none without a cache
	images   Images
	threads  int
	progress progress.Reporter
}

// startExtractor opens the network that i names and the feature cache for so many rows, and tells what will be used.
func StartExtractor(i Images, threads, rows int, reporter progress.Reporter) (*Extractor, error) {
	if err := i.Check(); err != nil {
		return nil, err
	}
	if err := cores.Check(threads); err != nil {
		return nil, err
	}
	net, err := OpenNetwork(i, "", rows)
	if err != nil {
		return nil, err
	}
	for _, line := range net.describe() {
		reporter.Note(line)
	}
	return NewExtractor(i, net, threads, reporter)
}

// newExtractor opens the feature cache for a network. The network itself isn't started before a feature is missing.
func NewExtractor(i Images, net *Network, threads int, reporter progress.Reporter) (*Extractor, error) {
	x := &Extractor{Net: net, images: i, threads: cores.Of(threads), progress: reporter}
	net.levels = i.Device != "" && i.Device != env.CPU || i.sessions > 0
	if device, err := net.takeDevice(); err != nil {
		return nil, err
	} else if device != "" {
		reporter.Note("device:   " + device)
	}
	if i.NoCache {
		return x, nil
	}
	root, err := CacheFolder(i.Cache)
	if err != nil {
		return nil, err
	}
	recipe, err := net.recipe()
	if err != nil {
		return nil, err
	}
	for view := range i.views() {
		recipe.View = i.plan().Name(view)
		store, err := featurestore.Open(root, recipe)
		if err != nil {
			x.closeStores()
			return nil, err
		}
		x.stores = append(x.stores, store)
		for _, note := range store.Notes() {
			reporter.Note(note)
		}
	}
	return x, nil
}

// Close closes the stores and ends the network.
func (x *Extractor) Close() error {
	err := x.closeStores()
	if closeErr := x.Net.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (x *Extractor) closeStores() (err error) {
	for _, s := range x.stores {
		if closeErr := s.Close(); err == nil {
			err = closeErr
		}
	}
	return err
}

// storedCols is the width of the rows in the cache, 0 where there are none yet.
func (x *Extractor) storedCols() int {
	for _, s := range x.stores {
		if cols := s.Cols(); cols > 0 {
			return cols
		}
	}
	return 0
}

// cached copies the feature of a view from the cache to dst and reports whether it is there.
func (x *Extractor) cached(view int, key featurestore.Key, dst []float32) bool {
	return view < len(x.stores) && x.stores[view].Cols() == len(dst) && x.stores[view].Get(key, dst)
}

// keep puts the feature of a view into the cache, where there is one.
func (x *Extractor) keep(view int, key featurestore.Key, row []float32) error {
	if x.stores == nil {
		return nil
	}
	return x.stores[view].Put(key, row)
}

// Extract hands emit the features of every item, as many views of it as views says, block by block in the order of the
// items, and returns the items that couldn't be read. Memory doesn't grow with their number. A block without a readable
// image is passed over.
func (x *Extractor) Extract(ctx context.Context, items []dataset.Item, views func(item int) int,
	emit func(b Block) error) ([]artifact.Unreadable, error) {
	var unreadable []artifact.Unreadable
	e := &extraction{x: x, feed: slice(items), total: len(items), views: views}
	e.skip = func(b Block) error {
		for i, reason := range b.Unreadable() {
			unreadable = append(unreadable, artifact.Unreadable{Path: items[i].Path, Reason: reason.Error()})
		}
		limit := x.images.maxUnreadable() * float64(len(items))
		if n := len(unreadable); n > 0 && (x.images.Strict || float64(n) > limit) {
			return x.tooMany(unreadable, len(items))
		}
		return nil
	}
	e.emit = func(b Block) error {
		if len(b.Read) == 0 {
			return nil
		}
		return emit(b)
	}
	err := e.whole(ctx, len(items))
	if err == nil {
		x.note(len(items)-len(unreadable), e.rows, e.computed, len(unreadable))
	}
	return unreadable, err
}

// Stream hands emit the features of the items of a source, so many views of each, block by block in their order. Memory
// doesn't grow with their number. Items that can't be read are in [Block.Unreadable]; with Images.Strict the first ends
// the work. An item that the source is slow to give isn't held back for others to come.
//
// total is the number of items, or -1 where that isn't known. Only a known or assumed total of at least one makes the
// work be split by measuring; 0 leaves it as it usually is, for items that come slowly.
func (x *Extractor) Stream(ctx context.Context, items iter.Seq2[source.Item, error], total, views int,
	emit func(b Block) error) error {
	ctx, cancel := context.WithCancel(ctx)
	feed, wait := stream(ctx, items)
	defer wait()
	defer cancel()
	e := &extraction{x: x, feed: feed, total: total, views: func(int) int { return views }, slow: true}
	var white whiteWatch
	e.emit = func(b Block) error {
		white.see(x, b)
		return emit(b)
	}
	if total < 0 {
		e.total, e.guess = assumedTotal, true
	}
	unreadable := 0
	e.skip = func(b Block) error {
		for i, reason := range b.Unreadable() {
			if unreadable++; x.images.Strict {
				return x.tooMany([]artifact.Unreadable{{Path: b.Items[i-b.First].Path, Reason: reason.Error()}}, 0)
			}
		}
		return nil
	}
	err := e.whole(ctx, max(0, total))
	if err == nil {
		white.end(x)
		x.note(e.next-unreadable, e.rows, e.computed, unreadable)
	}
	return err
}

// whole runs an extraction with its progress shown and its features kept.
func (e *extraction) whole(ctx context.Context, total int) error {
	e.stage = e.x.progress.Start("features", total, "image")
	err := e.run(ctx)
	for _, s := range e.x.stores {
		if err == nil {
			err = s.Flush()
		}
	}
	e.stage.Done()
	for _, s := range e.x.stores {
		for _, note := range s.Notes() {
			e.x.progress.Note(note)
		}
	}
	return err
}

func (x *Extractor) tooMany(list []artifact.Unreadable, total int) error {
	last := list[len(list)-1]
	if x.images.Strict {
		return &invalid.Error{Path: last.Path, Found: last.Reason,
			Hint: "repair or remove the file, or leave out {Images.Strict}"}
	}
	return &invalid.Error{
		Path: last.Path, Found: fmt.Sprintf("%s; with it %d of %d images can't be read", last.Reason, len(list), total),
		Want: fmt.Sprintf("at most %.0f %%", 100*x.images.maxUnreadable()),
		Hint: "mend or remove the files, or raise {Images.MaxUnreadable}",
	}
}

func (x *Extractor) note(images, rows, computed, unreadable int) {
	line := "features"
	if rows > images {
		line = fmt.Sprintf("features of %d views of %d images", rows, images)
	}
	line += fmt.Sprintf(": %d computed, %d from the cache", computed, rows-computed)
	if unreadable > 0 {
		line += fmt.Sprintf(", %d unreadable and skipped", unreadable)
	}
	x.progress.Note(line)
}
