package pipeline

import (
	"finetune/head"
	"finetune/loss"
)

// fillConfig completes the configuration of a head with what the data says, and checks its loss.
func fillConfig(t *table, cfg head.Config) (head.Config, error) {
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
