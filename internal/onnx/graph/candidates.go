package graph

import (
	"fmt"
	"slices"
	"strings"

	"finetune/invalid"
)

// A Candidate is a tensor that FindFeature could be given as the tap.
type Candidate struct {
	Value
	What string `json:"what"`
}

const maxCandidates = 16

// Candidates lists tensors that make sense as a tap, the nearest to the end first: outputs, the inputs of the
// last linear layers, pooled maps and the ends of blocks. Without blocks, the inputs of all linear layers are listed.
func (m *Model) Candidates() []Candidate {
	var list []Candidate
	add := func(tensor, what string) {
		if len(list) == maxCandidates || tensor == "" || m.isConstant(tensor) ||
			!m.readable(tensor) ||
			slices.ContainsFunc(list, func(c Candidate) bool { return c.Name == tensor }) {
			return
		}
		list = append(list, Candidate{m.value(tensor), what})
	}
	for _, out := range m.outputs {
		add(out.Name, "output")
	}
	for _, out := range m.outputs {
		if e := m.ending(out.Name); e.layer != "" {
			for _, tensor := range append([]string{e.feature}, e.beside...) {
				add(tensor, "enters the last layer, a "+e.layer)
			}
		}
	}
	blocks := m.blockEnds()
	nodes := m.pb.Graph.Node
	for i := len(nodes) - 1; i >= 0 && len(list) < maxCandidates; i-- {
		n := nodes[i]
		switch {
		case blocks[output(n)]:
			add(output(n), "end of a block")
		case is(n, "Gemm", "MatMul") && len(blocks) == 0 && m.isConstant(rightOf(n)):
			add(m.beforeDropout(input(n, 0)), "enters a "+n.GetOpType())
		case is(n, "GlobalAveragePool", "GlobalMaxPool", "ReduceMean") && len(m.info[input(n, 0)].shape) == 4 &&
			m.feedsForward(output(n)):
			add(output(n), "pooled map")
			add(input(n, 0), "map before pooling")
		}
	}
	return list
}

// blockEnds returns the tensors that end blocks before the first readable output. It doesn't look for a tap, because
// errors about taps list candidates.
func (m *Model) blockEnds() map[string]bool {
	ends := map[string]bool{}
	for _, out := range m.outputs {
		if !m.readable(out.Name) {
			continue
		}
		tensor := m.ending(out.Name).feature
		if tensor == "" {
			tensor = out.Name
		}
		for _, j := range m.joints(tensor) {
			if j.closes {
				ends[m.afterActivation(j.tensor)] = true
			}
		}
		break
	}
	return ends
}

// feedsForward distinguishes the pooling at the end of a network from that of a squeeze-and-excitation gate, whose
// result is the input of a convolution.
func (m *Model) feedsForward(tensor string) bool {
	for _, i := range m.readers[tensor] {
		if isOp(m.pb.Graph.Node[i], "Conv") {
			return false
		}
	}
	return true
}

func (m *Model) undecided(why string) error {
	return &invalid.Error{Path: m.name, Found: "the feature can't be determined: " + why, Hint: m.offer()}
}

func (m *Model) noTensor(name string) error {
	found := fmt.Sprintf("%q is no tensor of %s", name, m.name)
	if near := m.nearNames(name); near != nil {
		return &invalid.Error{Field: "Images.Tap", Found: found,
			Hint: "did you mean " + strings.Join(near, " or ") + "?"}
	}
	return &invalid.Error{Field: "Images.Tap", Found: found, Hint: m.offer()}
}

// offer is the hint of an error about taps: tensors to choose from.
func (m *Model) offer() string {
	var names []string
	for _, c := range m.Candidates() {
		names = append(names, fmt.Sprintf("%s (%s)", c.Name, c.Shape))
	}
	if names == nil {
		return "choose a tensor with {Images.Tap}"
	}
	return "choose one with {Images.Tap}: " + strings.Join(firstNames(names), ", ")
}

// firstNames keeps a list short enough for one line.
func firstNames(names []string) []string {
	const shown = 6
	if len(names) > shown {
		return append(slices.Clip(names[:shown]), "…")
	}
	return names
}
