package graph

import (
	"fmt"
	"slices"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"
)

// A Layout is the order of an image tensor's axes.
type Layout string

// The layouts that networks use: channels before or after space.
const (
	NCHW Layout = "NCHW"
	NHWC Layout = "NHWC"
)

// An ImageInput is the input of a network that takes images of three channels.
type ImageInput struct {
	Name   string `json:"name"`
	Type   string `json:"type"` // "float32", "float16", "uint8", …
	Layout Layout `json:"layout"`
	Batch  int    `json:"batch"`  // 0: any
	Height int    `json:"height"` // 0: any
	Width  int    `json:"width"`  // 0: any
}

// ImageInput returns the one input of the network, which must be a batch of images: four axes, three channels.
// Anything else gives a *invalid.Error.
func (m *Model) ImageInput() (ImageInput, error) { return m.imageInputOf(m.inputs) }

func (m *Model) imageInputOf(inputs []Value) (ImageInput, error) {
	switch len(inputs) {
	case 0:
		return ImageInput{}, &invalid.Error{Path: m.name, Found: "the feature depends on no input",
			Want: "a network that takes images"}
	case 1:
		return m.imageInput(inputs[0].Name)
	}
	var found []string
	for _, v := range inputs {
		found = append(found, v.String())
	}
	return ImageInput{}, &invalid.Error{Path: m.name,
		Found: fmt.Sprintf("the feature needs %d inputs: %v", len(found), firstNames(found)),
		Want:  "one image", Hint: "choose with {Images.Tap} a tensor that depends on the image alone"}
}

func (m *Model) imageInput(name string) (ImageInput, error) {
	v := m.value(name)
	bad := func(found string) (ImageInput, error) {
		return ImageInput{}, &invalid.Error{Path: m.name, Found: fmt.Sprintf("input %q %s", name, found),
			Want: "images of three channels, N×3×H×W or N×H×W×3"}
	}
	if len(v.Shape) != 4 {
		return bad("is " + v.Shape.String())
	}
	layout := m.layout(name, v.Shape)
	if layout == "" {
		return bad(fmt.Sprintf("is %s, in which no axis is known to be the channels", v.Shape))
	}
	c, h, w := v.Shape[1], v.Shape[2], v.Shape[3]
	if layout == NHWC {
		c, h, w = w, c, h
	}
	if c.Fixed() && c.Size != 3 {
		return bad(fmt.Sprintf("is %s: %d channels", v.Shape, c.Size))
	}
	switch m.info[name].elem {
	case onnxpb.TensorProto_FLOAT, onnxpb.TensorProto_FLOAT16, onnxpb.TensorProto_BFLOAT16, onnxpb.TensorProto_DOUBLE,
		onnxpb.TensorProto_UINT8, onnxpb.TensorProto_INT32:
	default:
		return bad(fmt.Sprintf("has elements of type %q", v.Type))
	}
	size := func(d Dim) int { return int(max(d.Size, 0)) }
	return ImageInput{Name: name, Type: v.Type, Layout: layout, Batch: size(v.Shape[0]),
		Height: size(h), Width: size(w)}, nil
}

// layout decides by the axis that is three long or, when both or neither are, by the nodes that read the input. It
// returns "" when these don't decide: a wrong guess would give useless features.
func (m *Model) layout(name string, s Shape) Layout {
	second, last := s[1].Size, s[3].Size
	switch {
	case second == 3 && last != 3:
		return NCHW
	case last == 3 && second != 3:
		return NHWC
	case last == 1 && second != 1:
		return NHWC // refused by the caller, with the right number of channels
	case second == 1 && last != 1:
		return NCHW
	}
	return m.readAs(name)
}

// readAs follows the input through element-wise operators to the first one that fixes the axis of the channels.
func (m *Model) readAs(tensor string) Layout {
	for range maxNesting {
		readers := m.readers[tensor]
		if len(readers) == 0 {
			return ""
		}
		n := m.pb.Graph.Node[readers[0]]
		switch {
		case isOp(n, "Conv", "BatchNormalization", "InstanceNormalization", "MaxPool", "AveragePool"):
			return NCHW
		case isOp(n, "Transpose"):
			if p := attribute(n, "perm"); p != nil && slices.Equal(p.Ints, []int64{0, 3, 1, 2}) {
				return NHWC
			}
			return ""
		case len(n.Output) > 0 && isOp(n, "Cast", "Sub", "Add", "Mul", "Div", "Identity", "QuantizeLinear",
			"DequantizeLinear", "Pad", "Clip"):
			tensor = n.Output[0]
		default:
			return ""
		}
	}
	return ""
}
