package crossval

import (
	"finetune/head"
	"finetune/loss"
	"finetune/pipeline/features"
)

// fillConfig completes the configuration of a head with what the data says, and checks its loss.
func HeadConfig(t *features.Table, cfg head.Config) (head.Config, error) {
	cfg.Loss.Classes = t.Set.Space.Len()
	if cfg.SelfGuided {
		return cfg, nil // the ground distance comes, and is checked, while training
	}
	if t.Labels.Positions != nil && cfg.Loss.Ground.Matrix == nil {
		cfg.Loss.Ground = loss.Positions(t.Set.Space.Values())
	}
	_, err := loss.New[float32](cfg.Loss)
	return cfg, err
}
