package onnxgraph

import (
	"fmt"
	"slices"
	"strings"

	"finetune/internal/mistake"
	"finetune/internal/onnxpb"
)

// A Tap is the tensor of a network that is used as the feature, and how it becomes one row an image.
type Tap struct {
	Tensor     Value    `json:"tensor"`
	Width      int      `json:"width"`                  // numbers an image after pooling; 0 until the network has run
	Space      []int    `json:"space,omitempty"`        // axes that are averaged: height and width, or tokens
	Grids      []int    `json:"grids,omitempty"`        // cells a side of each grid that it is averaged over; 1 is the whole
	Classifier string   `json:"classifier,omitempty"`   // operator of the layer that reads it and is cut off
	Classes    int      `json:"classes,omitempty"`      // what that layer answered
	Through    []string `json:"seen_through,omitempty"` // operators between that layer and the output, from the output back
	Why        string   `json:"why"`                    // one phrase for people
}

// FindTap returns the tap called name, which may be a tensor or a node with one output. With an empty name it
// looks for the feature: the tensor that enters the final classifier, or the output of a network without one.
// When that can't be decided, or no such tensor exists, the error is a *mistake.Error that lists the candidates
// and names --tap.
func (m *Model) FindTap(name string) (Tap, error) {
	if name != "" {
		return m.namedTap(name)
	}
	var named, classified, plain []ending
	for _, out := range m.outputs {
		if !m.readable(out.Name) {
			continue // answers such as a class index
		}
		switch e := m.ending(out.Name); {
		case e.isEmbedding() && containsAny(strings.ToLower(out.Name), embeddings...):
			named = append(named, e)
		case e.isEmbedding():
			plain = append(plain, e)
		case e.layer != "":
			classified = append(classified, e)
		}
	}
	for _, endings := range [][]ending{named, classified, plain} {
		switch taps := distinctTaps(endings); {
		case len(taps) == 1:
			return m.endingTap(endings[0])
		case len(taps) > 1:
			return Tap{}, m.undecided(fmt.Sprintf("its outputs come from %d different features (%s)",
				len(taps), strings.Join(firstNames(taps), ", ")))
		}
	}
	return Tap{}, m.undecided("no classifier was found at its end, and no output that is a feature")
}

// distinctTaps returns the tensors that the endings lead to.
func distinctTaps(endings []ending) []string {
	var taps []string
	for _, e := range endings {
		if t := e.tap(); !slices.Contains(taps, t) {
			taps = append(taps, t)
		}
	}
	return taps
}

// tap returns the tensor that an ending offers as the feature.
func (e ending) tap() string {
	if e.isEmbedding() {
		return e.output
	}
	return e.feature
}

func (m *Model) endingTap(e ending) (Tap, error) {
	if e.isEmbedding() {
		tensor := m.beforeDropout(e.output)
		t, err := m.tapAt(tensor)
		switch {
		case e.layer != "" && e.feature != "":
			t.Why = fmt.Sprintf("the output %q looks like an embedding; the layer before it reads %q", e.output, e.feature)
		default:
			t.Why = fmt.Sprintf("the output %q has no classifier before it", e.output)
		}
		return t, err
	}
	t, err := m.tapAt(e.feature)
	t.Classifier, t.Classes, t.Through = e.layer, e.out, e.through
	t.Why = fmt.Sprintf("the tensor that enters the classifier (%s) of output %q", e.layer, e.output)
	if t.Width == 0 {
		t.Width = e.in
	}
	return t, err
}

func (m *Model) namedTap(name string) (Tap, error) {
	tensor := name
	if !m.isTensor(name) {
		i := slices.IndexFunc(m.pb.Graph.Node, func(n *onnxpb.NodeProto) bool {
			return name != "" && n.GetName() == name && len(n.Output) == 1
		})
		if i < 0 {
			return Tap{}, m.noTensor(name)
		}
		tensor = m.pb.Graph.Node[i].Output[0]
	}
	if m.isConstant(tensor) {
		return Tap{}, &mistake.Error{Subject: "--tap", Found: fmt.Sprintf("%q is a constant of %s", name, m.name),
			Expected: "a tensor that depends on the image", Do: m.offer()}
	}
	t, err := m.tapAt(tensor)
	t.Why = "named by --tap"
	return t, err
}

func (m *Model) isTensor(name string) bool {
	_, known := m.info[name]
	_, written := m.producer[name]
	return name != "" && (known || written)
}

// tapAt works out how a tensor becomes one row an image. An unknown shape leaves Width 0 and Space empty;
// WithShape completes such a tap.
func (m *Model) tapAt(tensor string) (Tap, error) {
	v := m.value(tensor)
	if !m.readable(tensor) {
		return Tap{}, &mistake.Error{Subject: "--tap", Found: fmt.Sprintf("%q holds %s numbers", tensor, v.Type),
			Expected: "a floating-point tensor", Do: m.offer()}
	}
	return m.WithShape(Tap{Tensor: v}, v.Shape)
}

// WithShape returns the tap with the pooling and the width that follow from a shape: N×D is taken as it is, a
// map N×C×H×W is averaged over space, tokens N×T×D over tokens, D alone is the row of a batch of one.
func (m *Model) WithShape(t Tap, s Shape) (Tap, error) {
	t.Tensor.Shape = s
	width := unknownDim
	switch len(s) {
	case 0:
		if s == nil {
			return t, nil
		}
	case 1:
		width = s[0]
	case 2:
		width = s[1]
	case 3:
		t.Space, width = []int{1}, s[2]
	case 4:
		if m.channelsLast(t.Tensor.Name) {
			t.Space, width = []int{1, 2}, s[3]
		} else {
			t.Space, width = []int{2, 3}, s[1]
		}
	}
	if len(s) == 0 || len(s) > 4 {
		return Tap{}, &mistake.Error{Subject: "--tap", Found: fmt.Sprintf("%q has the shape %s", t.Tensor.Name, s),
			Expected: "N×D, N×T×D or N×C×H×W", Do: m.offer()}
	}
	if width.Fixed() {
		t.Width = int(width.Size)
	}
	return t, nil
}

// channelsLast reports whether a map has its channels in the last axis. ONNX convolutions have them in the
// second; networks that don't (TensorFlow's, ConvNeXt's blocks) transpose around them.
func (m *Model) channelsLast(tensor string) bool {
	for range m.pb.Graph.Node {
		n := m.producerOf(tensor)
		if n == nil {
			in, err := m.imageInput(tensor)
			return err == nil && in.Layout == NHWC
		}
		if isOp(n, "Transpose") {
			p := attribute(n, "perm")
			return p != nil && slices.Equal(p.Ints, []int64{0, 2, 3, 1})
		}
		next := input(n, 0)
		if m.isConstant(next) {
			next = rightOf(n)
		}
		if is(n, "LayerNormalization", "MatMul") {
			return true // both work on the last axis
		}
		if is(n, "Concat") { // joins channels
			axis, ok := wrap(intAttribute(n, "axis", 1), 4)
			return ok && axis == 3
		}
		if is(n, "Conv", "ConvTranspose", "GlobalAveragePool", "AveragePool", "MaxPool", "BatchNormalization") ||
			len(m.info[next].shape) != 4 {
			return false
		}
		tensor = next
	}
	return false
}
