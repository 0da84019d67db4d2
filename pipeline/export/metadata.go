package export

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"strconv"

	"finetune/backbone"
	"finetune/head"
)

// The version of the metadata. It rises when a key that is there changes its meaning.
const metadataVersion = "1"

// Metadata says, in text, what a program needs to read the answers and to know where they come from. Lists are JSON.
// Keys of what a head doesn't have are absent.
func Metadata(h *head.Head, version string) (map[string]string, error) {
	sum := sha256.New()
	if err := h.Write(sum); err != nil {
		return nil, err
	}
	d := h.Description()
	meta := map[string]string{
		"finetune.format": metadataVersion, "finetune.version": version, "finetune.order": "ascending",
		"finetune.decision": string(d.Decision), "finetune.temperature": number(d.Temperature),
		"finetune.loss": d.Loss.Name, "finetune.probability": d.Loss.Rule(),
		"finetune.head": hex.EncodeToString(sum.Sum(nil)), // SHA-256 of the file that Head.Save writes
	}
	for key, text := range map[string]string{
		"finetune.backbone": d.Origin.Backbone, "finetune.tap": d.Origin.Tap, "finetune.views": d.Origin.Views,
		backbone.PreprocessingKey: d.Origin.Preprocessing,
	} {
		if text != "" {
			meta[key] = text
		}
	}
	if d.Sets != (head.Sets{}) {
		meta["finetune.coverage"], meta["finetune.set_threshold"] = number(d.Sets.Coverage), number(d.Sets.Threshold)
		meta["finetune.set_units"] = strconv.Itoa(d.Sets.Units)
	}
	list(meta, "finetune.classes", d.Space.Classes())
	list(meta, "finetune.values", d.Space.Values())
	list(meta, "finetune.edges", d.Space.Edges())
	list(meta, "finetune.positions", d.Loss.Ground.Positions)
	list(meta, "finetune.distances", d.Loss.Ground.Matrix)
	return meta, nil
}

// list adds a list as JSON where it isn't empty. Strings and finite numbers always have a JSON form.
func list[T any](meta map[string]string, key string, values []T) {
	if len(values) > 0 {
		text, _ := json.Marshal(values)
		meta[key] = string(text)
	}
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
