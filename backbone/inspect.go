package backbone

import (
	"context"

	"finetune/internal/onnx/graph"
)

// PreprocessingKey is the key of a file's metadata_props that holds the network's preprocessing, in the text form of a
// preprocess.Spec.
const PreprocessingKey = "finetune.preprocessing"

// A Description describes a file and the feature that would be taken from it. Its JSON form is public.
type Description struct {
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	Digest string `json:"digest"` // as Backbone.Digest
	graph.Facts
	Inputs        []Value     `json:"inputs"`
	Outputs       []Value     `json:"outputs"`
	External      []string    `json:"external_files,omitempty"` // other files with its weights
	Image         *Input      `json:"image,omitempty"`          // nil when no input can be used, see Problem
	Feature       *Feature    `json:"feature,omitempty"`        // nil when it can't be decided, see Problem
	Blocks        []Block     `json:"blocks,omitempty"`         // the layout of its row; nil while a width is unknown
	Problem       string      `json:"problem,omitempty"`        // what keeps the file from being used
	Candidates    []Candidate `json:"candidates"`               // what Options.Tap could name, from the end back
	Notes         []string    `json:"notes,omitempty"`          // what is changed so that the network can be used
	Preprocessing string      `json:"preprocessing,omitempty"`  // from the file's metadata; "" if absent
	Precision     string      `json:"precision,omitempty"`      // of a network that Lower made: its PrecisionReport; "" for others

	err error // Problem is its text
}

// A Value is a tensor of the graph with what is known of its type and shape.
type Value = graph.Value

// A Candidate is a tensor that Options.Tap could name.
type Candidate = graph.Candidate

// Inspect is InspectContext without a context.
func Inspect(path string, o Options) (*Description, error) {
	return InspectContext(context.Background(), path, o)
}

// InspectContext describes a file. Only the options that choose a feature matter. It runs nothing and needs no native
// library. What keeps the network from being used is in Problem; only a file that can't be read as ONNX gives an
// error.
func InspectContext(ctx context.Context, path string, o Options) (*Description, error) {
	src, err := readFile(ctx, path)
	if err != nil {
		return nil, err
	}
	return inspect(ctx, src, o)
}

// InspectBytes is Inspect for a network that isn't in a file.
func InspectBytes(name string, data []byte, o Options) (*Description, error) {
	return inspect(context.Background(), source{name: name, data: data}, o)
}

// Err returns the error that Open would return, or nil.
func (d *Description) Err() error { return d.err }

func (d *Description) refuse(err error) { d.err, d.Problem = err, err.Error() }

func inspect(ctx context.Context, src source, o Options) (*Description, error) {
	model, err := graph.Parse(src.name, src.data)
	if err != nil {
		return nil, err
	}
	d := &Description{
		File: src.name, Bytes: int64(len(src.data)), Facts: model.Facts(),
		Inputs: model.Inputs(), Outputs: model.Outputs(), Candidates: model.Candidates(),
		Preprocessing: model.Metadata(PreprocessingKey), Precision: model.Metadata(PrecisionKey),
	}
	if d.External, err = model.ExternalFiles(); err != nil {
		return nil, err
	}
	if d.Digest, err = digest(ctx, model, src); err != nil {
		return nil, err
	}
	feature, err := model.FindFeature(o.Tap, o.Pool, o.PoolStat...)
	if err != nil {
		d.refuse(err)
		if in, err := model.ImageInput(); err == nil {
			d.Image = &in
		}
		return d, nil
	}
	d.Feature, d.Blocks = &feature, feature.Blocks()
	in, err := model.InputOf(feature)
	if err != nil {
		d.refuse(err)
		return d, nil
	}
	d.Image, d.Notes = &in, model.FeatureNotes(feature)
	return d, nil
}
