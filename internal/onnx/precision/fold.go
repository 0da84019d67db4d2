package precision

import (
	"math"
	"slices"

	"finetune/internal/onnx/graph"
	"finetune/internal/onnx/onnxpb"
)

// foldConstants computes what casts and copies of constants give, as files that store their weights in half precision
// have them.
func (n *Network) foldConstants() {
	for i, node := range n.pb.Graph.Node {
		t := n.constant[input(node, 0)]
		if t == nil || len(node.Output) != 1 || len(node.Input) != 1 {
			continue
		}
		var values []float32
		ok := false
		switch {
		case graph.IsOp(node, "Identity"):
			values, ok = floats(t)
		case graph.IsOp(node, "Cast") && attribute(node, "to").GetI() == int64(onnxpb.TensorProto_FLOAT):
			if values, ok = floats(t); !ok {
				values, ok = halves(t)
			}
		}
		if !ok {
			continue
		}
		n.add(floatTensor(node.Output[0], values, t.Dims...))
		n.pb.Graph.Node[i] = nil
	}
	n.pb.Graph.Node = slices.DeleteFunc(n.pb.Graph.Node, func(node *onnxpb.NodeProto) bool { return node == nil })
}

// foldBatchNorms makes each BatchNormalization that alone reads a convolution a part of the convolution's weights and
// bias.
func (n *Network) foldBatchNorms() {
	dropped := map[*onnxpb.NodeProto]bool{}
	place := make(map[*onnxpb.NodeProto]int, len(n.pb.Graph.Node))
	for i, node := range n.pb.Graph.Node {
		place[node] = i
	}
	for _, norm := range n.pb.Graph.Node {
		conv := n.writer[input(norm, 0)]
		if !graph.IsOp(norm, "BatchNormalization") || len(norm.Input) != 5 || len(norm.Output) != 1 ||
			!graph.IsOp(conv, "Conv") || n.alone(norm.Input[0]) != norm {
			continue
		}
		if merged := n.merged(conv, norm); merged != nil {
			n.pb.Graph.Node[place[conv]], place[merged] = merged, place[conv]
			n.writer[norm.Output[0]] = merged
			dropped[norm] = true
		}
	}
	n.pb.Graph.Node = slices.DeleteFunc(n.pb.Graph.Node, func(node *onnxpb.NodeProto) bool { return dropped[node] })
}

// merged returns a convolution that does what norm does after conv, nil where the constants don't allow it.
func (n *Network) merged(conv, norm *onnxpb.NodeProto) *onnxpb.NodeProto {
	k, ok := n.kernel(conv)
	if !ok {
		return nil
	}
	var parts [4][]float32 // scale, bias, mean, variance
	for i := range parts {
		if parts[i], ok = floats(n.constant[norm.Input[1+i]]); !ok || len(parts[i]) != k.channels {
			return nil
		}
	}
	epsilon := float64(float32(1e-5))
	if a := attribute(norm, "epsilon"); a != nil {
		epsilon = float64(a.GetF())
	}
	weight, bias := slices.Clone(k.weight), make([]float32, k.channels)
	for c := range k.channels {
		factor := float64(parts[0][c]) / math.Sqrt(float64(parts[3][c])+epsilon)
		shift := float64(parts[1][c]) - float64(parts[2][c])*factor
		if k.bias != nil {
			shift += float64(k.bias[c]) * factor
		}
		bias[c] = float32(shift)
		if !finite(bias[c]) {
			return nil
		}
		row := weight[c*k.each:][:k.each]
		for i, w := range row {
			row[i] = float32(float64(w) * factor)
			if !finite(row[i]) {
				return nil
			}
		}
	}
	return &onnxpb.NodeProto{Name: conv.Name, OpType: conv.OpType, Domain: conv.Domain, Attribute: conv.Attribute,
		Output: norm.Output,
		Input: []string{conv.Input[0], n.add(floatTensor(n.unused(conv.Input[1]+".folded"), weight, k.dims...)),
			n.add(floatTensor(n.unused(norm.Output[0]+".bias"), bias, int64(k.channels)))}}
}

// A kernel is what a convolution multiplies and adds.
type kernel struct {
	dims     []int64
	channels int // of the output
	each     int // weights of a channel
	weight   []float32
	bias     []float32 // nil for none
}

// kernel returns the kernel of a convolution over two axes, if it is constant and finite.
func (n *Network) kernel(conv *onnxpb.NodeProto) (k kernel, ok bool) {
	t := n.constant[input(conv, 1)]
	if t == nil || len(t.Dims) != 4 || len(conv.Output) != 1 || n.constant[input(conv, 0)] != nil {
		return k, false
	}
	k.dims = t.Dims
	if k.weight, ok = floats(t); !ok || len(k.weight) == 0 || slices.ContainsFunc(k.weight, infinite) {
		return k, false
	}
	k.channels = int(t.Dims[0])
	k.each = len(k.weight) / k.channels
	if name := input(conv, 2); name != "" {
		k.bias, ok = floats(n.constant[name])
		ok = ok && len(k.bias) == k.channels && !slices.ContainsFunc(k.bias, infinite)
	}
	return k, ok
}

func finite(v float32) bool   { return v-v == 0 }
func infinite(v float32) bool { return !finite(v) }
