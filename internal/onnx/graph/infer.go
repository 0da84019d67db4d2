package graph

import (
	"finetune/internal/onnx/onnxpb"
)

const (
	maxRank  = 16
	maxElems = 64 // a longer vector of integers is no shape
)

// A rule infers a node's first output from its inputs. It leaves unknown what doesn't follow from them.
type rule func(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo

// rules holds the operators of image networks. Tensors after an operator that is missing here have an unknown shape
// unless the file declares one.
//
// Inspect needs the shapes without the native library, and a network at several depths needs every spatial size.
// Without rules, two thirds of the test networks' features differ: half of these fail, the others need a run.
var rules = map[string]rule{}

func register(r rule, ops ...string) {
	for _, op := range ops {
		rules[op] = r
	}
}

func init() {
	register(sameAsFirst, "BatchNormalization", "Celu", "Dropout", "Elu", "Erf", "Exp", "Gelu",
		"GroupNormalization", "HardSigmoid", "HardSwish", "InstanceNormalization", "LRN",
		"LayerNormalization", "LeakyRelu", "Log", "LogSoftmax", "LpNormalization", "Mish", "PRelu",
		"RMSNormalization", "Reciprocal", "Relu", "Selu", "Sigmoid", "Softmax", "Softplus", "Softsign",
		"Sqrt", "Swish", "Tanh", "ThresholdedRelu")
	register(roundRule, "Abs", "Ceil", "Floor", "Neg", "Round")
	register(clipRule, "Clip")
	register(identityRule, "Identity")
	register(castRule, "Cast", "CastLike")
	register(quantizeRule, "QuantizeLinear")
	register(dequantizeRule, "DequantizeLinear")
	register(broadcastRule, "Add", "Sub", "Mul", "Div", "Mod", "Pow", "Max", "Min", "Sum", "Mean")
	register(convRule, "Conv")
	register(poolRule, "AveragePool", "MaxPool", "LpPool")
	register(globalPoolRule, "GlobalAveragePool", "GlobalMaxPool")
	register(gemmRule, "Gemm")
	register(matMulRule, "MatMul")
	register(concatRule, "Concat")
	register(reshapeRule, "Reshape")
	register(flattenRule, "Flatten")
	register(transposeRule, "Transpose")
	register(squeezeRule, "Squeeze")
	register(unsqueezeRule, "Unsqueeze")
	register(reduceRule, "ReduceMean", "ReduceMax", "ReduceSum", "ReduceL2")
	register(gatherRule, "Gather")
	register(sliceRule, "Slice")
	register(shapeRule, "Shape")
	register(filledRule, "ConstantOfShape")
	register(equalRule, "Equal")
	register(whereRule, "Where")
	register(expandRule, "Expand")
	register(padRule, "Pad")
}

// infer applies the rules to the sorted nodes and uses the shapes that the file declares where a rule knows less.
func (m *Model) infer() {
	g := m.pb.Graph
	m.info = make(map[string]tensorInfo, len(g.Node)+len(m.constant))
	declared := make(map[string]tensorInfo, len(g.ValueInfo))
	for _, v := range g.ValueInfo {
		declared[v.GetName()] = valueInfo(v)
	}
	for _, v := range g.Output {
		declared[v.GetName()] = valueInfo(v)
	}
	for _, v := range g.Input {
		m.info[v.GetName()] = valueInfo(v)
	}
	for name, t := range m.constant {
		m.info[name] = tensorInfoOf(t)
	}
	for _, n := range g.Node {
		if isOp(n, "Constant") {
			continue
		}
		for i, info := range m.inferNode(n) {
			out := n.Output[i]
			if len(info.shape) > maxRank {
				info.shape = nil
			}
			m.info[out] = merge(info, declared[out])
		}
	}
}

// inferNode returns one tensorInfo for each output.
func (m *Model) inferNode(n *onnxpb.NodeProto) []tensorInfo {
	outs := make([]tensorInfo, len(n.Output))
	in := m.inputsOf(n)
	if q, ok := asQuantized(n); ok && len(outs) == 1 {
		outs[0] = m.inferQuantized(n, q, in)
		return outs
	}
	if len(in) == 0 || len(outs) == 0 || !isOp(n, n.GetOpType()) {
		return outs
	}
	if n.GetOpType() == "Split" {
		splitRule(n, in, outs)
		return outs
	}
	if r := rules[n.GetOpType()]; r != nil {
		outs[0] = r(n, in)
	}
	return outs
}

// inputsOf returns what is known of a node's inputs.
func (m *Model) inputsOf(n *onnxpb.NodeProto) []tensorInfo {
	in := make([]tensorInfo, len(n.Input))
	for i, name := range n.Input {
		in[i] = m.info[name]
	}
	return in
}

// merge completes an inferred shape by the declared one.
func merge(inferred, declared tensorInfo) tensorInfo {
	if inferred.elem == onnxpb.TensorProto_UNDEFINED {
		inferred.elem = declared.elem
	}
	switch {
	case inferred.shape == nil:
		inferred.shape = declared.shape
	case len(inferred.shape) == len(declared.shape):
		shape := make(Shape, len(inferred.shape))
		for i, d := range inferred.shape {
			if !d.Fixed() && (declared.shape[i].Fixed() || d.Symbol == "") {
				d = declared.shape[i]
			}
			shape[i] = d
		}
		inferred.shape = shape
	}
	return inferred
}

// get returns what is known of the i-th input, the zero value when it is left out.
func get(in []tensorInfo, i int) tensorInfo {
	if i < len(in) {
		return in[i]
	}
	return tensorInfo{}
}

// ints returns the i-th input as known integers.
func ints(in []tensorInfo, i int) ([]int64, bool) {
	if isFloat(get(in, i).elem) {
		return nil, false
	}
	elems := get(in, i).elems
	values := make([]int64, len(elems))
	for j, e := range elems {
		if !e.known {
			return nil, false
		}
		values[j] = e.value
	}
	return values, elems != nil
}

// axes returns the axes of a reduction or a squeeze, an attribute in older operator sets and an input in newer ones.
// given is false when the node has none; ok is false when they are unknown or out of range.
func axes(n *onnxpb.NodeProto, in []tensorInfo, rank int) (set map[int]bool, given, ok bool) {
	var list []int64
	if a := attribute(n, "axes"); a != nil {
		list, given = a.Ints, true
	} else if input(n, 1) != "" {
		given = true
		if list, ok = ints(in, 1); !ok {
			return nil, true, false
		}
	}
	set = make(map[int]bool, len(list))
	for _, a := range list {
		axis, inside := wrap(a, rank)
		if !inside {
			return nil, given, false
		}
		set[axis] = true
	}
	return set, given, true
}

// wrap turns an axis that may count from the end into an index.
func wrap(axis int64, rank int) (int, bool) {
	if axis < 0 {
		axis += int64(rank)
	}
	return int(axis), axis >= 0 && axis < int64(rank)
}
