package explain

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
	"finetune/preprocess"
)

// The attribution methods.
const (
	MethodAuto      = "auto"      // MethodCAM where the network allows it, otherwise MethodOcclusion
	MethodCAM       = "cam"       // class activation maps
	MethodOcclusion = "occlusion" // the change of the target while a patch of the image is hidden
)

// ResultFile holds the [Result], beside the drawn sheets.
const ResultFile = "explained.json"

// Job draws a sheet for each image: the image, its class probabilities and one map for each target.
type Job struct {
	Model string // the run folder, or its head.safetensors
	// Paths are images, folders, manifests or lists of files. If empty, the job explains the largest errors of the
	// run, whose images it finds through the run's config.json.
	Paths      []string
	LabelRegex string // finds the true label in a path, for data without labels; "": that of the run
	Class      string // one more class to explain; "": none
	Method     string // "" is MethodAuto
	// Patch and Stride are the side of the occluded square and the step between squares, in pixels of the network's
	// input. 0: a fifth and a fourteenth of its shorter side.
	Patch, Stride int
	MaxMistakes   *int            // number of errors to explain if Paths is empty, 0 for none; nil: report.GallerySize
	Maps          bool            // also write each map as a matrix, .npy
	Images        features.Images // Backbone "" is that of the run
	// Out is a folder, or a .png file for a single image. "" is finetune-explain-1, or the next free number; for the
	// errors of the run it is the folder "explained" of the run.
	Out       string
	Overwrite bool // replace a .png file at Out, and its matrices; an earlier explanation in a folder is always replaced
	Threads   int  // 0: all cores
	Progress  progress.Reporter

	unseen []int // of the run's errors the classes that heads predicted that were not trained on them; nil for given Paths
}

// A Result lists the explained images and how they were explained. ResultFile holds it as JSON.
type Result struct {
	Model      string                `json:"model"`
	Out        string                `json:"out"`
	Method     string                `json:"method"`   // MethodCAM or MethodOcclusion
	Why        string                `json:"why"`      // the reason for the method
	Reference  string                `json:"compared"` // the input that the maps compare an image with
	Images     []Image               `json:"images"`
	Notes      []string              `json:"notes,omitempty"`
	Unreadable []artifact.Unreadable `json:"unreadable,omitempty"`
}

// An Image is one explained image.
type Image struct {
	Path          string             `json:"path"`
	Picture       string             `json:"picture"` // path of the drawn sheet
	Predicted     string             `json:"predicted"`
	Unseen        string             `json:"predicted_unseen,omitempty"` // of an error of the run: by a head that was not trained on it
	Label         string             `json:"label,omitempty"`            // "" if unknown
	Expected      float64            `json:"expected_class"`             // mean of the distribution; 0 is the lowest class
	Probabilities []ClassProbability `json:"probabilities"`              // lowest class first
	Maps          []Map              `json:"maps"`

	unreadable error // if not nil, only Path is set
}

// answeredAnew counts the images of which the run's head says otherwise than a head that was not trained on them.
func (r *Result) answeredAnew() (n int) {
	for _, im := range r.Images {
		if im.Unseen != "" && im.Unseen != im.Predicted {
			n++
		}
	}
	return n
}

// A ClassProbability is P(y = class).
type ClassProbability struct {
	Class       string  `json:"class"`
	Probability float64 `json:"probability"`
}

// A Map summarizes the attribution of one target.
type Map struct {
	Target string `json:"question"`        // TargetClass or TargetOrder
	Class  string `json:"class,omitempty"` // of TargetClass
	// Sum is the total over all locations; nil for occlusion, whose patches overlap. If Exact (a linear head, and a
	// loss with one logit for each class), Sum is the difference of the target between this image and the reference.
	// Otherwise the map is a linear approximation around this image.
	Sum         *float64 `json:"sum,omitempty"`
	Exact       bool     `json:"exact"`
	Unlocalized float64  `json:"no_place"` // the part of Sum without a location, such as that of a class token
	For         Point    `json:"for"`      // the strongest evidence for the class, or for higher classes
	Against     Point    `json:"against"`  // the strongest evidence against the class, or for lower classes
}

// A Point is a location in an image, as shares of its width from the left and of its height from the top.
type Point struct {
	Across float64 `json:"across"`
	Down   float64 `json:"down"`
}

// Numbers declares the numbers of a Job.
var Numbers = struct{ MaxMistakes, Patch, Stride invalid.Number }{
	MaxMistakes: invalid.Number{Field: "MaxMistakes", Range: invalid.Range{High: math.MaxInt32}, Whole: true},
	Patch: invalid.Number{Field: "Patch", Range: invalid.Range{Low: 1, High: preprocess.MaxSize}, Whole: true,
		AutoIs: "a fifth of the input's shorter side"},
	Stride: invalid.Number{Field: "Stride", Range: invalid.Range{Low: 1, High: preprocess.MaxSize}, Whole: true,
		AutoIs: "a fourteenth of the input's shorter side"},
}

// Run does the job. If ctx is cancelled, Run returns its cause and leaves no result folder. Input that the caller can
// correct is an *invalid.Error.
func (e Job) Run(ctx context.Context) (*Result, error) {
	e.Progress = progress.OrNone(e.Progress)
	if err := cmp.Or(Numbers.Patch.Check(float64(e.Patch)), Numbers.Stride.Check(float64(e.Stride))); err != nil {
		return nil, err
	}
	model, err := run.OpenContext(ctx, e.Model)
	if err != nil {
		return nil, err
	}
	targets, err := NewTargetBuilder(model.Head)
	if err != nil {
		return nil, err
	}
	class, err := targets.parseClass(e.Class)
	if err != nil {
		return nil, err
	}
	items, err := e.items(ctx, model)
	if err != nil {
		return nil, err
	}
	folder, err := e.claim(ctx, model, items)
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
	attributor, err := e.newAttributor(model, net, len(items), result)
	if err != nil {
		return nil, err
	}
	defer attributor.Close()
	r := &renderer{Job: &e, folder: folder, run: model, net: net, targets: targets, attributor: attributor,
		class: class, result: result}
	if err := r.renderAll(ctx, items); err != nil {
		return nil, err
	}
	if n := result.answeredAnew(); n > 0 {
		result.Notes = append(result.Notes, fmt.Sprintf("the errors are those of heads that were not trained on the images; the "+
			"run's head was, and answers %d of %d otherwise: the maps are of its answers", n, len(result.Images)))
	}
	if len(result.Images) == 0 && len(items) > 0 {
		first := result.Unreadable[0]
		return nil, &invalid.Error{Path: first.Path, Found: fmt.Sprintf("%s, and none of %d images can be read",
			first.Reason, len(items)), Want: "images"}
	}
	if r.singleFile() {
		return result, nil
	}
	if err := artifact.WriteJSON(folder.Path(ResultFile), result); err != nil {
		return nil, err
	}
	return result, folder.Publish(ctx)
}
