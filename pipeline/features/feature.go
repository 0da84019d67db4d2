package features

import (
	"fmt"

	"finetune/backbone"
	"finetune/models"
)

// defaultFeatures are the features to choose from if the user leaves the feature open, the best first
// (docs/defaults.md has the evidence). The first that the network has and that stays within the limits below is used;
// the last is always possible.
var defaultFeatures = []Images{
	{Tap: Multi, Pool: []int{1, 3}},
	{Tap: Multi},
	{Tap: Last},
}

// Wider rows learn slowly, and all rows of a training set are held in memory at once.
const (
	maxDefaultWidth  = 16384
	maxDefaultMatrix = 4 << 30 // bytes of all rows together
)

// Describe reads the network that i names and finds its feature. If i leaves the feature open, Describe chooses one
// by the number of images and records it in i.
func Describe(i *Images, images int) (*backbone.Description, error) {
	if i.Tap != "" || i.Pool != nil {
		return inspectNetwork(*i)
	}
	for _, d := range defaultFeatures {
		i.Tap, i.Pool = d.Tap, d.Pool
		about, err := inspectNetwork(*i)
		if err != nil || i.Tap == Last || i.fits(about.Feature, images) {
			return about, err
		}
	}
	return nil, fmt.Errorf("no default feature") // the last of defaultFeatures is always taken
}

// fits reports whether a feature is found, of known width and narrow enough to be taken unasked. Who asks for more
// statistics than means asks for wide rows.
func (i *Images) fits(f *backbone.Feature, images int) bool {
	return f != nil && f.Width > 0 && (f.Width <= maxDefaultWidth || i.PoolStat != nil) && 4*f.Width*images <= maxDefaultMatrix
}

func inspectNetwork(i Images) (*backbone.Description, error) {
	if i.Backbone == "" {
		m := models.Default()
		return backbone.InspectBytes(m.Name, m.Data, i.backbone())
	}
	return backbone.Inspect(i.Backbone, i.backbone())
}
