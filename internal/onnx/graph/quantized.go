package graph

import (
	"slices"

	"finetune/internal/onnx/onnxpb"
)

// Networks quantised into operators of integers (QLinearConv, QGemm and their like, some of them ONNX Runtime's
// own) carry numbers as bytes with a scale. The form with QuantizeLinear and DequantizeLinear around operators of
// floating point doesn't need this.

// quantized describes the inputs of an operator on bytes.
type quantized struct {
	kind  string // the floating-point operator that it replaces
	right int    // the second operand, 0 for none
	scale int    // of the output, followed by its zero point
}

var quantizedOps = map[string]quantized{
	"QGemm": {"Gemm", 3, 7}, "QLinearConv": {"Conv", 3, 6}, "QLinearMatMul": {"MatMul", 3, 6},
	"QLinearAdd": {"Add", 3, 6}, "QLinearMul": {"Mul", 3, 6},
	"QLinearAveragePool": {"AveragePool", 0, 3}, "QLinearGlobalAveragePool": {"GlobalAveragePool", 0, 3},
	"QLinearLeakyRelu": {"LeakyRelu", 0, 3}, "QLinearSigmoid": {"Sigmoid", 0, 3}, "QLinearSoftmax": {"Softmax", 0, 3},
	"QLinearReduceMean": {"ReduceMean", 0, 3}, "QLinearConcat": {"Concat", 0, 0},
}

// asQuantized returns the description of a node that is an operator on bytes.
func asQuantized(n *onnxpb.NodeProto) (quantized, bool) {
	q, ok := quantizedOps[n.GetOpType()]
	return q, ok && slices.Contains([]string{"", "ai.onnx", "com.microsoft"}, n.GetDomain())
}

// inferQuantized applies the rule of the operator that a node replaces.
func (m *Model) inferQuantized(n *onnxpb.NodeProto, q quantized, in []tensorInfo) tensorInfo {
	operands := []tensorInfo{get(in, 0)}
	switch {
	case q.kind == "Concat": // scale, zero point, and then three inputs per part
		operands = nil
		for i := 2; i < len(in); i += 3 {
			operands = append(operands, in[i])
		}
	case q.right > 0:
		operands = append(operands, get(in, q.right))
	}
	if len(operands) == 0 {
		return tensorInfo{}
	}
	out := rules[q.kind](n, operands)
	out.elem = get(in, q.scale+1).elem
	if out.elem == onnxpb.TensorProto_UNDEFINED {
		out.elem = operands[0].elem
	}
	return out
}

// scaleOf returns the tensors of scale and zero point of a quantised tensor, "" where they aren't known or the tensor
// isn't quantised.
func (m *Model) scaleOf(tensor string) (scale, zero string) {
	if t := m.info[tensor].elem; t != onnxpb.TensorProto_UINT8 && t != onnxpb.TensorProto_INT8 {
		return "", ""
	}
	for range maxNesting {
		n := m.producerOf(tensor)
		if q, ok := asQuantized(n); ok {
			return input(n, q.scale), input(n, q.scale+1)
		}
		switch {
		case isOp(n, "QuantizeLinear"):
			return input(n, 1), input(n, 2)
		case isOp(n, "Dropout", "Flatten", "Gather", "Identity", "MaxPool", "Reshape", "Slice", "Split", "Squeeze",
			"Transpose", "Unsqueeze"):
			tensor = input(n, 0)
		default:
			return "", ""
		}
	}
	return "", ""
}

// readable reports whether a tensor's elements are floating-point numbers, quantised ones included.
func (m *Model) readable(tensor string) bool {
	if m.isSequence(tensor) {
		return false
	}
	t := m.info[tensor].elem
	scale, _ := m.scaleOf(tensor)
	return t == onnxpb.TensorProto_UNDEFINED || isFloat(t) || scale != ""
}

// isSequence reports whether an output is a list of tensors or a table, as scikit-learn's converters write.
func (m *Model) isSequence(tensor string) bool {
	return slices.ContainsFunc(m.pb.Graph.Output, func(v *onnxpb.ValueInfoProto) bool {
		return v.GetName() == tensor && v.GetType().GetValue() != nil && v.Type.GetTensorType() == nil
	})
}

// opName returns a node's operator, for a quantised one the operator that it replaces; "" for one of another domain.
func opName(n *onnxpb.NodeProto) string {
	if q, ok := asQuantized(n); ok {
		return q.kind
	}
	if n == nil || !isOp(n, n.GetOpType()) {
		return ""
	}
	return n.GetOpType()
}

// rightOf returns a node's second operand: a layer's weight.
func rightOf(n *onnxpb.NodeProto) string {
	if q, ok := asQuantized(n); ok {
		return input(n, q.right)
	}
	return input(n, 1)
}
