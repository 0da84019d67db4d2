package features

import (
	"context"

	"finetune/backbone"
	"finetune/pipeline/dataset"
	"finetune/pipeline/progress"
)

// A Source is where a job's features come from: a feature folder, or images whose features are computed unless they
// are cached.
type Source struct {
	Data    dataset.Options // of a feature folder only Order, Positions and Bins count
	Images  Images
	Folder  string // a feature folder, instead of Data.Path and Images; "": none
	TTA     int    // views of an image that a prediction is the mean of, as ResolveViews takes it
	Threads int    // 0: all cores
	// Usable returns the items that aren't held out, from which a network of another precision may be made; nil: all are usable.
	Usable   func(*dataset.Set) ([]dataset.Item, error)
	Progress progress.Reporter
}

// Load returns the features of all readable images. check receives the labels before any feature is computed and
// reports what cannot be trained on; wanted returns the number of views that each image needs.
func (s Source) Load(ctx context.Context, check func(*dataset.Set) error, wanted func(ViewConfig) Demand) (*Table, error) {
	if s.Folder != "" {
		return s.open(ctx, check)
	}
	views, err := ResolveViews(s.Images, s.TTA)
	if err != nil {
		return nil, err
	}
	set, err := dataset.Load(ctx, s.Data)
	if err != nil {
		return nil, err
	}
	NoteData(s.Progress, set)
	if err := check(set); err != nil {
		return nil, err
	}
	s.Images.Views = views.Rows()
	usable := set.Items
	if s.Usable != nil {
		if usable, err = s.Usable(set); err != nil {
			return nil, err
		}
	}
	if s.Images, err = s.Images.Lower(ctx, usable, set.Space.Len(), s.Threads, s.Progress); err != nil {
		return nil, err
	}
	x, err := StartExtractor(s.Images, s.Threads, len(set.Items)*views.Rows(), s.Progress)
	if err != nil {
		return nil, err
	}
	table, err := ExtractTable(ctx, x, set, s.Data, views, wanted(views))
	if closeErr := x.Close(); err == nil {
		err = closeErr
	}
	return table, err
}

func (s Source) open(ctx context.Context, check func(*dataset.Set) error) (_ *Table, err error) {
	table, err := OpenFolder(ctx, s.Folder, s.Data)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			table.Close()
		}
	}()
	if err := table.use(s.Images, s.TTA); err != nil {
		return nil, err
	}
	if n := table.Network; n != nil && n.Features == backbone.Float16 {
		s.Progress.Note(halfNote)
	}
	NoteData(s.Progress, table.Set)
	if err := check(table.Set); err != nil {
		return nil, err
	}
	return table, nil
}
