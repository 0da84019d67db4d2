package backbone

import (
	"path/filepath"

	"finetune/internal/onnx/graph"
)

// PreprocessingKey is the key of a file's metadata_props under which a network says how its images are prepared,
// in the text form of a preprocess.Spec.
const PreprocessingKey = "finetune.preprocessing"

// A Description is what a file says of itself and what would be made of it. It is written as JSON by
// `finetune inspect --json`.
type Description struct {
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	Digest string `json:"digest"` // as Backbone.Digest
	graph.Facts
	Inputs        []Value     `json:"inputs"`
	Outputs       []Value     `json:"outputs"`
	External      []string    `json:"external_files,omitempty"` // files of weights beside it
	Image         *Input      `json:"image,omitempty"`          // nil when no input can be used; Problem says why
	Feature       *Feature    `json:"feature,omitempty"`        // nil when it can't be decided; Problem says why
	Blocks        []Block     `json:"blocks,omitempty"`         // the layout of its row; nil where only a run can tell a width
	Problem       string      `json:"problem,omitempty"`        // what stands in the way of using the file
	Candidates    []Candidate `json:"candidates"`               // what --tap could name, the nearest to the end first
	Preprocessing string      `json:"preprocessing,omitempty"`  // from the file's metadata; "" where it says nothing

	err error // what Problem is the text of
}

// A Value is a tensor of the graph with what is known of its type and shape.
type Value = graph.Value

// A Candidate is a tensor that Options.Tap could name.
type Candidate = graph.Candidate

// Inspect describes a file. Only Tap and Pool of the options matter. It runs nothing and needs no native library. What keeps the
// network from being used stands in Problem; only a file that can't be read as ONNX gives an error.
func Inspect(path string, o Options) (*Description, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	return inspect(path, filepath.Dir(path), data, o)
}

// InspectBytes is Inspect for a network that isn't in a file.
func InspectBytes(name string, data []byte, o Options) (*Description, error) {
	return inspect(name, "", data, o)
}

// Err returns what keeps the network from being used, as Open would, or nil.
func (d *Description) Err() error { return d.err }

func (d *Description) refuse(err error) { d.err, d.Problem = err, err.Error() }

func inspect(name, dir string, data []byte, o Options) (*Description, error) {
	model, err := graph.Parse(name, data)
	if err != nil {
		return nil, err
	}
	d := &Description{
		File: name, Bytes: int64(len(data)), Facts: model.Facts(), Inputs: model.Inputs(), Outputs: model.Outputs(),
		Candidates: model.Candidates(), Preprocessing: model.Metadata(PreprocessingKey),
	}
	if d.External, err = model.ExternalFiles(); err != nil {
		return nil, err
	}
	if d.Digest, err = digest(model, dir, data); err != nil {
		return nil, err
	}
	feature, err := model.FindFeature(o.Tap, o.Pool)
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
	d.Image = &in
	return d, nil
}
