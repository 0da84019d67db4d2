package features

import (
	"context"

	"finetune/pipeline/dataset"
	"finetune/pipeline/progress"
)

// loadTable brings the features to learn from: those of a feature folder, or else of the images, computed where they aren't
// cached. tta is how many views a prediction is the mean of, as viewConfig takes it. Check sees the labels before any feature is
// computed and says what can't be done with them; wanted says how many views of each image are needed.
func Load(ctx context.Context, data dataset.Options, images Images, features string, tta int, p progress.Reporter,
	check func(*dataset.Set) error, wanted func(ViewConfig) Demand) (*Table, error) {
	if features != "" {
		table, err := OpenFolder(ctx, features, data)
		if err != nil {
			return nil, err
		}
		if err := table.use(images, tta); err != nil {
			table.Close()
			return nil, err
		}
		NoteData(p, table.Set)
		if err := check(table.Set); err != nil {
			table.Close()
			return nil, err
		}
		return table, nil
	}
	views, err := ResolveViews(images, tta)
	if err != nil {
		return nil, err
	}
	set, err := dataset.Load(ctx, data)
	if err != nil {
		return nil, err
	}
	NoteData(p, set)
	if err := check(set); err != nil {
		return nil, err
	}
	images.Views = views.Rows()
	x, err := StartExtractor(images, len(set.Items)*views.Rows(), p)
	if err != nil {
		return nil, err
	}
	table, err := ExtractTable(ctx, x, set, data, views, wanted(views))
	if closeErr := x.Close(); err == nil {
		err = closeErr
	}
	return table, err
}
