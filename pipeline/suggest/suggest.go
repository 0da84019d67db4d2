// Package suggest says which unlabelled images a person should label next: those whose class the run is least sure
// of, no two of them alike.
//
// It must not import train: a run folder is all that it reads.
package suggest

import (
	"cmp"
	"context"
	"encoding/csv"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"finetune/internal/store/userfile"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/pipeline/familiarity"
	"finetune/pipeline/metrics"
	"finetune/pipeline/run"
)

// A Job chooses images to label. Memory doesn't grow with the number of images but for the list of them.
type Job struct {
	run.Scan         // the images to choose from
	Count     int    // images to choose; 0: 50
	Out       string // a CSV file; "": none is written
	Overwrite bool   // replace a file at Out
	// SpreadsheetSafe guards the text in Out; see artifact.Cell.
	SpreadsheetSafe bool
}

// DefaultCount is how many images are chosen where no number is given.
const DefaultCount = 50

// Count declares Job.Count. Its bound keeps the comparison of candidates with each other within seconds.
var Count = invalid.Number{Field: "Count", Range: invalid.Range{Low: 1, High: 2000}, Whole: true, AutoIs: "50"}

// A Suggestion is an image to label.
type Suggestion struct {
	Path      string  `json:"path"`
	Predicted string  `json:"predicted"`
	Doubt     float64 `json:"doubt"` // expected RPS of the distribution, in class steps

	File          string    `json:"-"` // of the image, "" where it isn't a file of its own
	Probabilities []float32 `json:"-"` // of each class
}

// A Result lists what to label, the image that teaches most first.
type Result struct {
	Suggestions []Suggestion          `json:"suggestions"`
	Images      int                   `json:"images"`     // that were looked at
	Unfamiliar  int                   `json:"unfamiliar"` // left out, since they are unlike the training images
	Unreadable  []artifact.Unreadable `json:"unreadable,omitempty"`
}

// Run does the job.
func (j Job) Run(ctx context.Context) (*Result, error) {
	if err := Count.Check(float64(j.Count)); err != nil {
		return nil, err
	}
	j.Count = cmp.Or(j.Count, DefaultCount)
	r, err := run.OpenContext(ctx, j.Model)
	if err != nil {
		return nil, err
	}
	if err := j.mayWrite(ctx, r); err != nil {
		return nil, err
	}
	known, err := r.NeedFamiliarity(ctx)
	if err != nil {
		return nil, err
	}
	result := &Result{}
	kept := newShortlist(poolSize * j.Count)
	result.Unreadable, err = j.Scan.Run(ctx, r, func(s run.Scanned) error {
		result.Images++
		if known.Unfamiliar(known.PValue(known.Distance(s.Row))) {
			result.Unfamiliar++
			return nil
		}
		doubt := metrics.ExpectedRPS(s.Probabilities)
		if kept.takes(doubt) {
			kept.add(Candidate{
				Suggestion: Suggestion{Path: s.Item.Path, Predicted: r.Head.Space().Class(s.Class), Doubt: doubt, File: s.Item.File, Probabilities: slices.Clone(s.Probabilities)},
				Place:      Place(known, s.Row),
			})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, c := range apart(kept.sorted(), j.Count) {
		result.Suggestions = append(result.Suggestions, c.Suggestion)
	}
	if j.Out == "" {
		return result, nil
	}
	return result, result.write(j.Out, j.Overwrite, artifact.Cell(j.SpreadsheetSafe))
}

// mayWrite refuses an output that must not be written over.
func (j Job) mayWrite(ctx context.Context, r *run.Run) error {
	if j.Out == "" {
		return nil
	}
	inputs := []string{j.Model, j.Data.Path, j.Images.Backbone, j.Images.Library}
	if _, err := os.Lstat(j.Out); err == nil && j.Overwrite {
		if j.Features != "" {
			entries, err := os.ReadDir(j.Features)
			if err != nil {
				return userfile.Classify(j.Features, err)
			}
			for _, e := range entries {
				inputs = append(inputs, filepath.Join(j.Features, e.Name()))
			}
		} else {
			j.Data.Unlabelled = true
			set, err := dataset.Load(ctx, j.Data)
			if err != nil {
				return err
			}
			for _, item := range set.Items {
				inputs = append(inputs, item.File)
			}
		}
	}
	return r.MayWrite(ctx, j.Out, j.Overwrite, inputs...)
}

// Place is where an image lies among the others: its standardised feature row, projected.
func Place(known *familiarity.Model, row []float32) []float32 {
	z := known.Project(row)
	p := make([]float32, len(z))
	for i, v := range z {
		p[i] = float32(v)
	}
	return p
}

// write writes path, predicted and doubt, in the order of the suggestions.
func (r *Result) write(path string, overwrite bool, cell func(string) string) error {
	return run.WriteOut(path, overwrite, func(out io.Writer) error {
		w := csv.NewWriter(out)
		w.Write([]string{"path", "predicted", "doubt"})
		for _, s := range r.Suggestions {
			w.Write([]string{cell(s.Path), cell(s.Predicted), strconv.FormatFloat(s.Doubt, 'g', 4, 64)})
		}
		w.Flush()
		return w.Error()
	})
}
