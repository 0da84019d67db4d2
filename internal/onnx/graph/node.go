package graph

import (
	"encoding/binary"
	"math"
	"slices"

	"finetune/internal/onnx/onnxpb"
)

// IsOp reports whether a node is one of the named operators of the default domain.
func IsOp(n *onnxpb.NodeProto, names ...string) bool { return isOp(n, names...) }

// Reads returns the tensors that a node reads: its inputs, and what its subgraphs capture from around them.
func Reads(n *onnxpb.NodeProto) []string { return appendReads(nil, n) }

// isOp reports whether a node is one of the named operators of the default domain.
func isOp(n *onnxpb.NodeProto, names ...string) bool {
	return n != nil && inDefaultDomain(n) && slices.Contains(names, n.GetOpType())
}

// inDefaultDomain counts ONNX Runtime's own QuantizeLinear and DequantizeLinear in: they are those of operator set 13 for
// files with older sets.
func inDefaultDomain(n *onnxpb.NodeProto) bool {
	switch n.GetDomain() {
	case "", "ai.onnx":
		return true
	case "com.microsoft":
		return n.GetOpType() == "QuantizeLinear" || n.GetOpType() == "DequantizeLinear"
	}
	return false
}

// is is isOp that also accepts a quantised operator for the one that it replaces.
func is(n *onnxpb.NodeProto, names ...string) bool {
	name := opName(n)
	return name != "" && slices.Contains(names, name)
}

// input returns the name of a node's i-th input, "" when it is left out.
func input(n *onnxpb.NodeProto, i int) string {
	if i < len(n.GetInput()) {
		return n.Input[i]
	}
	return ""
}

// output returns the name of a node's first output, "" when it has none.
func output(n *onnxpb.NodeProto) string {
	if len(n.GetOutput()) == 0 {
		return ""
	}
	return n.Output[0]
}

func attribute(n *onnxpb.NodeProto, name string) *onnxpb.AttributeProto {
	for _, a := range n.Attribute {
		if a.GetName() == name {
			return a
		}
	}
	return nil
}

func intAttribute(n *onnxpb.NodeProto, name string, absent int64) int64 {
	if a := attribute(n, name); a != nil {
		return a.GetI()
	}
	return absent
}

// constantTensor returns the value of a Constant node as a tensor; nil for kinds that shapes aren't computed from.
func constantTensor(n *onnxpb.NodeProto) *onnxpb.TensorProto {
	integer := onnxpb.TensorProto_INT64.Enum()
	for _, a := range n.Attribute {
		switch a.GetName() {
		case "value":
			return a.T
		case "value_int":
			return &onnxpb.TensorProto{DataType: (*int32)(integer), Int64Data: []int64{a.GetI()}}
		case "value_ints":
			return &onnxpb.TensorProto{DataType: (*int32)(integer), Dims: []int64{int64(len(a.Ints))},
				Int64Data: a.Ints}
		case "value_float":
			return &onnxpb.TensorProto{DataType: (*int32)(onnxpb.TensorProto_FLOAT.Enum()),
				FloatData: []float32{a.GetF()}}
		case "value_floats":
			return &onnxpb.TensorProto{DataType: (*int32)(onnxpb.TensorProto_FLOAT.Enum()),
				Dims: []int64{int64(len(a.Floats))}, FloatData: a.Floats}
		}
	}
	return nil
}

// tensorInfoOf describes a constant, with its elements when it is a small vector.
func tensorInfoOf(t *onnxpb.TensorProto) tensorInfo {
	info := tensorInfo{elem: onnxpb.TensorProto_DataType(t.GetDataType())}
	if len(t.Dims) > maxRank {
		return info
	}
	info.shape = make(Shape, len(t.Dims))
	count := int64(1)
	for i, d := range t.Dims {
		if d < 0 {
			return tensorInfo{elem: info.elem}
		}
		info.shape[i] = Dim{Size: d}
		if count *= d; count > maxElems {
			count = maxElems + 1
		}
	}
	if len(t.Dims) > 1 || count > maxElems {
		return info
	}
	if ints, ok := smallInts(t, int(count)); ok {
		info.elems = make([]element, len(ints))
		for i, v := range ints {
			info.elems[i] = element{value: v, known: true}
		}
	}
	if reals, ok := smallReals(t, int(count)); ok {
		info.elems = make([]element, len(reals))
		for i, v := range reals {
			info.elems[i] = element{real: v, known: true}
		}
	}
	return info
}

// smallInts reads count integers of a tensor that are stored in the file itself.
func smallInts(t *onnxpb.TensorProto, count int) ([]int64, bool) {
	values := make([]int64, 0, count)
	switch onnxpb.TensorProto_DataType(t.GetDataType()) {
	case onnxpb.TensorProto_INT64:
		values = append(values, t.Int64Data...)
		for raw := t.RawData; len(raw) >= 8 && len(values) < count; raw = raw[8:] {
			values = append(values, int64(binary.LittleEndian.Uint64(raw)))
		}
	case onnxpb.TensorProto_INT32:
		for _, v := range t.Int32Data {
			values = append(values, int64(v))
		}
		for raw := t.RawData; len(raw) >= 4 && len(values) < count; raw = raw[4:] {
			values = append(values, int64(int32(binary.LittleEndian.Uint32(raw))))
		}
	default:
		return nil, false
	}
	return values, len(values) == count
}

// smallReals reads count floating-point numbers of a tensor that are stored in the file itself.
func smallReals(t *onnxpb.TensorProto, count int) ([]float64, bool) {
	values := make([]float64, 0, count)
	switch onnxpb.TensorProto_DataType(t.GetDataType()) {
	case onnxpb.TensorProto_FLOAT:
		for _, v := range t.FloatData {
			values = append(values, float64(v))
		}
		for raw := t.RawData; len(raw) >= 4 && len(values) < count; raw = raw[4:] {
			values = append(values, float64(math.Float32frombits(binary.LittleEndian.Uint32(raw))))
		}
	case onnxpb.TensorProto_DOUBLE:
		values = append(values, t.DoubleData...)
		for raw := t.RawData; len(raw) >= 8 && len(values) < count; raw = raw[8:] {
			values = append(values, math.Float64frombits(binary.LittleEndian.Uint64(raw)))
		}
	default:
		return nil, false
	}
	return values, len(values) == count
}

// isConstant reports whether a tensor is the same whatever the network is fed: an initialiser, a constant, or
// one of these after a cast, a transposition or a dequantisation.
func (m *Model) isConstant(tensor string) bool {
	for range maxNesting {
		if m.constant[tensor] != nil {
			return true
		}
		n := m.producerOf(tensor)
		if !isOp(n, "Cast", "DequantizeLinear", "Identity", "QuantizeLinear", "Reshape", "Squeeze", "Transpose",
			"Unsqueeze") {
			return false
		}
		tensor = input(n, 0)
	}
	return false
}
