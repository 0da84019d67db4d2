package graph

import (
	"slices"
)

// findLayouts notes for every tensor with four axes whether its channels are the last one. ONNX convolutions have them
// in the second; networks that don't (TensorFlow's, ConvNeXt's blocks) transpose around them.
func (m *Model) findLayouts() {
	m.last = map[string]bool{}
	for _, v := range m.pb.Graph.Input {
		if m.constant[v.GetName()] == nil {
			in, err := m.imageInput(v.GetName())
			m.last[v.GetName()] = err == nil && in.Layout == NHWC
		}
	}
	for i, n := range m.pb.Graph.Node {
		last := m.writesChannelsLast(i)
		for _, out := range n.Output {
			m.last[out] = last
		}
	}
}

func (m *Model) writesChannelsLast(i int) bool {
	n := m.pb.Graph.Node[i]
	next := input(n, 0)
	if m.isConstant(next) {
		next = rightOf(n)
	}
	switch {
	case isOp(n, "Transpose"):
		p := attribute(n, "perm")
		return p != nil && slices.Equal(p.Ints, []int64{0, 2, 3, 1})
	case is(n, "LayerNormalization", "MatMul"):
		return true // both work on the last axis
	case is(n, "Concat"): // joins channels
		axis, ok := wrap(intAttribute(n, "axis", 1), 4)
		return ok && axis == 3
	case is(n, "Conv", "ConvTranspose", "GlobalAveragePool", "AveragePool", "MaxPool", "BatchNormalization"):
		return false
	}
	return len(m.info[next].shape) == 4 && m.last[next]
}
