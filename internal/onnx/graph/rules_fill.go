package graph

import (
	"finetune/internal/onnx/onnxpb"
)

// Rules for the operators by which exporters repeat a tensor for each image: ConstantOfShape → Mul → Equal → Where
// → Expand.

func filledRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: onnxpb.TensorProto_FLOAT}
	value := element{}
	if a := attribute(n, "value"); a != nil {
		out.elem = onnxpb.TensorProto_DataType(a.GetT().GetDataType())
		if ints, ok := smallInts(a.GetT(), 1); ok {
			value = element{value: ints[0], known: true}
		}
	}
	target := get(in, 0).elems
	if target == nil || len(target) > maxRank {
		return out
	}
	out.shape = make(Shape, len(target))
	for i, e := range target {
		out.shape[i] = e.dim()
	}
	if len(target) == 1 && target[0].known && target[0].value >= 0 && target[0].value <= maxElems && value.known {
		out.elems = make([]element, target[0].value)
		for i := range out.elems {
			out.elems[i] = value
		}
	}
	return out
}

// equalRule compares sizes: a dimension, even an unknown one, never equals a negative number.
func equalRule(_ *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: onnxpb.TensorProto_BOOL, shape: broadcast(in[0].shape, get(in, 1).shape)}
	float := isFloat(in[0].elem)
	out.elems = elementwise(in[0], get(in, 1), func(a, b element) element {
		switch {
		case float && a.known && b.known:
			return truth(a.real == b.real)
		case a.known && b.known:
			return truth(a.value == b.value)
		case a.known && a.value < 0 && b.symbol != "", b.known && b.value < 0 && a.symbol != "":
			return truth(false)
		}
		return element{}
	})
	return out
}

func truth(b bool) element {
	if b {
		return element{value: 1, known: true}
	}
	return element{known: true}
}

func whereRule(_ *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	yes, no := get(in, 1), get(in, 2)
	out := tensorInfo{elem: yes.elem, shape: broadcast(broadcast(in[0].shape, yes.shape), no.shape)}
	if len(in) != 3 || len(in[0].elems) != len(yes.elems) || len(yes.elems) != len(no.elems) {
		return out
	}
	for i, c := range in[0].elems {
		switch {
		case !c.known:
			out.elems = append(out.elems, element{})
		case c.value != 0:
			out.elems = append(out.elems, yes.elems[i])
		default:
			out.elems = append(out.elems, no.elems[i])
		}
	}
	return out
}

func expandRule(_ *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	target := get(in, 1).elems
	if target == nil || len(target) > maxRank {
		return tensorInfo{elem: in[0].elem}
	}
	shape := make(Shape, len(target))
	for i, e := range target {
		shape[i] = e.dim()
	}
	return tensorInfo{elem: in[0].elem, shape: broadcast(in[0].shape, shape)}
}
