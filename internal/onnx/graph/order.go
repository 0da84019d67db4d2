package graph

import (
	"fmt"

	"finetune/internal/onnx/onnxpb"
)

// sortNodes puts the nodes in an order in which every tensor is written before it is read, as the ONNX format demands
// and most files already have. It refuses cycles and tensors that nothing writes.
func sortNodes(pb *onnxpb.ModelProto) error {
	g := pb.Graph
	s, err := newSorter(g)
	if err != nil {
		return err
	}
	for i := range g.Node {
		if err := s.visit(i); err != nil {
			return err
		}
	}
	g.Node = s.sorted
	return nil
}

// A sorter visits nodes depth first. A file that is sorted keeps its order.
type sorter struct {
	nodes   []*onnxpb.NodeProto
	given   map[string]bool // inputs and initializers
	writer  map[string]int
	state   []int8 // of each node
	sorted  []*onnxpb.NodeProto
	pending []int // the path from the node that is visited, with what is still to be visited
	reads   []string
}

// The states of a node.
const (
	unseen int8 = iota
	open        // on the path
	done
)

func newSorter(g *onnxpb.GraphProto) (*sorter, error) {
	s := &sorter{nodes: g.Node, given: map[string]bool{"": true}, writer: make(map[string]int, len(g.Node)),
		state: make([]int8, len(g.Node)), sorted: make([]*onnxpb.NodeProto, 0, len(g.Node))}
	for _, v := range g.Input {
		s.given[v.GetName()] = true
	}
	for _, t := range g.Initializer {
		s.given[t.GetName()] = true
	}
	for _, t := range g.SparseInitializer {
		s.given[t.GetValues().GetName()] = true
	}
	for i, n := range g.Node {
		for _, out := range n.Output {
			if out == "" {
				continue // an optional output that isn't wanted
			}
			if _, twice := s.writer[out]; twice || s.given[out] {
				return nil, fmt.Errorf("tensor %q is written twice", out)
			}
			s.writer[out] = i
		}
	}
	return s, nil
}

// visit appends a node after all that it needs.
func (s *sorter) visit(i int) error {
	s.pending = append(s.pending[:0], i)
	for len(s.pending) > 0 {
		i := s.pending[len(s.pending)-1]
		if s.state[i] != unseen { // its needs are appended now, or it is by another path
			if s.state[i] == open {
				s.sorted = append(s.sorted, s.nodes[i])
			}
			s.state[i] = done
			s.pending = s.pending[:len(s.pending)-1]
			continue
		}
		s.state[i] = open
		for _, in := range s.readsOf(i) {
			w, written := s.writer[in]
			switch {
			case s.given[in]:
			case !written:
				return fmt.Errorf("node %s reads the tensor %q, which nothing writes", nodeName(s.nodes[i]), in)
			case s.state[w] == open:
				return fmt.Errorf("the nodes form a cycle through the tensor %q", in)
			case s.state[w] == unseen:
				s.pending = append(s.pending, w)
			}
		}
	}
	return nil
}

// nodeName returns the name by which an error refers to a node.
func nodeName(n *onnxpb.NodeProto) string {
	if n.GetName() != "" {
		return fmt.Sprintf("%q", n.GetName())
	}
	return fmt.Sprintf("%s that writes %q", n.GetOpType(), output(n))
}

func (s *sorter) readsOf(i int) []string {
	s.reads = appendReads(s.reads[:0], s.nodes[i])
	return s.reads
}
