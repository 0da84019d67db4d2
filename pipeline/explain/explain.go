package explain

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"finetune/backbone"
	"finetune/internal/cores"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
)

// The ways to explain a decision.
const (
	MethodAuto      = "auto"      // the maps before pooling where the features are means of such, else occlusion
	MethodCAM       = "cam"       // class activation maps
	MethodOcclusion = "occlusion" // hide one place after the other
)

// ExplainedFile is what stands beside the pictures of an explanation.
const ResultFile = "explained.json"

// Explain draws which places of pictures a trained run decides by.
type Job struct {
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
	Most          int             // worst mistakes to explain; 0: 20
	Maps          bool            // write each map as a matrix too, beside the picture
	Images        features.Images // Backbone "" is the one that the run was trained with
	// Out is a folder, or a .png file for one image. "" is finetune-explain-1, or the next number that is free; for the worst mistakes
	// the folder "explained" in the run's.
	Out      string
	Threads  int // 0: all cores
	Progress progress.Reporter
}

// An ExplainResult says what was found and drawn. It is also what ExplainedFile holds.
type Result struct {
	Model      string                `json:"model"`
	Out        string                `json:"out"`
	Method     string                `json:"method"`   // cam or occlusion
	Why        string                `json:"why"`      // this method
	Compared   string                `json:"compared"` // what the pictures are compared with
	Images     []Image               `json:"images"`
	Unreadable []artifact.Unreadable `json:"unreadable,omitempty"`
}

// An Explained is one picture, explained.
type Image struct {
	Path          string             `json:"path"`
	Picture       string             `json:"picture"` // the file that was drawn
	Predicted     string             `json:"predicted"`
	Label         string             `json:"label,omitempty"` // "" where it isn't known
	Expected      float64            `json:"expected_class"`  // mean of the distribution, 0 for the lowest class
	Probabilities []ClassProbability `json:"probabilities"`
	Maps          []Map              `json:"maps"`

	unreadable error // instead of all but Path
}

// A ClassProbability is P(y = class).
type ClassProbability struct {
	Class       string  `json:"class"`
	Probability float64 `json:"probability"`
}

// An ExplainedMap is one question about a picture.
type Map struct {
	Question string `json:"question"`        // class or order
	Class    string `json:"class,omitempty"` // of QuestionClass
	// Sum is what all places come to; nil for occlusion, whose places overlap. Where it is Exact (a linear head, and a class that has a
	// logit of its own) it is how much further that logit lies above the mean of the others than it does for what the picture is compared
	// with. Else the map says what would change the answer around this picture.
	Sum     *float64 `json:"sum,omitempty"`
	Exact   bool     `json:"exact"`
	NoPlace float64  `json:"no_place"` // the part of Sum that belongs to no place: a class token's
	For     Point    `json:"for"`      // where most speaks for the class, or for a higher one
	Against Point    `json:"against"`  // where most speaks against it, or for a lower one
}

// A Place is a point of a picture, as shares of its width from the left and of its height from the top.
type Point struct {
	Across float64 `json:"across"`
	Down   float64 `json:"down"`
}

// Run does the job. Cancelling ctx stops it, and nothing is written.
func (e Job) Run(ctx context.Context) (*Result, error) {
	e.Progress = progress.OrNone(e.Progress)
	model, err := run.Open(e.Model)
	if err != nil {
		return nil, err
	}
	asker, err := NewTargetBuilder(model.Head)
	if err != nil {
		return nil, err
	}
	class, err := asker.classNamed(e.Class)
	if err != nil {
		return nil, err
	}
	items, err := e.items(ctx, model)
	if err != nil {
		return nil, err
	}
	folder, err := e.claim(model, items)
	if err != nil {
		return nil, err
	}
	if folder != nil {
		defer folder.Release()
	}
	net, err := model.OpenNetwork(&e.Images)
	if err != nil {
		return nil, err
	}
	defer net.Close()
	result := &Result{Model: e.Model, Out: e.Out}
	teller, err := e.teller(model, net, asker, len(items), result)
	if err != nil {
		return nil, err
	}
	defer teller.Close()
	d := &drawing{Job: &e, folder: folder, run: model, net: net, asker: asker, teller: teller, class: class, result: result}
	if err := d.all(ctx, items); err != nil {
		return nil, err
	}
	if len(result.Images) == 0 {
		first := result.Unreadable[0]
		return nil, &invalid.Error{Path: first.Path, Found: fmt.Sprintf("%s, and none of %d images can be read", first.Reason, len(items)), Want: "images"}
	}
	if d.single() {
		return result, nil
	}
	if err := artifact.WriteJSON(folder.Path(ResultFile), result); err != nil {
		return nil, err
	}
	return result, folder.Publish(ctx)
}

// teller chooses the method and starts the network for it.
func (e *Job) teller(model *run.Run, net *features.Network, asker *TargetBuilder, images int, result *Result) (attributor, error) {
	methods := []string{"", MethodAuto, MethodCAM, MethodOcclusion}
	if !slices.Contains(methods, e.Method) {
		return nil, &invalid.Error{Field: "Method", Found: fmt.Sprintf("%q", e.Method), Want: "auto, cam or occlusion"}
	}
	if e.Method == MethodOcclusion {
		result.Why = "asked for"
		return e.occluder(model, net, asker, images, result)
	}
	mapper, err := net.StartMaps()
	switch {
	case errors.Is(err, backbone.ErrNoMaps) && e.Method == MethodCAM:
		return nil, &invalid.Error{Field: "Method", Found: "cam with a network without maps to weigh", Err: err, Hint: "leave it out: then places are hidden one after the other"}
	case errors.Is(err, backbone.ErrNoMaps):
		result.Why = err.Error()
		return e.occluder(model, net, asker, images, result)
	case err != nil:
		return nil, err
	}
	m := &CAM{Head: model.Head, TargetBuilder: asker, Mapper: mapper, Height: net.Spec.Height, Width: net.Spec.Width}
	if e.Patch != 0 || e.Stride != 0 {
		mapper.Close()
		return nil, &invalid.Error{Field: "Patch", Found: "{Patch} or {Stride} given where nothing is hidden", Hint: "leave them out, or give {Method} occlusion"}
	}
	if m.Mean, err = model.FeatureMean(); err != nil {
		mapper.Close()
		return nil, err
	}
	result.Method, result.Why = MethodCAM, "the features are means of maps, and the head's weights on them are known"
	if result.Compared = "the average training picture"; m.Mean == nil {
		result.Compared = "a picture without any feature: the run has no " + run.FeatureMeanFile
	}
	return m, nil
}

func (e *Job) occluder(model *run.Run, net *features.Network, asker *TargetBuilder, images int, result *Result) (attributor, error) {
	o := &occluder{head: model.Head, asker: asker, height: net.Spec.Height, width: net.Spec.Width, patch: e.Patch, stride: e.Stride,
		channelsLast: net.ChannelsLast(), threads: cores.Of(e.Threads)}
	shorter := min(o.height, o.width)
	if o.stride == 0 {
		o.stride = max(1, shorter/14)
	}
	if o.patch == 0 {
		o.patch = max(o.stride, shorter/5)
	}
	if o.stride < 1 || o.patch < o.stride || o.patch > shorter {
		return nil, &invalid.Error{Field: "Patch", Found: fmt.Sprintf("{Patch} %d and {Stride} %d", o.patch, o.stride),
			Want: fmt.Sprintf("a stride of at least 1, a patch no smaller than that and no larger than the network's input, %d", shorter)}
	}
	var err error
	if o.net, err = net.Start(); err != nil {
		return nil, err
	}
	rows, columns := o.places()
	o.stage = e.Progress.Start("occlusion", images*rows*columns, "place")
	result.Method, result.Compared = MethodOcclusion, fmt.Sprintf("itself with %d × %d of %d × %d pixels hidden under its mean colour", o.patch, o.patch, o.width, o.height)
	return o, nil
}

// items lists the pictures to explain.
func (e *Job) items(ctx context.Context, model *run.Run) ([]dataset.Item, error) {
	if len(e.Paths) == 0 {
		return e.worst(ctx, model)
	}
	if e.LabelRegex == "" {
		e.LabelRegex = model.Config.Data.LabelRegex
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
		items[i].Label = model.ParseLabel(items[i].Text)
	}
	return items, nil
}
