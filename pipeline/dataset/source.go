package dataset

import (
	"math"

	"finetune/pipeline/source"
)

// FromSource returns an image of a source as an item without a label.
func FromSource(it source.Item) Item {
	return Item{Path: EscapePath(it.Name), File: it.File(), Open: it.Append, Label: -1, Text: it.Labels.Label,
		Value: math.NaN(), Weight: 1, Fold: -1}
}
