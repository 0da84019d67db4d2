package pipeline

import (
	"context"
	"fmt"

	"finetune/internal/store/featurestore"
	"finetune/invalid"
	"finetune/pipeline/dataset"
)

// An extractor turns items into feature rows: those that the store has are read, the others computed and stored.
type extractor struct {
	net      *network
	stores   []*featurestore.Store // by view; none without a cache
	images   Images
	progress Progress
}

// startExtractor opens the network that i names and the feature cache for so many rows, and tells what will be used.
func startExtractor(i Images, rows int, progress Progress) (*extractor, error) {
	net, err := openNetwork(i, "", rows)
	if err != nil {
		return nil, err
	}
	for _, line := range net.describe() {
		progress.Note(line)
	}
	return newExtractor(i, net, progress)
}

// newExtractor opens the feature cache for a network. The network itself isn't started before a feature is missing.
func newExtractor(i Images, net *network, progress Progress) (*extractor, error) {
	x := &extractor{net: net, images: i, progress: progress}
	if device, err := net.takeDevice(); err != nil {
		return nil, err
	} else if device != "" {
		progress.Note("device:   " + device)
	}
	if i.NoCache {
		return x, nil
	}
	root, err := cacheFolder(i.Cache, "features")
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
			progress.Note(note)
		}
	}
	return x, nil
}

// Close writes what the stores still hold and ends the network.
func (x *extractor) Close() error {
	err := x.closeStores()
	if closeErr := x.net.Close(); err == nil {
		err = closeErr
	}
	return err
}

func (x *extractor) closeStores() (err error) {
	for _, s := range x.stores {
		if closeErr := s.Close(); err == nil {
			err = closeErr
		}
	}
	return err
}

// storedCols is the width of the rows in the cache, 0 where there are none yet.
func (x *extractor) storedCols() int {
	for _, s := range x.stores {
		if cols := s.Cols(); cols > 0 {
			return cols
		}
	}
	return 0
}

// cached copies the feature of a view from the cache to dst and reports whether it is there.
func (x *extractor) cached(view int, key featurestore.Key, dst []float32) bool {
	return view < len(x.stores) && x.stores[view].Cols() == len(dst) && x.stores[view].Get(key, dst)
}

// keep puts the feature of a view into the cache, where there is one.
func (x *extractor) keep(view int, key featurestore.Key, row []float32) error {
	if x.stores == nil {
		return nil
	}
	return x.stores[view].Put(key, row)
}

// extract hands emit the features of every item, as many views of it as views says, block by block in the order of the items, and
// returns the items that couldn't be read. Memory doesn't grow with their number. A block without a readable image is passed over.
func (x *extractor) extract(ctx context.Context, items []dataset.Item, views func(item int) int, emit func(b featureBlock) error) ([]Unreadable, error) {
	e := &extraction{x: x, items: items, views: views, emit: emit, stage: x.progress.Start("features", len(items), "image")}
	err := e.run(ctx)
	for _, s := range x.stores {
		if err == nil {
			err = s.Flush()
		}
	}
	e.stage.Done()
	if err == nil {
		x.note(len(items)-len(e.unreadable), e.rows, e.computed, len(e.unreadable))
	}
	return e.unreadable, err
}

func (x *extractor) tooMany(list []Unreadable, total int) error {
	last := list[len(list)-1]
	if x.images.Strict {
		return &invalid.Error{Field: last.Path, Found: last.Reason, Hint: "mend or remove the file, or leave out --strict"}
	}
	return &invalid.Error{
		Field: last.Path, Found: fmt.Sprintf("%s; with it %d of %d images can't be read", last.Reason, len(list), total),
		Want: fmt.Sprintf("at most %.0f %%", 100*x.images.maxUnreadable()),
		Hint: "mend or remove the files, or raise --max-unreadable",
	}
}

func (x *extractor) note(images, rows, computed, unreadable int) {
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
