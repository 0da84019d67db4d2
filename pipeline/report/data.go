// Package report makes report.html, the page that people read after a training run: what was trained on what, how good it is
// and how sure that is, what it gets wrong, and what to do with the files beside it.
//
// The page is one file that needs no other and runs no script; a Content-Security-Policy in it forbids both. The package
// knows neither files nor networks: it shows what Data holds. Equal data give equal bytes.
package report

import (
	"fmt"

	"finetune/pipeline/metrics"
)

// Data is everything that the page shows.
type Data struct {
	Finetune string `json:"finetune"` // version of the program
	Source   string `json:"source"`   // the path of the data, as the user gave it
	// Trained says in words what was trained on what: data, network, pixels, head.
	Trained []Setting `json:"trained"`
	Classes []Class   `json:"classes"`  // K, lowest first
	HeldOut string    `json:"held_out"` // what the figures are about: test; where there is no test part val, or folds of a cross-validation
	Groups  int       `json:"groups"`   // in the held-out part; 0: the images have none

	Metrics metrics.Report `json:"metrics"`
	// Soft is K rows of K: the sum of the predicted distributions of the held-out images of each true class.
	Soft [][]float64 `json:"soft"`

	Calibrated *Calibrated `json:"calibrated,omitempty"` // nil where nothing was fitted after training

	Mistakes Gallery `json:"mistakes"` // the furthest off first
	Unsure   Gallery `json:"unsure"`   // the widest distributions first
	Suspects Gallery `json:"suspects"` // labels that may be wrong; see metrics.Suspects

	Decision string  `json:"decision"` // the rule that makes an answer of a distribution: argmax, median …
	Loss     string  `json:"loss"`
	History  []Epoch `json:"history"`
	Best     int     `json:"best"`             // the epoch that was kept, from 1
	Ground   *Ground `json:"ground,omitempty"` // nil where the loss has no distance of its own between classes

	Folds *Folds `json:"folds,omitempty"` // nil without a cross-validation

	Settings   []Section `json:"settings"`
	Files      []Setting `json:"files"` // of the run folder, and what each is
	Unreadable int       `json:"unreadable"`
	Notes      []string  `json:"notes"` // a sentence each, without a full stop
}

// A Setting is a name and what stands for it.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Section is a group of settings.
type Section struct {
	Name     string    `json:"name"`
	Settings []Setting `json:"settings"`
}

// A Class is one class and its images in each part.
type Class struct {
	Name    string `json:"name"`
	Train   int    `json:"train"`
	Val     int    `json:"val"`
	HeldOut int    `json:"held_out"` // 0 where the held-out part is Val, which is then counted there
}

// An Epoch is one pass over the training part. Numbers that weren't measured are NaN.
type Epoch struct {
	Epoch     int            `json:"epoch"`
	TrainLoss metrics.Number `json:"train_loss"`
	ValLoss   metrics.Number `json:"val_loss"`
	ValMAE    metrics.Number `json:"val_mae"`
}

// Folds is a cross-validation: heads that were each measured on images that they weren't trained on. History and Best are then those of
// the head that was trained on all images in the folds.
type Folds struct {
	Count   int             `json:"count"`
	Repeats int             `json:"repeats"` // 1 or more, each with Count folds
	Images  int             `json:"images"`  // in the folds
	Each    []Fold          `json:"each"`    // by repeat, then by fold
	Mean    metrics.Figures `json:"mean"`    // over Each
	Std     metrics.Figures `json:"std"`
}

// A Fold is one head and the images that were held out from it.
type Fold struct {
	Name    string          `json:"name"`
	Images  int             `json:"images"`
	Best    int             `json:"best"` // the epoch that was kept, from 1
	Figures metrics.Figures `json:"figures"`
	History []Epoch         `json:"history"`
}

// Ground is how far apart the loss held the classes.
type Ground struct {
	Kind      string    `json:"kind"`      // in words
	Distances []float64 `json:"distances"` // K × K, row-major: row i is the predicted class, column k the true one
}

// A Gallery is the head of a list of images.
type Gallery struct {
	Total  int     `json:"total"` // how many there are in all
	Images []Image `json:"images"`
}

// An Image is one held-out image and what was said of it.
type Image struct {
	Path          string           `json:"path"`
	Label         int              `json:"label"`
	Predicted     int              `json:"predicted"`
	Probabilities []float64        `json:"probabilities"`   // K
	Spread        float64          `json:"spread"`          // expected distance from Predicted, in classes
	Range         *[2]int          `json:"range,omitempty"` // first and last class of its prediction set; nil without one
	Suspect       *metrics.Suspect `json:"suspect,omitempty"`
	Thumbnail     []byte           `json:"thumbnail,omitempty"` // JPEG
	Map           []byte           `json:"map,omitempty"`       // JPEG: the picture under what moves its answer to lower (blue) or higher classes (orange); nil: none
	Missing       string           `json:"missing,omitempty"`   // why there is no thumbnail; "" with Thumbnail nil: none is wanted
}

// check reports parts that don't fit each other.
func (d *Data) check() error {
	k := len(d.Classes)
	if k < 2 || len(d.Metrics.PerClass) != k || len(d.Metrics.Confusion) != k || len(d.Soft) != k {
		return fmt.Errorf("report: %d classes, figures of %d, a confusion matrix of %d rows and distributions of %d",
			k, len(d.Metrics.PerClass), len(d.Metrics.Confusion), len(d.Soft))
	}
	for i := range k {
		if len(d.Metrics.Confusion[i]) != k || len(d.Soft[i]) != k {
			return fmt.Errorf("report: row %d of a matrix has %d or %d columns for %d classes", i, len(d.Metrics.Confusion[i]), len(d.Soft[i]), k)
		}
	}
	if d.HeldOut == "folds" && d.Folds == nil || d.Folds != nil && (d.Folds.Count < 2 || len(d.Folds.Each) != d.Folds.Count*d.Folds.Repeats) {
		return fmt.Errorf("report: figures of %s with folds %+v", d.HeldOut, d.Folds)
	}
	if s := d.Metrics.Sets; s != nil && (len(s.PerClass) != k || len(s.Widths) != k) {
		return fmt.Errorf("report: prediction sets of %d classes and up to %d wide for %d classes", len(s.PerClass), len(s.Widths), k)
	}
	if d.Ground != nil && len(d.Ground.Distances) != k*k {
		return fmt.Errorf("report: %d distances between %d classes", len(d.Ground.Distances), k)
	}
	for _, g := range []Gallery{d.Mistakes, d.Unsure, d.Suspects} {
		for _, im := range g.Images {
			inside := func(c int) bool { return c >= 0 && c < k }
			if len(im.Probabilities) != k || !inside(im.Label) || !inside(im.Predicted) || im.Suspect != nil && !inside(im.Suspect.Class) ||
				im.Range != nil && !(inside(im.Range[0]) && inside(im.Range[1]) && im.Range[0] <= im.Range[1]) {
				return fmt.Errorf("report: %s: classes or probabilities beyond %d classes", im.Path, k)
			}
		}
	}
	return nil
}
