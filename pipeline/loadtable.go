package pipeline

import (
	"context"

	"finetune/pipeline/dataset"
)

// loadTable brings the features to learn from: those of a feature folder, or else of the images, computed where they aren't
// cached. tta is how many views a prediction is the mean of, as viewConfig takes it. Check sees the labels before any feature is
// computed and says what can't be done with them; wanted says how many views of each image are needed.
func loadTable(ctx context.Context, data dataset.Options, images Images, features string, tta int, p Progress,
	check func(*dataset.Set) error, wanted func(ViewConfig) demand) (*table, error) {
	if features != "" {
		table, err := openFeatureFolder(ctx, features, data)
		if err != nil {
			return nil, err
		}
		if err := table.use(images, tta); err != nil {
			table.Close()
			return nil, err
		}
		tell(p, table.set)
		if err := check(table.set); err != nil {
			table.Close()
			return nil, err
		}
		return table, nil
	}
	views, err := viewConfig(images, tta)
	if err != nil {
		return nil, err
	}
	set, err := dataset.Load(ctx, data)
	if err != nil {
		return nil, err
	}
	tell(p, set)
	if err := check(set); err != nil {
		return nil, err
	}
	images.Views = views.rows()
	x, err := startExtractor(images, len(set.Items)*views.rows(), p)
	if err != nil {
		return nil, err
	}
	table, err := extractTable(ctx, x, set, data, views, wanted(views))
	if closeErr := x.Close(); err == nil {
		err = closeErr
	}
	return table, err
}
