package pipeline

import (
	"context"

	"finetune/backbone"
	"finetune/head"
	"finetune/loss"
	"finetune/pipeline/dataset"
)

// A table is features with the items that they belong to: row i is that of set.Items[i].
type table struct {
	set        *dataset.Set    // readable images only
	labels     dataset.Options // how their labels were read
	features   head.Features
	network    *NetworkInfo     // nil where a feature folder doesn't say
	blocks     []backbone.Block // which numbers of a row come from where; nil where that isn't known
	unreadable []Unreadable
	close      func() error
}

// Close gives back what the features are mapped from.
func (t *table) Close() error {
	if t.close == nil {
		return nil
	}
	return t.close()
}

// origin is what a trained head remembers of its features.
func (t *table) origin() head.Origin {
	var o head.Origin
	if t.network != nil {
		o.Backbone, o.Tap, o.Preprocessing = t.network.Digest, t.network.Tap, t.network.Preprocessing.String()
	}
	return o
}

// fillConfig completes the configuration of a head with what the data says, and checks its loss.
func (t *table) fillConfig(cfg head.Config) (head.Config, error) {
	cfg.Loss.Classes = t.set.Space.Len()
	if cfg.SelfGuided {
		return cfg, nil // the ground distance comes, and is checked, while training
	}
	if t.labels.Positions != nil && cfg.Loss.Ground.Matrix == nil {
		cfg.Loss.Ground = loss.Positions(t.set.Space.Values())
	}
	_, err := loss.New[float32](cfg.Loss)
	return cfg, err
}

// extractTable brings the features of all items into memory.
func extractTable(ctx context.Context, x *extractor, set *dataset.Set, labels dataset.Options) (*table, error) {
	t := &table{set: set, labels: labels}
	readable := make([]dataset.Item, 0, len(set.Items))
	var err error
	t.unreadable, err = x.extract(ctx, set.Items, func(b featureBlock) error {
		if t.features.Data == nil {
			t.features.Data = make([]float32, 0, len(set.Items)*b.cols)
		}
		t.features.Cols = b.cols
		t.features.Data = append(t.features.Data, b.rows...)
		for _, i := range b.read {
			readable = append(readable, set.Items[i])
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(readable) == 0 {
		return nil, noneReadable(set)
	}
	t.features.Rows, t.network = len(readable), x.net.info(t.features.Cols)
	t.blocks = x.net.about.Blocks
	kept := *set
	kept.Items = readable
	t.set = &kept
	return t, nil
}

// examples are the rows of the table as the head learns from them.
func (t *table) examples(soften Softening) head.Examples {
	k := t.set.Space.Len()
	e := head.Examples{Features: t.features, Targets: make([]float32, len(t.set.Items)*k)}
	weighted := false
	for i, item := range t.set.Items {
		target := e.Targets[i*k : (i+1)*k]
		if item.Target == nil {
			soften.target(target, item.Label)
		}
		for j, p := range item.Target {
			target[j] = float32(p)
		}
		weighted = weighted || item.Weight != 1
	}
	if weighted {
		for _, item := range t.set.Items {
			e.Weights = append(e.Weights, float32(item.Weight))
		}
	}
	return e
}
