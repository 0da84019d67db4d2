package precision

import (
	"math"
	"slices"

	"finetune/internal/onnx/graph"
	"finetune/internal/onnx/onnxpb"
)

// A unit is a node that can compute with integers, with the bounds of the activation that follows it.
type unit struct {
	node   *onnxpb.NodeProto
	inputs []string // activations
	kernel *kernel  // of a convolution
	// out is the tensor whose numbers are rounded: the node's output, or that of the activation after it, which is then
	// left out, as numbers of eight bits end at the bounds of the activation by themselves.
	out        string
	activation *onnxpb.NodeProto
	low, high  float64 // of that activation
}

// follows reports whether a unit gains nothing by itself: it computes with integers where all that it reads is there
// as integers already.
func (u *unit) follows() bool { return u.kernel == nil }

// keepsScale reports whether a unit returns numbers that it read, so that input and output have the same scale.
func (u *unit) keepsScale() bool { return u.node.GetOpType() == "MaxPool" }

// findUnits lists what can compute with integers, in the order of the graph.
func (n *Network) findUnits(typed *graph.Model) {
	for _, node := range n.pb.Graph.Node {
		u := &unit{node: node, low: math.Inf(-1), high: math.Inf(1)}
		switch {
		case len(node.Output) != 1 || node.Output[0] == "":
			continue
		case graph.IsOp(node, "Conv"):
			k, ok := n.kernel(node)
			if !ok {
				continue
			}
			u.kernel, u.inputs = &k, node.Input[:1]
		case graph.IsOp(node, "Add", "Mul") && len(node.Input) == 2, graph.IsOp(node, "Concat"):
			u.inputs = node.Input
		case graph.IsOp(node, "GlobalAveragePool", "AveragePool", "Sigmoid"),
			graph.IsOp(node, "MaxPool") && n.opset() >= 12:
			u.inputs = node.Input[:min(1, len(node.Input))]
		default:
			continue
		}
		if !n.allComputed(u.inputs) || u.kernel == nil && !areMaps(typed, u.inputs) {
			continue
		}
		u.out = node.Output[0]
		if next := n.alone(u.out); next != nil && !u.keepsScale() {
			if low, high, ok := n.bounds(next); ok {
				u.activation, u.out, u.low, u.high = next, next.Output[0], low, high
			}
		}
		n.units = append(n.units, u)
	}
}

// allComputed reports whether none of the tensors is a constant or left out.
func (n *Network) allComputed(tensors []string) bool {
	for _, t := range tensors {
		if t == "" || n.constant[t] != nil {
			return false
		}
	}
	return len(tensors) > 0
}

// areMaps reports whether all tensors are known to be maps of float32: images × channels × height × width.
func areMaps(typed *graph.Model, tensors []string) bool {
	return !slices.ContainsFunc(tensors, func(t string) bool {
		return typed.TypeOf(t) != "float32" || len(typed.ShapeOf(t)) != 4
	})
}

// bounds returns the bounds of an activation that does nothing but cut its input off, around zero.
func (n *Network) bounds(node *onnxpb.NodeProto) (low, high float64, ok bool) {
	low, high = math.Inf(-1), math.Inf(1)
	if len(node.Output) != 1 {
		return low, high, false
	}
	switch {
	case graph.IsOp(node, "Relu"):
		return 0, high, true
	case graph.IsOp(node, "Clip"):
		for i, bound := range []*float64{&low, &high} {
			if name := input(node, 1+i); name != "" {
				values, ok := floats(n.constant[name])
				if !ok || len(values) != 1 {
					return low, high, false
				}
				*bound = float64(values[0])
			} else if a := attribute(node, []string{"min", "max"}[i]); a != nil {
				*bound = float64(a.GetF())
			}
		}
		return low, high, low <= 0 && high > 0
	}
	return low, high, false
}

// A Kernel is a convolution that can compute with integers.
type Kernel struct {
	Input, Output string // tensors; Output identifies it
	Weights       int    // for each number of the output
}

// Kernels lists the convolutions that can compute with integers, in the order of the graph.
func (n *Network) Kernels() (list []Kernel) {
	for _, u := range n.units {
		if u.kernel != nil {
			list = append(list, Kernel{u.inputs[0], u.out, u.kernel.each})
		}
	}
	return list
}

// Products counts the products of matrices, of which transformers mostly consist. They stay in floating point.
func (n *Network) Products() (count int) {
	for _, node := range n.pb.Graph.Node {
		if graph.IsOp(node, "MatMul", "Gemm", "Einsum", "Attention") {
			count++
		}
	}
	return count
}
