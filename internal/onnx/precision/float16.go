package precision

import (
	"encoding/binary"
	"maps"

	"finetune/internal/onnx/graph"
	"finetune/internal/onnx/onnxpb"
	"finetune/internal/store/half"

	"google.golang.org/protobuf/proto"
)

// MostHalf is the largest magnitude of an activation that is computed in half precision. Half precision ends at 65,504;
// other images than those that were observed may give larger numbers.
const MostHalf = 65504 / 4

// halfOps are the operators that may compute in half precision. Those that aren't listed stay in float32.
var halfOps = []string{
	"Add", "AveragePool", "BatchNormalization", "Clip", "Concat", "Conv", "ConvTranspose", "Div", "Elu", "Erf", "Exp", "Expand",
	"Flatten", "Gather", "Gelu", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid", "HardSwish", "Identity",
	"InstanceNormalization", "LayerNormalization", "LeakyRelu", "MatMul", "Max", "MaxPool", "Min", "Mul", "Neg", "PRelu", "Pad",
	"Pow", "Reciprocal", "ReduceMean", "ReduceSum", "Relu", "Reshape", "Shape", "Sigmoid", "Slice", "Softmax", "Split", "Sqrt",
	"Squeeze", "Sub", "Tanh", "Transpose", "Unsqueeze", "Where",
}

// FloatTensors returns the names of all float32 tensors with axes that are computed, whose magnitudes decide what
// [Network.Float16] leaves in float32.
func (n *Network) FloatTensors() (names []string, err error) {
	m, err := n.Float()
	if err != nil {
		return nil, err
	}
	for _, node := range n.pb.Graph.Node {
		for _, out := range node.Output {
			if out != "" && n.constant[out] == nil && m.TypeOf(out) == "float32" && len(m.ShapeOf(out)) > 0 {
				names = append(names, out)
			}
		}
	}
	return names, nil
}

// Float16 returns the network with weights and activations in half precision, and casts where the network is fed and read.
// Nodes that read or write a tensor that is wide, as half precision would overflow there, stay in float32, and so do
// operators that aren't known to have half precision. Tensors that the network returns keep their names and are float32.
//
// It also returns how many nodes compute in half precision.
func (n *Network) Float16(wide func(tensor string) bool) (m *graph.Model, nodes int, err error) {
	typed, err := n.Float()
	if err != nil {
		return nil, 0, err
	}
	w := &halfWriter{Network: n, typed: typed, pb: n.copy(), single: map[string]bool{}, halves: map[string]string{},
		taken: maps.Clone(n.taken)}
	for _, v := range w.pb.Graph.Input {
		w.single[v.GetName()] = true
	}
	w.pb.Graph.Node = nil
	for _, node := range n.pb.Graph.Node {
		if w.fits(node, wide) {
			w.narrow(node)
			nodes++
		} else {
			w.keep(node)
		}
	}
	for _, v := range w.pb.Graph.Output {
		w.asSingle(v.GetName())
	}
	if _, err = graph.FromProto(n.name, w.pb); err != nil {
		return nil, 0, err
	}
	done := &Network{name: n.name, pb: w.pb}
	done.index()
	done.dropUnused()
	m, err = graph.FromProto(n.name, w.pb)
	return m, nodes, err
}

// A halfWriter writes the graph of a network of half precision.
type halfWriter struct {
	*Network
	typed  *graph.Model // the network of float32, for the types of tensors
	pb     *onnxpb.ModelProto
	taken  map[string]bool
	single map[string]bool   // tensors that exist under their names
	halves map[string]string // tensors that exist in half precision → their names there
}

// isFloat reports whether a tensor is of float32.
func (w *halfWriter) isFloat(tensor string) bool {
	return tensor != "" && w.typed.TypeOf(tensor) == "float32"
}

// fits reports whether a node can compute in half precision.
func (w *halfWriter) fits(node *onnxpb.NodeProto, wide func(string) bool) bool {
	if !graph.IsOp(node, halfOps...) {
		return false
	}
	if graph.IsOp(node, "Pad", "Clip") && w.opset() < 12 || len(node.Output) == 0 {
		return false // no half precision there, or bounds in attributes
	}
	any := false
	for _, in := range node.Input {
		if kind := w.typed.TypeOf(in); in == "" || kind == "int64" || kind == "int32" || kind == "bool" {
			continue
		}
		if !w.isFloat(in) {
			return false
		}
		any = true
		if t := w.constant[in]; t != nil {
			values, ok := floats(t)
			if !ok || beyondHalf(values) {
				return false
			}
		} else if wide(in) {
			return false
		}
	}
	for _, out := range node.Output {
		if out == "" || w.typed.TypeOf(out) == "int64" {
			continue
		}
		if !w.isFloat(out) || wide(out) {
			return false
		}
	}
	return any
}

// beyondHalf reports whether half precision can't hold a number.
func beyondHalf(values []float32) bool {
	for _, v := range values {
		if !(v <= 65504 && v >= -65504) {
			return true
		}
	}
	return false
}

// narrow appends a node in half precision.
func (w *halfWriter) narrow(node *onnxpb.NodeProto) {
	n := &onnxpb.NodeProto{Name: node.Name, OpType: node.OpType, Domain: node.Domain, Attribute: node.Attribute,
		Input: append([]string(nil), node.Input...), Output: append([]string(nil), node.Output...)}
	for i, in := range n.Input {
		if w.isFloat(in) {
			n.Input[i] = w.asHalf(in)
		}
	}
	for i, out := range n.Output {
		if w.isFloat(out) {
			n.Output[i] = w.unused(out + ".half")
			w.halves[out] = n.Output[i]
		}
	}
	w.pb.Graph.Node = append(w.pb.Graph.Node, n)
}

// keep appends a node as it is.
func (w *halfWriter) keep(node *onnxpb.NodeProto) {
	for _, in := range graph.Reads(node) {
		w.asSingle(in)
	}
	for _, out := range node.Output {
		w.single[out] = true
	}
	w.pb.Graph.Node = append(w.pb.Graph.Node, node)
}

// asHalf returns the name of a tensor in half precision.
func (w *halfWriter) asHalf(tensor string) string {
	if name := w.halves[tensor]; name != "" {
		return name
	}
	name := w.unused(tensor + ".half")
	w.halves[tensor] = name
	if t := w.constant[tensor]; t != nil {
		values, _ := floats(t)
		raw := make([]byte, 0, 2*len(values))
		for _, v := range values {
			raw = binary.LittleEndian.AppendUint16(raw, half.Of(v))
		}
		w.pb.Graph.Initializer = append(w.pb.Graph.Initializer, tensorOf(name, onnxpb.TensorProto_FLOAT16, raw, t.Dims))
		return name
	}
	w.cast(tensor, name, onnxpb.TensorProto_FLOAT16)
	return name
}

// asSingle makes a tensor exist under its name.
func (w *halfWriter) asSingle(tensor string) {
	if from := w.halves[tensor]; from != "" && !w.single[tensor] && w.constant[tensor] == nil {
		w.cast(from, tensor, onnxpb.TensorProto_FLOAT)
		w.single[tensor] = true
	}
}

func (w *halfWriter) cast(from, to string, kind onnxpb.TensorProto_DataType) {
	w.pb.Graph.Node = append(w.pb.Graph.Node, &onnxpb.NodeProto{OpType: proto.String("Cast"), Input: []string{from},
		Output: []string{to}, Attribute: []*onnxpb.AttributeProto{{Name: proto.String("to"),
			Type: onnxpb.AttributeProto_INT.Enum(), I: proto.Int64(int64(kind))}}})
}

func (w *halfWriter) unused(stem string) string { return unused(w.taken, stem) }
