package pipeline

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"finetune/backbone"
	"finetune/invalid"
	"finetune/pipeline/dataset"
)

// The ways to explain a decision.
const (
	MethodAuto      = "auto"      // the maps before pooling where the features are means of such, else occlusion
	MethodCAM       = "cam"       // class activation maps
	MethodOcclusion = "occlusion" // hide one place after the other
)

// ExplainedFile is what stands beside the pictures of an explanation.
const ExplainedFile = "explained.json"

// Explain draws which places of pictures a trained run decides by.
type Explain struct {
	Model string // the run folder, or its head.safetensors
	// Paths are images, folders, manifests or lists of files. Without any, the run's worst mistakes are explained; where its data is
	// stands in its config.json.
	Paths      []string
	LabelRegex string // finds the true label in a path, for data that doesn't say it; "": that of the run
	Class      string // explain this class too
	Method     string // "" is MethodAuto
	// Patch and Stride are the side of the square that occlusion hides and its steps, in pixels of the network's input; 0: a fifth
	// and a fourteenth of the shorter side.
	Patch, Stride int
	Most          int    // worst mistakes to explain; 0: 20
	Maps          bool   // write each map as a matrix too, beside the picture
	Images        Images // Backbone "" is the one that the run was trained with
	// Out is a folder, or a .png file for one image. "" is finetune-explain-1, or the next number that is free; for the worst mistakes
	// the folder "explained" in the run's.
	Out      string
	Progress Progress
}

// An ExplainResult says what was found and drawn. It is also what ExplainedFile holds.
type ExplainResult struct {
	Model      string       `json:"model"`
	Out        string       `json:"out"`
	Method     string       `json:"method"`   // cam or occlusion
	Why        string       `json:"why"`      // this method
	Compared   string       `json:"compared"` // what the pictures are compared with
	Images     []Explained  `json:"images"`
	Unreadable []Unreadable `json:"unreadable,omitempty"`
}

// An Explained is one picture, explained.
type Explained struct {
	Path          string             `json:"path"`
	Picture       string             `json:"picture"` // the file that was drawn
	Predicted     string             `json:"predicted"`
	Label         string             `json:"label,omitempty"` // "" where it isn't known
	Expected      float64            `json:"expected_class"`  // mean of the distribution, 0 for the lowest class
	Probabilities []ClassProbability `json:"probabilities"`
	Maps          []ExplainedMap     `json:"maps"`

	unreadable error // instead of all but Path
}

// A ClassProbability is P(y = class).
type ClassProbability struct {
	Class       string  `json:"class"`
	Probability float64 `json:"probability"`
}

// An ExplainedMap is one question about a picture.
type ExplainedMap struct {
	Question string `json:"question"`        // class or order
	Class    string `json:"class,omitempty"` // of QuestionClass
	// Sum is what all places come to; nil for occlusion, whose places overlap. Where it is Exact (a linear head, and a class that has a
	// logit of its own) it is how much further that logit lies above the mean of the others than it does for what the picture is compared
	// with. Else the map says what would change the answer around this picture.
	Sum     *float64 `json:"sum,omitempty"`
	Exact   bool     `json:"exact"`
	NoPlace float64  `json:"no_place"` // the part of Sum that belongs to no place: a class token's
	For     Place    `json:"for"`      // where most speaks for the class, or for a higher one
	Against Place    `json:"against"`  // where most speaks against it, or for a lower one
}

// A Place is a point of a picture, as shares of its width from the left and of its height from the top.
type Place struct {
	Across float64 `json:"across"`
	Down   float64 `json:"down"`
}

// Run does the job. Cancelling ctx stops it; pictures that are drawn stay.
func (e Explain) Run(ctx context.Context) (*ExplainResult, error) {
	e.Progress = orQuiet(e.Progress)
	run, err := OpenRun(e.Model)
	if err != nil {
		return nil, err
	}
	asker, err := newAsker(run.Head)
	if err != nil {
		return nil, err
	}
	class, err := asker.classNamed(e.Class)
	if err != nil {
		return nil, err
	}
	items, err := e.items(ctx, run)
	if err != nil {
		return nil, err
	}
	if err := e.claim(run, len(items)); err != nil {
		return nil, err
	}
	net, err := run.network(&e.Images)
	if err != nil {
		return nil, err
	}
	defer net.Close()
	result := &ExplainResult{Model: e.Model, Out: e.Out}
	teller, err := e.teller(run, net, asker, len(items), result)
	if err != nil {
		return nil, err
	}
	defer teller.Close()
	d := &drawing{Explain: &e, run: run, net: net, asker: asker, teller: teller, class: class, result: result}
	if err := d.all(ctx, items); err != nil {
		return nil, err
	}
	if len(result.Images) == 0 {
		first := result.Unreadable[0]
		return nil, &invalid.Error{Field: first.Path, Found: fmt.Sprintf("%s, and none of %d images can be read", first.Reason, len(items)), Want: "images"}
	}
	if d.single() {
		return result, nil
	}
	return result, writeJSON(filepath.Join(e.Out, ExplainedFile), result)
}

// teller chooses the method and starts the network for it.
func (e *Explain) teller(run *Run, net *network, asker *asker, images int, result *ExplainResult) (teller, error) {
	methods := []string{"", MethodAuto, MethodCAM, MethodOcclusion}
	if !slices.Contains(methods, e.Method) {
		return nil, &invalid.Error{Field: "--method", Found: fmt.Sprintf("%q", e.Method), Want: "auto, cam or occlusion"}
	}
	if e.Method == MethodOcclusion {
		result.Why = "asked for"
		return e.occluder(run, net, asker, images, result)
	}
	mapper, err := net.startMaps()
	switch {
	case errors.Is(err, backbone.ErrNoMaps) && e.Method == MethodCAM:
		return nil, &invalid.Error{Field: "--method cam", Found: "a network without maps to weigh", Err: err, Hint: "leave it out: then places are hidden one after the other"}
	case errors.Is(err, backbone.ErrNoMaps):
		result.Why = err.Error()
		return e.occluder(run, net, asker, images, result)
	case err != nil:
		return nil, err
	}
	m := &mapTeller{head: run.Head, asker: asker, mapper: mapper, height: net.spec.Height, width: net.spec.Width}
	if e.Patch != 0 || e.Stride != 0 {
		mapper.Close()
		return nil, &invalid.Error{Field: "--patch and --stride", Found: "given where nothing is hidden", Hint: "leave them out, or give --method occlusion"}
	}
	if m.mean, err = run.featureMean(); err != nil {
		mapper.Close()
		return nil, err
	}
	result.Method, result.Why = MethodCAM, "the features are means of maps, and the head's weights on them are known"
	if result.Compared = "the average training picture"; m.mean == nil {
		result.Compared = "a picture without any feature: the run has no " + FeatureMeanFile
	}
	return m, nil
}

func (e *Explain) occluder(run *Run, net *network, asker *asker, images int, result *ExplainResult) (teller, error) {
	o := &occluder{head: run.Head, asker: asker, height: net.spec.Height, width: net.spec.Width, patch: e.Patch, stride: e.Stride,
		channelsLast: net.channelsLast(), threads: e.Images.threads()}
	shorter := min(o.height, o.width)
	if o.stride == 0 {
		o.stride = max(1, shorter/14)
	}
	if o.patch == 0 {
		o.patch = max(o.stride, shorter/5)
	}
	if o.stride < 1 || o.patch < o.stride || o.patch > shorter {
		return nil, &invalid.Error{Field: "--patch and --stride", Found: fmt.Sprintf("%d and %d", o.patch, o.stride),
			Want: fmt.Sprintf("a stride of at least 1, a patch no smaller than that and no larger than the network's input, %d", shorter)}
	}
	var err error
	if o.net, err = net.start(); err != nil {
		return nil, err
	}
	rows, columns := o.places()
	o.stage = e.Progress.Start("occlusion", images*rows*columns, "place")
	result.Method, result.Compared = MethodOcclusion, fmt.Sprintf("itself with %d × %d of %d × %d pixels hidden under its mean colour", o.patch, o.patch, o.width, o.height)
	return o, nil
}

// items lists the pictures to explain.
func (e *Explain) items(ctx context.Context, run *Run) ([]dataset.Item, error) {
	if len(e.Paths) == 0 {
		return e.worst(ctx, run)
	}
	if e.LabelRegex == "" {
		e.LabelRegex = run.Config.Data.LabelRegex
	}
	var items []dataset.Item
	for _, path := range e.Paths {
		set, err := dataset.Load(ctx, dataset.Options{Path: path, LabelRegex: e.LabelRegex, Unlabelled: true})
		if err != nil {
			return nil, err
		}
		items = append(items, set.Items...)
	}
	for i := range items {
		items[i].Label = run.labelOf(items[i].Text)
	}
	return items, nil
}
