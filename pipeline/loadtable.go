package pipeline

import (
	"context"

	"finetune/pipeline/dataset"
)

// loadTable brings the features to learn from: those of a feature folder, or else of the images, computed where they aren't
// cached. Check sees the labels before any feature is computed and says what can't be done with them.
func loadTable(ctx context.Context, data dataset.Options, images Images, features string, p Progress, check func(*dataset.Set) error) (*table, error) {
	if features != "" {
		table, err := openFeatureFolder(ctx, features, data)
		if err != nil {
			return nil, err
		}
		tell(p, table.set)
		if err := check(table.set); err != nil {
			table.Close()
			return nil, err
		}
		return table, nil
	}
	set, err := dataset.Load(ctx, data)
	if err != nil {
		return nil, err
	}
	tell(p, set)
	if err := check(set); err != nil {
		return nil, err
	}
	x, err := startExtractor(images, len(set.Items), p)
	if err != nil {
		return nil, err
	}
	table, err := extractTable(ctx, x, set, data)
	if closeErr := x.Close(); err == nil {
		err = closeErr
	}
	return table, err
}
