package run

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"finetune/head"
	"finetune/internal/store/atomicfile"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
)

// Predict labels images with a trained run. Memory doesn't grow with their number; rows are written as they come,
// in the order of the images.
type Predict struct {
	Model    string          // the run folder, or its head.safetensors
	Data     dataset.Options // only Path counts: a folder, a manifest, a list of files or one image
	Images   features.Images // Backbone "" is the one that the run was trained with; Views and Augment are the run's
	TTA      int             // views of an image that a prediction is the mean of, AllViews or 0, as many as the run says
	Out      string          // .csv or .jsonl by its ending; "-" or "" is Stdout
	Stdout   io.Writer       // for Out "-"
	Format   string          // csv or jsonl, for Out "-"; "": csv
	Threads  int             // 0: all cores
	Progress progress.Reporter
}

// A PredictResult says what was written.
type PredictResult struct {
	Out        string                `json:"out"`
	Images     int                   `json:"images"`
	Predicted  map[string]int        `json:"predicted"` // images of each class
	Unreadable []artifact.Unreadable `json:"unreadable,omitempty"`
}

// Run does the job. A file is whole or absent, also when ctx is cancelled.
func (p Predict) Run(ctx context.Context) (*PredictResult, error) {
	p.Progress = progress.OrNone(p.Progress)
	format, err := p.format()
	if err != nil {
		return nil, err
	}
	if !p.toStdout() {
		if err := artifact.NotAnInput(p.Out, p.Data.Path, p.Model, filepath.Join(p.Model, PredictionsFile), p.Images.Backbone); err != nil {
			return nil, err
		}
	}
	run, err := Open(p.Model)
	if err != nil {
		return nil, err
	}
	p.Data.Unlabelled = true
	set, err := dataset.Load(ctx, p.Data)
	if err != nil {
		return nil, err
	}
	features.NoteData(p.Progress, set)
	views, err := run.views(p.TTA)
	if err != nil {
		return nil, err
	}
	x, err := run.extractor(p.Images, views, p.Threads, p.Progress)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	result := &PredictResult{Out: p.Out, Predicted: map[string]int{}}
	label := func(w io.Writer) error {
		return p.label(ctx, x, run.Head, views.Predict, set, format(w, run.Head), result)
	}
	if p.toStdout() {
		err = label(p.Stdout)
	} else {
		err = atomicfile.Write(p.Out, label)
	}
	if err != nil {
		return nil, err
	}
	return result, x.Close()
}

func (p Predict) toStdout() bool { return p.Out == "" || p.Out == "-" }

func (p Predict) format() (newPredictionWriter, error) {
	name, wrong := p.Format, &invalid.Error{Field: "Format"}
	if !p.toStdout() {
		name, wrong = filepath.Ext(p.Out), &invalid.Error{Field: "Out", Path: p.Out}
	}
	switch name {
	case "", ".csv", "csv":
		if name != "" || p.toStdout() {
			return newCSVPredictions, nil
		}
	case ".jsonl", ".ndjson", "jsonl":
		return newJSONLPredictions, nil
	}
	wrong.Found, wrong.Want = fmt.Sprintf("the format %q", name), "csv or jsonl, or a file that ends so"
	return nil, wrong
}

// label predicts block by block, from so many views of each image, and writes each as it comes.
func (p Predict) label(ctx context.Context, x *features.Extractor, h *head.Head, views int, set *dataset.Set, w predictionWriter, result *PredictResult) error {
	space := h.Space()
	var probs []float32
	var err error
	result.Unreadable, err = x.Extract(ctx, set.Items, func(int) int { return views }, func(b features.Block) error {
		n := len(b.Read)
		probs = slices.Grow(probs[:0], n*space.Len())[:n*space.Len()]
		// A block is small; more threads than one would only wait for each other.
		f := head.Features{Rows: n * views, Cols: b.Cols, Data: b.Rows}
		if err := crossval.Probabilities(h, f, views, views, nil, 1, probs); err != nil {
			return err
		}
		for i, item := range b.Read {
			row := probs[i*space.Len() : (i+1)*space.Len()]
			class := h.Decide(row)
			result.Images++
			result.Predicted[space.Class(class)]++
			if err := w.write(set.Items[item].Path, class, row); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, u := range result.Unreadable {
		p.Progress.Note("skipped " + u.Path + ": " + u.Reason)
	}
	return w.flush()
}
