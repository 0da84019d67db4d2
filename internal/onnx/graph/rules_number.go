package graph

import (
	"math"

	"finetune/internal/onnx/onnxpb"
)

// Rules that compute with sizes. TensorFlow's padding, which PyTorch ports repeat, is computed in floating point:
// Shape → Cast → Div → Ceil → Sub → Mul → Add → Clip → Cast → Pad.

// maxExact bounds the integers that floating-point numbers are converted to: below it the conversion is exact.
const maxExact = 1 << 53

// follows reports whether the rules compute elements of a type exactly as ONNX Runtime does.
func follows(t onnxpb.TensorProto_DataType) bool {
	switch t {
	case onnxpb.TensorProto_INT64, onnxpb.TensorProto_INT32, onnxpb.TensorProto_FLOAT, onnxpb.TensorProto_DOUBLE:
		return true
	}
	return false
}

// castRule converts small tensors between integers and floating-point numbers, rounding towards zero.
func castRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	from := in[0]
	to := intAttribute(n, "to", int64(get(in, 1).elem))
	out := tensorInfo{shape: from.shape, elem: onnxpb.TensorProto_DataType(to)}
	if !follows(out.elem) {
		return out
	}
	switch {
	case !isFloat(from.elem) && !isFloat(out.elem):
		out.elems = from.elems
	case isFloat(out.elem):
		out.elems = each(from.elems, func(e element) element {
			if isFloat(from.elem) {
				return realElement(out.elem, e.real)
			}
			return realElement(out.elem, float64(e.value))
		})
	default:
		out.elems = each(from.elems, func(e element) element {
			if !(math.Abs(e.real) < maxExact) {
				return element{}
			}
			return element{value: int64(e.real), known: true}
		})
	}
	return out
}

// each maps the known elements; the others stay unknown.
func each(list []element, f func(element) element) []element {
	if list == nil {
		return nil
	}
	out := make([]element, len(list))
	for i, e := range list {
		if e.known {
			out[i] = f(e)
		}
	}
	return out
}

// realElement returns a floating-point number, rounded to a type.
func realElement(t onnxpb.TensorProto_DataType, v float64) element {
	if t == onnxpb.TensorProto_FLOAT {
		v = float64(float32(v))
	}
	return element{real: v, known: true}
}

// roundRule is for operators on one number.
func roundRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: in[0].elem, shape: in[0].shape}
	if !follows(out.elem) {
		return out
	}
	out.elems = each(in[0].elems, func(e element) element {
		switch n.GetOpType() {
		case "Neg":
			e.value, e.real = -e.value, -e.real
		case "Abs":
			e.value, e.real = max(e.value, -e.value), math.Abs(e.real)
		case "Ceil":
			e.real = math.Ceil(e.real)
		case "Floor":
			e.real = math.Floor(e.real)
		case "Round":
			e.real = math.RoundToEven(e.real)
		}
		return e
	})
	return out
}

// clipRule takes bounds from inputs and, in older operator sets, from attributes.
func clipRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: in[0].elem, shape: in[0].shape}
	if in[0].elems == nil || !follows(out.elem) {
		return out
	}
	x := tensorInfo{elem: out.elem, elems: in[0].elems}
	for i, name := range []string{"min", "max"} {
		bound := get(in, i+1)
		if a := attribute(n, name); a != nil {
			bound = tensorInfo{elems: []element{realElement(out.elem, float64(a.GetF()))}}
		} else if input(n, i+1) == "" {
			continue
		}
		op := []string{"Max", "Min"}[i]
		x.elems = elementwise(x, bound, func(a, b element) element { return compute(op, out.elem, a, b) })
	}
	out.elems = x.elems
	return out
}

// broadcastRule joins shapes as NumPy does; it computes the elements of short vectors.
func broadcastRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := in[0]
	for _, next := range in[1:] {
		out.shape = broadcast(out.shape, next.shape)
	}
	out.elems = nil
	if len(in) == 2 && follows(out.elem) {
		out.elems = elementwise(in[0], in[1], func(a, b element) element {
			return compute(n.GetOpType(), out.elem, a, b)
		})
	}
	return out
}

// elementwise combines two vectors, of which one may hold a single number. f returns unknown elements as the zero
// value.
func elementwise(x, y tensorInfo, f func(a, b element) element) []element {
	a, b := x.elems, y.elems
	if len(a) == 0 || len(b) == 0 || len(x.shape) > 1 || len(y.shape) > 1 ||
		len(a) != len(b) && len(a) != 1 && len(b) != 1 {
		return nil
	}
	list := make([]element, max(len(a), len(b)))
	for i := range list {
		list[i] = f(a[min(i, len(a)-1)], b[min(i, len(b)-1)])
	}
	return list
}

// compute applies an operator to two elements of a type; the result may be unknown.
func compute(op string, t onnxpb.TensorProto_DataType, a, b element) element {
	const bound = 1 << 31 // keeps products inside int64
	switch {
	case !a.known || !b.known:
		return element{}
	case isFloat(t):
		return computeReal(op, t, a.real, b.real)
	case max(a.value, -a.value, b.value, -b.value) >= bound:
		return element{}
	}
	e := element{known: true}
	switch {
	case op == "Add":
		e.value = a.value + b.value
	case op == "Sub":
		e.value = a.value - b.value
	case op == "Mul":
		e.value = a.value * b.value
	case op == "Div" && b.value != 0:
		e.value = a.value / b.value
	case op == "Mod" && b.value > 0:
		e.value = (a.value%b.value + b.value) % b.value
	case op == "Max":
		e.value = max(a.value, b.value)
	case op == "Min":
		e.value = min(a.value, b.value)
	default:
		return element{}
	}
	return e
}

func computeReal(op string, t onnxpb.TensorProto_DataType, a, b float64) element {
	switch op {
	case "Add":
		a += b
	case "Sub":
		a -= b
	case "Mul":
		a *= b
	case "Div":
		a /= b
	case "Max":
		a = max(a, b)
	case "Min":
		a = min(a, b)
	default:
		return element{}
	}
	return realElement(t, a)
}
