package train

import (
	"strconv"

	"finetune/invalid"
	"finetune/pipeline/features"
)

// The values of Job.Quality: what features the head is trained on, where Images leaves them open. docs/defaults.md has the figures.
const (
	Fast     = "fast"     // the last features of the network
	Balanced = "balanced" // the means of several depths and places: the default features
	Best     = "best"     // these means and the covariances of channels, 2.4 times as many numbers, where they lower the out-of-fold RPS
)

// settleImages makes Images ask for the features of a quality, and for the views that are to be chosen from.
func (t *Job) settleImages() error {
	if t.AutoViews && t.Images.Views == 0 && t.Features == "" {
		t.Images.Views = 2
	}
	return t.settleQuality()
}

func (t *Job) settleQuality() error {
	i := &t.Images
	open := i.Tap == "" && i.Pool == nil && i.PoolStat == nil
	switch {
	case t.Quality == "" || t.Quality == Balanced:
		return nil
	case t.Quality != Fast && t.Quality != Best:
		return &invalid.Error{Field: "Quality", Found: strconv.Quote(t.Quality), Want: Fast + ", " + Balanced + " or " + Best}
	case t.Features != "":
		return &invalid.Error{Field: "Quality", Found: t.Quality + " with {Features}", Want: "images: it chooses their features",
			Hint: "leave it out"}
	case !open:
		return &invalid.Error{Field: "Quality", Found: t.Quality + " with {Images.Tap}, {Images.Pool} or {Images.PoolStat}",
			Want: "one or the other", Hint: "leave {Quality} out"}
	case t.Quality == Fast:
		i.Tap = features.Last
		return nil
	}
	i.PoolStat = []string{"mean", "cov"}
	return nil
}
