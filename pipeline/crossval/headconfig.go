package crossval

import (
	"finetune/head"
	"finetune/loss"
	"finetune/pipeline/features"
)

// HeadConfig returns cfg with the number of classes and, if the classes have values, their ground distance. The error
// is that of loss.New.
func HeadConfig(t *features.Table, cfg head.Config) (head.Config, error) {
	cfg.Loss.Classes = t.Set.Space.Len()
	if cfg.SelfGuided {
		return cfg, nil // training computes the ground distance
	}
	if t.Labels.Positions != nil && cfg.Loss.Ground.Matrix == nil {
		cfg.Loss.Ground = loss.Positions(t.Set.Space.Values())
	}
	_, err := loss.New[float32](cfg.Loss)
	return cfg, err
}
