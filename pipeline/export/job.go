package export

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"finetune/internal/onnx/deploy"
	"finetune/internal/remote"
	"finetune/internal/store/atomicfile"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
)

// The formats of a Job.
const (
	Safetensors = "safetensors" // the head, as in the run folder
	NPZFormat   = "npz"         // the head for NumPy
	JSONFormat  = "json"        // the head as JSON
	HeadONNX    = "onnx-head"   // features to answers
	WholeONNX   = "onnx"        // images to answers
	Bundle      = "bundle"      // a run folder with the part of the network that it needs
)

// Formats returns the names of all formats.
func Formats() []string {
	return []string{Safetensors, NPZFormat, JSONFormat, HeadONNX, WholeONNX, Bundle}
}

// Inputs returns the names of the inputs that a whole model may have.
func Inputs() []string { return []string{string(deploy.Image), string(deploy.Tensor)} }

// DefaultBound is the largest difference of a probability from the pipeline's with which a model is put in place.
const DefaultBound = 1e-3

// A Job exports a trained run. Files are whole or absent.
type Job struct {
	Model     string          // the run folder, or its head.safetensors
	Format    string          // one of Formats; "" follows from the ending of Out
	Input     string          // of WholeONNX: one of Inputs; "": image
	Out       string          // the file to write, or the folder of a bundle
	Overwrite bool            // replace what is there
	Data      string          // images to compare on; "": those that the run was trained on
	Images    features.Images // Backbone "" is searched for; Library and Device run the network; Precision is what it is exported in, where that isn't the run's
	TTA       int             // views of an image that a prediction is the mean of, features.AllViews or 0, as many as the run says
	Bound     float64         // above which a difference of a probability fails; 0: DefaultBound
	Threads   int             // 0: all cores
	Progress  progress.Reporter

	maxFile int64 // as in Options
}

// A Result says what was written and how it was checked.
type Result struct {
	Format  string      `json:"format"`
	Files   []string    `json:"files"`
	Inputs  []Tensor    `json:"inputs,omitempty"` // of an ONNX model
	Outputs []Tensor    `json:"outputs,omitempty"`
	Check   *Comparison `json:"check,omitempty"` // nil where the format only stores weights
	// Precision says what another precision than the run was trained with changes; nil for the run's own.
	Precision *PrecisionLoss `json:"precision,omitempty"`
}

// A Tensor is an input or an output of a model.
type Tensor struct {
	Name  string `json:"name"`
	Type  string `json:"type"`
	Shape string `json:"shape"` // such as N×height×width×3
}

// A Comparison is that of an exported model with the pipeline.
type Comparison struct {
	On         string  `json:"on"` // what it was run on
	Images     int     `json:"images"`
	Difference float64 `json:"max_difference"` // largest |Δp| over images and classes
	Bound      float64 `json:"bound"`          // above which the export fails
}

// Run does the job. What the user can correct is an *invalid.Error.
func (j Job) Run(ctx context.Context) (*Result, error) {
	j.Progress = progress.OrNone(j.Progress)
	if err := j.check(); err != nil {
		return nil, err
	}
	r, err := run.OpenContext(ctx, j.Model)
	if err != nil {
		return nil, err
	}
	if err := j.keepInputs(ctx, r); err != nil {
		return nil, err
	}
	r, loss, err := j.lower(ctx, r)
	if err != nil {
		return nil, err
	}
	var result *Result
	switch j.Format {
	case Bundle:
		result, err = j.bundle(ctx, r)
	case HeadONNX, WholeONNX:
		result, err = j.onnx(ctx, r)
	default:
		result, err = j.weights(r)
	}
	if err == nil {
		result.Precision = loss
	}
	return result, err
}

// check resolves Format and Input.
func (j *Job) check() error {
	if j.Out == "" {
		return &invalid.Error{Field: "Out", Found: "nothing", Want: "the file or folder to write"}
	}
	ending := map[string]string{".safetensors": Safetensors, ".npz": NPZFormat, ".json": JSONFormat, ".onnx": WholeONNX}
	j.Bound = cmp.Or(j.Bound, DefaultBound)
	if j.Format == "" {
		if j.Format = ending[strings.ToLower(filepath.Ext(j.Out))]; j.Format == "" {
			return &invalid.Error{Field: "Out", Path: j.Out, Found: "an ending that names no format",
				Want: strings.Join(slices.Sorted(maps.Keys(ending)), ", "), Hint: "or give {Format}: " + strings.Join(Formats(), ", ")}
		}
	}
	if !slices.Contains(Formats(), j.Format) {
		return &invalid.Error{Field: "Format", Found: fmt.Sprintf("%q", j.Format), Want: strings.Join(Formats(), ", ")}
	}
	if j.Format != WholeONNX {
		if j.Input != "" {
			return &invalid.Error{Field: "Input", Found: fmt.Sprintf("%q with the format %s", j.Input, j.Format),
				Want: "the format " + WholeONNX, Hint: "leave it out"}
		}
		return nil
	}
	if j.Input == "" {
		j.Input = string(deploy.Image)
	}
	if !slices.Contains(Inputs(), j.Input) {
		return &invalid.Error{Field: "Input", Found: fmt.Sprintf("%q", j.Input), Want: strings.Join(Inputs(), " or ")}
	}
	return nil
}

// keepInputs refuses an output that must not be written over.
func (j *Job) keepInputs(ctx context.Context, r *run.Run) error {
	inputs := []string{j.Model, j.Images.Backbone, j.Images.Library, j.Data}
	if j.Format == Bundle {
		if err := artifact.NotAnInput(j.Out, inputs...); err != nil {
			return err
		}
		if remote.Is(j.Out) {
			return nil
		}
		return artifact.MayCreate(filepath.Join(j.Out, run.HeadFile)) // what is in the folder is looked at when it is claimed
	}
	err := r.MayWrite(ctx, j.Out, j.Overwrite, inputs...)
	if err != nil && !j.Overwrite {
		// An export may have been killed after it put its file in place.
		if _, err := os.Lstat(stageOf(j.Out)); err == nil {
			if _, release, err := claimStage(stageOf(j.Out)); err == nil {
				release()
			}
		}
	}
	if err == nil && j.Overwrite && (j.Format == WholeONNX || j.Format == HeadONNX) {
		err = r.MayWrite(ctx, j.Out+deploy.DataSuffix, true, inputs...)
	}
	return err
}

// placed says how files are put in place.
func (j *Job) placed() []atomicfile.Option {
	if j.Overwrite {
		return nil
	}
	return []atomicfile.Option{atomicfile.Exclusive()}
}

// weights writes the head alone, in a format without computation.
func (j *Job) weights(r *run.Run) (*Result, error) {
	version := artifact.Version()
	write := map[string]func(io.Writer) error{
		Safetensors: r.Head.Write,
		NPZFormat:   func(w io.Writer) error { return NPZ(w, r.Head, version) },
		JSONFormat:  func(w io.Writer) error { return JSON(w, r.Head, version) },
	}[j.Format]
	if err := run.WriteOut(j.Out, j.Overwrite, write); err != nil {
		return nil, err
	}
	return &Result{Format: j.Format, Files: []string{j.Out}}, nil
}
