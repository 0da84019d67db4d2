// Package deploy builds the ONNX models that are handed to other programs: one file with the backbone, the
// preprocessing and the head, or the head alone.
//
// The answers are logits (before the temperature), probabilities, the class that the run's rule decides for, the
// expected value and, where the head is calibrated, the ends of its prediction set. Everything is made of operators
// that mean the same from operator set 9 on, so that a model keeps the operator set that its backbone has.
//
// The package computes nothing itself and needs no native library: package verify, under internal/ort, runs what is
// built here. It imports no heads and no run folders; package export, under pipeline, fills in a [Design] from these.
package deploy

import (
	"fmt"
	"maps"
	"slices"

	"finetune/internal/onnx/graph"
	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"
	"finetune/preprocess"

	"google.golang.org/protobuf/proto"
)

// The operator sets: the least that a backbone may have, and that of a head alone, which ONNX Runtime 1.10 (2021) and
// later read.
const (
	minOpset  = 9
	headOpset = 13
	headIR    = 7
)

// An Input says what a model takes.
type Input string

// The inputs. The name is also that of the model's input.
const (
	// Tensor is what the backbone takes, as float32: N × 3 × height × width, or N × height × width × 3.
	Tensor Input = "tensor"
	// Image is N × height × width × 3 levels of upright RGB pictures, uint8, of any height and width. Resizing,
	// cropping and normalising are part of the model.
	Image Input = "image"
	// Features are rows of features, N × D, float32: the input of a model without a backbone.
	Features Input = "features"
)

// A Network is a backbone and the feature that the head reads.
type Network struct {
	Model   *graph.Model  // as parsed, not cut
	Feature graph.Feature // with its width known
	Half    bool          // the head reads features that are rounded to float16
}

// A Design says what a model is made of.
type Design struct {
	Network       *Network // nil for the input Features
	Input         Input
	Preprocessing preprocess.Spec // of the input; a size that is 0 is the network's
	Mirror        bool            // the answer is the mean over the image and its mirror image
	Head          Head
	Metadata      map[string]string // into the file's metadata_props
}

// Build returns the model. It shares weights with the network and refers to the same files of external data, which
// [Write] needs the folder of. The same design gives the same bytes. What a user can correct (an operator set that is
// too old, a mirror image that can't be had) is an *invalid.Error.
func Build(name string, d Design) (*graph.Model, error) {
	if err := d.Head.check(); err != nil {
		return nil, fmt.Errorf("build %s: %w", name, err)
	}
	if d.Input == Features {
		return d.headAlone(name)
	}
	if d.Network == nil || d.Input != Tensor && d.Input != Image {
		return nil, fmt.Errorf("build %s: the input %q without a network for it", name, d.Input)
	}
	cut, in, err := d.Network.Model.Cut(d.Network.Feature)
	if err != nil {
		return nil, err
	}
	if width := d.Network.Feature.Width; width != d.Head.Layers[0].In {
		return nil, &invalid.Error{Path: cut.Name(), Found: fmt.Sprintf("%d features", width),
			Want: fmt.Sprintf("%d, as the head was trained on", d.Head.Layers[0].In),
			Hint: "give the network that the run was trained with"}
	}
	spec, batch, err := d.fit(cut, in)
	if err != nil {
		return nil, err
	}
	pb := separate(cut.Proto())
	begin, features := pb.Graph.Input[0].GetName(), pb.Graph.Output[0].GetName()
	pb.Graph.Input, pb.Graph.Output = nil, nil

	before := &onnxpb.GraphProto{}
	b := newBuilder(before, cut.Facts().Opset)
	b.enter(d, spec, in, begin, batch)
	behind := &onnxpb.GraphProto{}
	b.graph, b.root = behind, behind
	if d.Network.Half {
		features = b.float(b.cast(features, onnxpb.TensorProto_FLOAT16))
	}
	views := 1
	if d.Mirror {
		views = 2
	}
	b.answers(d.Head, features, views, batch)

	g := pb.Graph
	g.Input, g.Output = before.Input, behind.Output
	g.Node = slices.Concat(before.Node, g.Node, behind.Node)
	g.Initializer = slices.Concat(before.Initializer, g.Initializer, behind.Initializer)
	return finish(name, pb, d.Metadata)
}

// enter appends what leads from the model's input to the network's, called begin.
func (b *builder) enter(d Design, spec preprocess.Spec, in graph.ImageInput, begin string, batch any) {
	var tensor string
	if d.Input == Image {
		image := valueInfo(string(Image), onnxpb.TensorProto_UINT8, batch, "height", "width", 3)
		b.graph.Input = []*onnxpb.ValueInfoProto{image}
		tensor = b.tensors(string(Image), spec, in.Layout == graph.NHWC, d.Mirror)
	} else {
		shape := []any{batch, 3, spec.Height, spec.Width}
		across := int64(3) // the axis of the columns
		if in.Layout == graph.NHWC {
			shape, across = []any{batch, spec.Height, spec.Width, 3}, 2
		}
		b.graph.Input = []*onnxpb.ValueInfoProto{valueInfo(string(Tensor), onnxpb.TensorProto_FLOAT, shape...)}
		tensor = string(Tensor)
		if d.Mirror {
			tensor = b.concat(0, tensor, b.gather(tensor, across, falling(spec.Width)...))
		}
	}
	b.call(tensor, begin)
}

// falling is n−1, … 1, 0.
func falling(n int) []int64 {
	list := make([]int64, n)
	for i := range list {
		list[i] = int64(n - 1 - i)
	}
	return list
}

// fit returns the preprocessing with the network's size and the number of images in a run, an int where the network
// fixes it and else a symbol.
func (d Design) fit(cut *graph.Model, in graph.ImageInput) (spec preprocess.Spec, batch any, err error) {
	bad := func(found, want, hint string) error {
		return &invalid.Error{Path: cut.Name(), Found: found, Want: want, Hint: hint}
	}
	spec = d.Preprocessing.Sized(in.Height, in.Width)
	if err := spec.Validate(); err != nil {
		return spec, nil, err
	}
	if in.Height > 0 && spec.Height != in.Height || in.Width > 0 && spec.Width != in.Width {
		return spec, nil, bad(fmt.Sprintf("takes images of %d × %d", in.Height, in.Width),
			fmt.Sprintf("%d × %d, as the run was trained with", spec.Height, spec.Width), "")
	}
	if v := cut.Facts().Opset; v < minOpset {
		return spec, nil, bad(fmt.Sprintf("operator set %d", v), fmt.Sprintf("%d or newer", minOpset),
			"convert it with onnx.version_converter")
	}
	batch = "N"
	if in.Batch > 0 {
		batch = in.Batch
	}
	if !d.Mirror {
		return spec, batch, nil
	}
	if d.Input == Tensor && spec.Resize != preprocess.Squash && spec.CropPct < 1 {
		// The margins on both sides of a crop may differ by a pixel, so the mirror image of a crop is another one.
		return spec, nil, bad(
			"the run predicts by the image and its mirror image, which a cropped tensor doesn't give",
			"an image as the input", "export with {Input} image")
	}
	if in.Batch%2 != 0 {
		return spec, nil, bad(fmt.Sprintf("takes %d images at once", in.Batch),
			"an even or open number, for images and their mirror images", "export the network with an open batch")
	}
	if in.Batch > 0 {
		batch = in.Batch / 2
	}
	return spec, batch, nil
}

// headAlone builds the model from features to answers.
func (d Design) headAlone(name string) (*graph.Model, error) {
	if d.Mirror {
		return nil, &invalid.Error{Field: "Input",
			Found: "features, of a run that predicts by the image and its mirror image",
			Want:  "an image as the input", Hint: "export with {Input} image"}
	}
	g := &onnxpb.GraphProto{Name: proto.String("head")}
	g.Input = []*onnxpb.ValueInfoProto{valueInfo(string(Features), onnxpb.TensorProto_FLOAT, "N", d.Head.Layers[0].In)}
	newBuilder(g, headOpset).answers(d.Head, string(Features), 1, "N")
	return finish(name, &onnxpb.ModelProto{
		IrVersion: proto.Int64(headIR), Graph: g,
		OpsetImport: []*onnxpb.OperatorSetIdProto{{Domain: proto.String(""), Version: proto.Int64(headOpset)}},
	}, d.Metadata)
}

func entry(key, value string) *onnxpb.StringStringEntryProto {
	return &onnxpb.StringStringEntryProto{Key: proto.String(key), Value: proto.String(value)}
}

func finish(name string, pb *onnxpb.ModelProto, metadata map[string]string) (*graph.Model, error) {
	pb.ProducerName = proto.String("finetune")
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		pb.MetadataProps = append(pb.MetadataProps, entry(key, metadata[key]))
	}
	m, err := graph.FromProto(name, pb)
	if err != nil {
		return nil, fmt.Errorf("build %s: %w", name, err)
	}
	return m, nil
}
