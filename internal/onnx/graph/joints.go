package graph

import "finetune/internal/onnx/onnxpb"

// A joint is a tensor that all later tensors depend on the image through: once it is written, no other tensor that
// depends on the image is read any more. The nodes between two joints are a block.
type joint struct {
	tensor string
	closes bool // it joins branches: the end of a residual or a concatenating block, but not of attention alone
	layers int  // convolutions and matrix products before it
}

// joints returns the joints before a tensor, from the image on. Computations on shapes don't count as dependence on
// the image.
func (m *Model) joints(tensor string) []joint {
	c := cutter{Model: m, needed: map[string]bool{}}
	c.need(tensor)
	alive := map[string]int{} // tensors that depend on the image, with the number of their remaining readers
	for _, v := range m.inputs {
		if c.needed[v.Name] {
			alive[v.Name] = c.readersOf(v.Name)
		}
	}
	var list []joint
	count, before := 0, 0 // now and at the last joint
	attends, activates := false, false
	var read []string        // inputs of a node that depend on the image
	seen := map[string]int{} // by tensor: the last node that reads it, counted from 1
	for i, n := range m.pb.Graph.Node {
		if !c.keeps(n) || ofShapes(n) {
			continue
		}
		read = read[:0]
		for _, in := range n.Input {
			if _, depends := alive[in]; depends && seen[in] != i+1 {
				seen[in] = i + 1
				read = append(read, in)
			}
		}
		if len(read) == 0 {
			continue // computed from weights alone
		}
		if is(n, "Conv", "ConvInteger", "Gemm", "MatMul", "MatMulInteger") {
			count++
		}
		// A block of a transformer has two sums, one after attention and one after its layers.
		attends = attends || is(n, "Softmax", "Attention")
		activates = activates || is(n, "Erf", "Gelu", "HardSwish", "QuickGelu", "Relu", "Sigmoid", "Swish", "Tanh")
		for _, in := range read {
			if alive[in]--; alive[in] == 0 {
				delete(alive, in)
			}
		}
		for _, o := range n.Output {
			if readers := c.readersOf(o); o != "" && c.needed[o] && (readers > 0 || o == tensor) {
				alive[o] = readers
			}
		}
		out := output(n)
		if _, ok := alive[out]; ok && len(alive) == 1 {
			// Without a layer since the last joint only places were moved, as where Swin merges its patches.
			closes := len(read) > 1 && joins(n) && count > before && (activates || !attends)
			list = append(list, joint{tensor: out, closes: closes, layers: count})
			before, attends, activates = count, false, false
		}
	}
	return list
}

// readersOf counts the needed nodes that read a tensor's elements.
func (c *cutter) readersOf(tensor string) int {
	count := 0
	for _, i := range c.readers[tensor] {
		if n := c.pb.Graph.Node[i]; c.keeps(n) && !ofShapes(n) {
			count++
		}
	}
	return count
}

// ofShapes reports whether a node reads only the shape of a tensor.
func ofShapes(n *onnxpb.NodeProto) bool { return isOp(n, "Shape", "Size") }

// joins reports whether a node adds or concatenates branches. A product doesn't: gates multiply.
func joins(n *onnxpb.NodeProto) bool {
	return is(n, "Add", "Sum", "Concat")
}
