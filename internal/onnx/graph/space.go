package graph

import "slices"

// spatial reports whether a tap has more than one place: a map, or tokens.
func (t Tap) spatial() bool {
	return slices.ContainsFunc(t.Space, func(axis int) bool { return t.Tensor.Shape[axis].Size != 1 })
}

// meanOf returns the map whose mean over all places a tensor is, "" when it is none.
func (m *Model) meanOf(tensor string) string {
	for range maxNesting {
		n := m.producerOf(tensor)
		source := input(n, 0)
		switch {
		case is(n, "GlobalAveragePool"):
			return source
		case is(n, "ReduceMean"):
			t, err := m.tapAt(source)
			if err != nil || t.Prefix > 0 {
				return ""
			}
			set, given, ok := axes(n, m.inputsOf(n), len(t.Tensor.Shape))
			missing := func(axis int) bool { return !set[axis] }
			if !ok || !given || len(set) != len(t.Space) || slices.ContainsFunc(t.Space, missing) {
				return ""
			}
			return source
		case isOp(n, "Dropout", "Identity", "QuantizeLinear", "DequantizeLinear"),
			isOp(n, "Flatten", "Reshape", "Squeeze") && m.isPooled(source):
			tensor = source
		default:
			return ""
		}
	}
	return ""
}

// sameMap reports whether two maps are the same but for quantisation.
func (m *Model) sameMap(a, b string) bool {
	return a != "" && b != "" && m.unquantized(a) == m.unquantized(b)
}

// unquantized skips operators that pass their input on, but for rounding.
func (m *Model) unquantized(tensor string) string {
	for range maxNesting {
		n := m.producerOf(tensor)
		if !isOp(n, "Dropout", "Identity", "QuantizeLinear", "DequantizeLinear") {
			break
		}
		tensor = input(n, 0)
	}
	return tensor
}

// mapBefore walks back from a vector to the nearest tensor with space that it was made from: the map before the
// pooling, or the tokens of which one was taken. It returns "" where none is found.
func (m *Model) mapBefore(tensor string) string {
	for range m.pb.Graph.Node {
		n := m.producerOf(tensor)
		if n == nil {
			return ""
		}
		next := ""
		for _, in := range n.Input {
			if in != "" && !m.isConstant(in) {
				next = in
				break
			}
		}
		if _, made := m.producer[next]; !made {
			return "" // the image itself is no feature
		}
		switch s := m.info[next].shape; {
		case len(s) == 4 && (s[2].Size != 1 || s[3].Size != 1 && s[1].Size != 1):
			return m.beforeDropout(next)
		case len(s) == 3 && isOp(n, "ReduceMean", "Gather", "Slice") && s[1].Size != 1:
			return m.beforeDropout(next)
		}
		tensor = next
	}
	return ""
}
