// Package export writes a trained head, alone or with its backbone, for other programs: ONNX models, weights in .npz
// and in JSON.
//
// [ONNX], [NPZ] and [JSON] turn a head and a network into files, with the metadata that a program needs to read the
// answers. [Job] is the command: it opens a run, writes one of the formats, and compares every ONNX model, as ONNX
// Runtime runs it, with the pipeline before it is put in place. Package deploy, under internal/onnx, builds the models,
// and package verify, under internal/ort, runs them.
package export

import (
	"context"
	"fmt"

	"finetune/augment"
	"finetune/backbone"
	"finetune/head"
	"finetune/internal/onnx/deploy"
	"finetune/internal/onnx/graph"
	"finetune/invalid"
	"finetune/preprocess"
)

// Features is the input of a model of the head alone.
const Features = deploy.Features

// A Network is the backbone of a run.
type Network struct {
	Model   *graph.Model
	Feature backbone.Feature // of the open backbone: its width is known
	Dir     string           // of the weights that stand in other files
	Half    bool             // the head reads features that are rounded to float16
}

// Options say what is exported.
type Options struct {
	Input   deploy.Input
	Views   int          // that a prediction is the mean of; 0: the image alone
	Plan    augment.Plan // of the views
	Version string       // of this program, for the metadata
	MaxFile int64        // bytes of a model from which on its weights get a file of their own; 0: 2 GB
}

// ONNX writes the model from o.Input to the answers of the head to path, and returns the files: path, and one of
// weights beside it where they take more than o.MaxFile. The network is needed for all inputs but Features. What the
// run does and a model can't is an *invalid.Error: views other than the image and its mirror image, and what
// [deploy.Build] says.
func ONNX(ctx context.Context, path string, h *head.Head, n *Network, o Options) ([]string, error) {
	mirror, err := mirrored(o)
	if err != nil {
		return nil, err
	}
	d := deploy.Design{Input: o.Input, Mirror: mirror, Head: Head(h)}
	if d.Metadata, err = Metadata(h, o.Version); err != nil {
		return nil, err
	}
	dir := ""
	if n != nil && o.Input != deploy.Features {
		dir = n.Dir
		d.Network = &deploy.Network{Model: n.Model, Feature: n.Feature, Half: n.Half}
		if d.Preprocessing, err = preprocess.Parse(h.Description().Origin.Preprocessing); err != nil {
			return nil, err
		}
	}
	m, err := deploy.Build(path, d)
	if err != nil {
		return nil, err
	}
	return deploy.Write(ctx, path, m, dir, o.MaxFile)
}

// mirrored reports whether a prediction is the mean over the image and its mirror image.
func mirrored(o Options) (bool, error) {
	switch {
	case o.Views <= 1:
		return false, nil
	case o.Views == 2 && o.Plan.Mirror(1):
		return true, nil
	}
	return false, &invalid.Error{Field: "TTA",
		Found: fmt.Sprintf("%d views of an image (%v), some of them drawn at random", o.Views, o.Plan.Kinds),
		Want:  "the image alone, or with its mirror image", Hint: "export with {TTA} off, which predicts by the image alone"}
}

// Head returns a trained head as package deploy builds it.
func Head(h *head.Head) deploy.Head {
	d := h.Description()
	out := deploy.Head{
		Rule: deploy.Rule(d.Loss.Rule()), Temperature: d.Temperature, Decision: deploy.Decision(d.Decision),
		Positions: positions(d), Distances: d.Loss.Ground.Matrix, Values: d.Space.Values(),
	}
	if d.Sets != (head.Sets{}) {
		out.Threshold = &d.Sets.Threshold
	}
	for _, l := range h.Network().Layers {
		out.Layers = append(out.Layers, deploy.Dense(l))
	}
	return out
}

// positions are where the classes lie for the head's loss: 0, 1, … where it was told nothing else.
func positions(d head.Description) []float64 {
	if p := d.Loss.Ground.Positions; p != nil {
		return p
	}
	p := make([]float64, d.Space.Len())
	for k := range p {
		p[k] = float64(k)
	}
	return p
}
