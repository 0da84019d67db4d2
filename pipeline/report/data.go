package report

import (
	"fmt"

	"finetune/pipeline/metrics"
)

// Data is the content of the page of a training run, for K classes.
type Data struct {
	Finetune string `json:"finetune"` // version of the program
	Source   string `json:"source"`   // the path of the data, as the user gave it
	// Trained describes data, split, network, preprocessing and head.
	Trained []Setting `json:"trained"`
	Classes []Class   `json:"classes"` // K, lowest first
	// HeldOut is the part that Metrics were measured on: "test", or without one "val", "folds" for out-of-fold
	// predictions of a cross-validation, or "loo" for leave-one-out predictions of a closed form.
	HeldOut string `json:"held_out"`
	// LeftOut tells that the training images have leave-one-out predictions and that there was no early stopping.
	LeftOut bool `json:"left_out,omitempty"`
	Groups  int  `json:"groups"` // in the held-out part; 0: the images have no groups

	Metrics metrics.Report `json:"metrics"`
	// Soft is the soft confusion matrix, K × K: row i is the sum of the predicted distributions of the held-out
	// images of true class i.
	Soft [][]float64 `json:"soft"`

	Calibrated *Calibrated `json:"calibrated,omitempty"` // nil if nothing was fitted after training

	Mistakes Gallery `json:"mistakes"` // largest errors first
	Unsure   Gallery `json:"unsure"`   // widest distributions first
	Suspects Gallery `json:"suspects"` // labels that may be wrong; see metrics.Suspects

	Decision string  `json:"decision"` // the decision rule: argmax, median …
	Loss     string  `json:"loss"`
	History  []Epoch `json:"history"`
	Best     int     `json:"best"`             // the epoch whose weights were kept, from 1
	Ground   *Ground `json:"ground,omitempty"` // nil if the loss has no ground distance other than |i − j|

	Folds *Folds `json:"folds,omitempty"` // nil without a cross-validation

	Learning *Learning      `json:"learning,omitempty"` // nil where none was measured
	Column   string         `json:"column,omitempty"`   // whose values Parts are of; "" for none
	Parts    []metrics.Part `json:"parts,omitempty"`

	Settings   []Section `json:"settings"`
	Files      []Setting `json:"files"` // of the run folder, each with a description
	Unreadable int       `json:"unreadable"`
	Advice     []string  `json:"advice"` // what to do next, a sentence or two each
	Notes      []string  `json:"notes"`  // a sentence each, without a final full stop
}

// A Setting is a name with its value.
type Setting struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// A Section is a named group of settings.
type Section struct {
	Name     string    `json:"name"`
	Settings []Setting `json:"settings"`
}

// A Class is the name of a class and its number of images in each part.
type Class struct {
	Name    string `json:"name"`
	Train   int    `json:"train"`
	Val     int    `json:"val"`
	HeldOut int    `json:"held_out"` // 0 if the held-out part is Val
}

// An Epoch holds the losses and the error after one epoch. A value that wasn't measured is NaN.
type Epoch struct {
	Epoch     int            `json:"epoch"`
	TrainLoss metrics.Number `json:"train_loss"`
	ValLoss   metrics.Number `json:"val_loss"`
	ValMAE    metrics.Number `json:"val_mae"`
}

// Folds is a cross-validation. History and Best of Data then belong to the final head, which was trained on all
// images in the folds.
type Folds struct {
	Count   int             `json:"count"`
	Repeats int             `json:"repeats"` // 1 or more, each with Count folds
	Images  int             `json:"images"`  // in the folds
	Each    []Fold          `json:"each"`    // by repeat, then by fold
	Mean    metrics.Figures `json:"mean"`    // over Each
	Std     metrics.Figures `json:"std"`
}

// A Fold is one head with its metrics on the images of the fold, which it wasn't trained on.
type Fold struct {
	Name    string          `json:"name"`
	Images  int             `json:"images"`
	Best    int             `json:"best"` // the epoch whose weights were kept, from 1
	Figures metrics.Figures `json:"figures"`
	History []Epoch         `json:"history"`
}

// Ground is the ground distance of the loss.
type Ground struct {
	Kind      string    `json:"kind"`      // a caption
	Distances []float64 `json:"distances"` // K × K, row-major; rows: predicted class, columns: true class
}

// A Gallery holds the first images of a sorted list.
type Gallery struct {
	Total  int     `json:"total"` // length of the whole list
	Images []Image `json:"images"`
}

// An Image is one held-out image with its prediction.
type Image struct {
	Path          string    `json:"path"`
	Label         int       `json:"label"` // -1 on the page of a batch without labels
	Predicted     int       `json:"predicted"`
	Probabilities []float64 `json:"probabilities"` // K
	// expected distance of the distribution from Predicted, in classes
	Spread float64 `json:"spread"`
	// first and last class of the prediction interval; nil without one
	Range     *[2]int          `json:"range,omitempty"`
	Suspect   *metrics.Suspect `json:"suspect,omitempty"`
	Thumbnail []byte           `json:"thumbnail,omitempty"` // JPEG
	// JPEG: the image under its class activation map of the order; nil: none
	Map []byte `json:"map,omitempty"`
	// why there is no thumbnail; "" with Thumbnail nil: no thumbnail was requested
	Missing string `json:"missing,omitempty"`
}

// check reports parts whose sizes disagree.
func (d *Data) check() error {
	k := len(d.Classes)
	if k < 2 || len(d.Metrics.PerClass) != k || len(d.Metrics.Confusion) != k || len(d.Soft) != k {
		return fmt.Errorf("report: %d classes, figures of %d, a confusion matrix of %d rows and distributions of %d",
			k, len(d.Metrics.PerClass), len(d.Metrics.Confusion), len(d.Soft))
	}
	for i := range k {
		if len(d.Metrics.Confusion[i]) != k || len(d.Soft[i]) != k {
			return fmt.Errorf("report: row %d of a matrix has %d or %d columns for %d classes", i,
				len(d.Metrics.Confusion[i]), len(d.Soft[i]), k)
		}
	}
	if d.HeldOut == "folds" && d.Folds == nil || d.Folds != nil &&
		(d.Folds.Count < 2 || len(d.Folds.Each) != d.Folds.Count*d.Folds.Repeats) {
		return fmt.Errorf("report: figures of %s with folds %+v", d.HeldOut, d.Folds)
	}
	if s := d.Metrics.Sets; s != nil && (len(s.PerClass) != k || len(s.Widths) != k) {
		return fmt.Errorf("report: prediction sets of %d classes and up to %d wide for %d classes", len(s.PerClass),
			len(s.Widths), k)
	}
	if d.Learning != nil && len(d.Learning.ByClass) != k {
		return fmt.Errorf("report: a learning curve of %d classes for %d", len(d.Learning.ByClass), k)
	}
	if d.Ground != nil && len(d.Ground.Distances) != k*k {
		return fmt.Errorf("report: %d distances between %d classes", len(d.Ground.Distances), k)
	}
	for _, g := range []Gallery{d.Mistakes, d.Unsure, d.Suspects} {
		for _, im := range g.Images {
			inside := func(c int) bool { return c >= 0 && c < k }
			if len(im.Probabilities) != k || !inside(im.Label) || !inside(im.Predicted) || im.Suspect != nil &&
				!inside(im.Suspect.Class) ||
				im.Range != nil && !(inside(im.Range[0]) && inside(im.Range[1]) && im.Range[0] <= im.Range[1]) {
				return fmt.Errorf("report: %s: classes or probabilities beyond %d classes", im.Path, k)
			}
		}
	}
	return nil
}
