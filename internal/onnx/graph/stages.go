package graph

import (
	"fmt"
	"slices"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"

	"google.golang.org/protobuf/proto"
)

// Multi takes a network at several depths. A block is the nodes between two joints where branches meet (residual
// sums, concatenations), a stage the blocks of one spatial size. The taps are, from the image to the end: the end of
// the last block of each earlier stage; the ends of the blocks of the last two stages, at most maxBlocks of a stage,
// evenly spread; and the feature that is found without a name. A stage without blocks, as all of VGG's are, ends at
// its last joint, unless it is finer than a quarter of the image or made by a single convolution. EfficientNet-Lite0
// gives its nine residual sums and the last feature, 2,304 numbers.
const (
	lastStages = 2
	maxBlocks  = 4
	maxStages  = 64  // no network has nearly as many
	assumed    = 224 // side of the image, to compare sizes, where the file leaves it open
)

// A stage is the part of a network with one spatial size.
type stage struct {
	places   [2]int64 // height and width; of tokens in an unknown arrangement their number and 1
	ends     []string // of blocks
	fallback string   // the last joint, the tap where no block ends
}

func (m *Model) multi() (Feature, error) {
	last, err := m.found()
	if err != nil {
		return Feature{}, err
	}
	stages := m.withImageSize(assumed).stages(last.Taps[0].Tensor.Name)
	if len(stages) > maxStages {
		return Feature{}, &invalid.Error{Field: "Images.Tap",
			Found: fmt.Sprintf("%q: %s has %d spatial sizes", Multi, m.name, len(stages)),
			Want:  fmt.Sprintf("at most %d", maxStages), Hint: "list the tensors instead, separated by commas"}
	}
	var f Feature
	for i, s := range stages {
		ends := s.ends
		switch {
		case len(ends) == 0:
			ends = []string{s.fallback}
		case i < len(stages)-lastStages:
			ends = ends[len(ends)-1:]
		default:
			ends = spreadOut(ends, maxBlocks)
		}
		for _, tensor := range ends {
			t, err := m.tapAt(tensor)
			if err != nil {
				return Feature{}, err
			}
			if tensor == last.Taps[0].Tensor.Name {
				continue
			}
			t.Why = "the end of a block at " + s.String()
			f.Taps = append(f.Taps, t)
		}
	}
	if len(f.Taps) == 0 {
		return Feature{}, &invalid.Error{Field: "Images.Tap",
			Found: fmt.Sprintf("%q: no earlier stage was found in %s", Multi, m.name),
			Hint:  "list tensors of several depths instead, separated by commas; " + m.offer()}
	}
	f.Why = fmt.Sprintf("%s, and %s", ofStages(len(f.Taps), stages), last.Why)
	f.Taps = append(f.Taps, last.Taps...)
	return f, nil
}

// stages groups the joints before a tensor by their spatial size, the earliest first.
func (m *Model) stages(tensor string) []stage {
	in, err := m.inputFor(tensor)
	if err != nil {
		return nil
	}
	var list []stage
	index := map[[2]int64]int{}
	at := func(places [2]int64) *stage {
		i, ok := index[places]
		if !ok {
			i = len(list)
			index[places] = i
			list = append(list, stage{places: places})
		}
		return &list[i]
	}
	ended := -1 // layers before the end of a block whose form has no places of the image, such as MaxViT's windows
	smallest := int64(0)
	for _, j := range m.joints(tensor) {
		places, isMap, ok := m.places(j.tensor, in)
		if ok && isMap && smallest > 0 && places[0] > smallest {
			ok = false // maps only get smaller; this one has another layout
		}
		if ok && isMap {
			smallest = places[0]
		}
		switch {
		case j.closes && !ok:
			ended = j.layers
		case j.closes, ok && ended == j.layers: // its elements in their places again
			s := at(places)
			s.ends = append(s.ends, m.afterActivation(j.tensor))
			ended = -1
		case ok && isMap && j.layers > 1 && places[0]*4 <= int64(in.Height):
			at(places).fallback = j.tensor
		}
	}
	return list
}

// places returns the height and width of a map of the image or of its tokens, or the number of tokens and 1. ok is
// false for a tensor without such places, or with another aspect ratio than the image.
func (m *Model) places(tensor string, in ImageInput) (places [2]int64, isMap, ok bool) {
	t, err := m.tapAt(tensor)
	if err != nil || !t.spatial() || t.Width == 0 {
		return places, false, false
	}
	places = [2]int64{1, 1}
	for i, axis := range t.Space {
		places[i] = t.Tensor.Shape[axis].Size
	}
	if places[0] < 1 || places[1] < 1 || max(places[0], places[1]) > maxBytes {
		return places, false, false
	}
	if len(t.Space) == 1 {
		if t.Places[0] > 0 {
			places = [2]int64{int64(t.Places[0]), int64(t.Places[1])}
		}
		return places, false, true
	}
	height, width := int64(in.Height), int64(in.Width)
	askew := places[0]*width - places[1]*height
	return places, true, max(askew, -askew) <= max(height, width) // borders round by a place
}

// afterActivation returns the tensor after the activation that follows a block's sum: the block's last one. In
// quantised networks rounding may be the activation: a ReLU is left out where the bytes begin at zero.
func (m *Model) afterActivation(tensor string) string {
	for range maxNesting {
		next := ""
		for _, i := range m.readers[tensor] {
			switch n := m.pb.Graph.Node[i]; {
			case isOp(n, "QuantizeLinear"), isOp(n, "DequantizeLinear"),
				len(m.readers[tensor]) == 1 && is(n, "Celu", "Clip", "Elu", "Gelu", "HardSwish", "LeakyRelu", "Mish",
					"PRelu", "Relu", "Selu", "Swish"):
				next = output(n)
			}
		}
		if next == "" {
			break
		}
		tensor = next
	}
	return tensor
}

// spreadOut returns at most n of a list, evenly spread and with the last one.
func spreadOut(list []string, n int) []string {
	if len(list) <= n {
		return list
	}
	picks := make([]string, n)
	for i := range picks {
		picks[i] = list[((i+1)*len(list)+n-1)/n-1]
	}
	return picks
}

// ofStages describes where blocks were taken.
func ofStages(blocks int, stages []stage) string {
	switch {
	case blocks == 1:
		return "the end of a block at " + stages[0].String()
	case len(stages) == 1:
		return fmt.Sprintf("the ends of %d blocks at %s", blocks, stages[0])
	}
	return fmt.Sprintf("the ends of %d blocks at %d sizes", blocks, len(stages))
}

// String returns "14 × 14", or "197 tokens".
func (s stage) String() string {
	if s.places[1] == 1 {
		return fmt.Sprintf("%d tokens", s.places[0])
	}
	return fmt.Sprintf("%d × %d", s.places[0], s.places[1])
}

// withImageSize returns a model in which the open sizes of image inputs are fixed, so that every spatial size is
// known. It shares the rest with m.
func (m *Model) withImageSize(side int64) *Model {
	graph := &onnxpb.GraphProto{
		Name: m.pb.Graph.Name, Node: m.pb.Graph.Node, Initializer: m.pb.Graph.Initializer, Output: m.pb.Graph.Output,
		SparseInitializer: m.pb.Graph.SparseInitializer, ValueInfo: m.pb.Graph.ValueInfo,
	}
	changed := false
	for _, v := range m.pb.Graph.Input {
		in, err := m.imageInput(v.GetName())
		if m.constant[v.GetName()] == nil && err == nil && (in.Height == 0 || in.Width == 0) {
			shape := slices.Clone(m.info[v.GetName()].shape)
			for _, axis := range spaceAxes(in.Layout) {
				if !shape[axis].Fixed() {
					shape[axis] = Dim{Size: side}
				}
			}
			elem := m.info[v.GetName()].elem
			v = tensorValue(v.GetName(), shape)
			v.Type.GetTensorType().ElemType = proto.Int32(int32(elem))
			changed = true
		}
		graph.Input = append(graph.Input, v)
	}
	if !changed {
		return m
	}
	pb := &onnxpb.ModelProto{IrVersion: m.pb.IrVersion, OpsetImport: m.pb.OpsetImport, Graph: graph,
		Functions: m.pb.Functions}
	return fromProto(m.name, pb)
}

// spaceAxes returns the axes of height and width.
func spaceAxes(l Layout) []int {
	if l == NHWC {
		return []int{1, 2}
	}
	return []int{2, 3}
}
