package graph

import (
	"slices"

	"finetune/internal/onnx/onnxpb"
)

// Rules for operators that move elements and axes, and for the small graphs by which exporters compute shapes
// (Shape → Gather → Unsqueeze → Concat → Reshape).

func concatRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: in[0].elem, shape: slices.Clone(in[0].shape)}
	axis, ok := wrap(intAttribute(n, "axis", 1), len(out.shape))
	if !ok {
		return tensorInfo{elem: out.elem}
	}
	for _, next := range in[1:] {
		if len(next.shape) != len(out.shape) {
			return tensorInfo{elem: out.elem}
		}
		a, b := out.shape[axis], next.shape[axis]
		if a.Fixed() && b.Fixed() && max(a.Size, b.Size) < maxBytes {
			out.shape[axis].Size += b.Size
		} else {
			out.shape[axis] = unknownDim
		}
	}
	if len(out.shape) != 1 {
		return out
	}
	for _, part := range in {
		if part.elems == nil || len(out.elems)+len(part.elems) > maxElems {
			out.elems = nil
			break
		}
		out.elems = append(out.elems, part.elems...)
	}
	return out
}

// reshapeRule keeps symbols: N×1280×1×1 reshaped to -1×1280 is N×1280.
func reshapeRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: in[0].elem, elems: in[0].elems}
	target := get(in, 1).elems
	if target == nil {
		if to := get(in, 1).shape; len(to) == 1 && to[0].Fixed() && to[0].Size <= maxRank {
			out.shape = unknownShape(int(to[0].Size))
		}
		return out
	}
	from := in[0].shape
	out.shape = make(Shape, len(target))
	rest := newProduct(from)
	infer := -1
	for i, e := range target {
		switch {
		case e.known && e.value == 0 && intAttribute(n, "allowzero", 0) == 0:
			out.shape[i] = unknownDim
			if i < len(from) {
				out.shape[i] = from[i]
			}
		case e.known && e.value < 0:
			infer = i
			continue
		default:
			out.shape[i] = e.dim()
		}
		rest.divide(out.shape[i])
	}
	if infer >= 0 {
		out.shape[infer] = rest.dim()
	}
	return out
}

func flattenRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: in[0].elem, shape: unknownShape(2)}
	axis := intAttribute(n, "axis", 1)
	if axis < 0 {
		axis += int64(len(in[0].shape))
	}
	if in[0].shape == nil || axis < 0 || axis > int64(len(in[0].shape)) {
		return out
	}
	before, after := newProduct(in[0].shape[:axis]), newProduct(in[0].shape[axis:])
	out.shape[0], out.shape[1] = before.dim(), after.dim()
	return out
}

func transposeRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: in[0].elem}
	from := in[0].shape
	if from == nil {
		return out
	}
	perm := attribute(n, "perm")
	if perm == nil {
		out.shape = slices.Clone(from)
		slices.Reverse(out.shape)
		return out
	}
	if len(perm.Ints) != len(from) {
		return out
	}
	shape := make(Shape, len(from))
	for i, p := range perm.Ints {
		if p < 0 || p >= int64(len(from)) {
			return out
		}
		shape[i] = from[p]
	}
	out.shape = shape
	if len(from) != 2 || perm.Ints[0] != 1 || in[0].elems == nil {
		return out
	}
	if rows, columns := from[0].Size, shape[0].Size; rows*columns == int64(len(in[0].elems)) {
		for c := range columns {
			for r := range rows {
				out.elems = append(out.elems, in[0].elems[r*columns+c])
			}
		}
	}
	return out
}

func squeezeRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: in[0].elem, elems: in[0].elems}
	if in[0].shape == nil {
		return out
	}
	set, given, ok := axes(n, in, len(in[0].shape))
	if !ok {
		return out
	}
	shape := Shape{}
	for i, d := range in[0].shape {
		if !given && !d.Fixed() {
			return out // whether it is removed depends on the input
		}
		if set[i] || (!given && d.Size == 1) {
			continue
		}
		shape = append(shape, d)
	}
	out.shape = shape
	return out
}

func unsqueezeRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: in[0].elem, elems: in[0].elems}
	count := len(get(in, 1).elems)
	if a := attribute(n, "axes"); a != nil {
		count = len(a.Ints)
	}
	rank := len(in[0].shape) + count
	if in[0].shape == nil || rank > maxRank {
		return out
	}
	set, _, ok := axes(n, in, rank)
	if !ok || len(set) != count {
		return out
	}
	rest := in[0].shape
	for i := range rank {
		if set[i] {
			out.shape = append(out.shape, Dim{Size: 1})
			continue
		}
		out.shape = append(out.shape, rest[0])
		rest = rest[1:]
	}
	return out
}

func reduceRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: in[0].elem}
	if in[0].shape == nil {
		return out
	}
	set, given, ok := axes(n, in, len(in[0].shape))
	if !ok {
		return out
	}
	out.shape = Shape{}
	for i, d := range in[0].shape {
		switch {
		case given && !set[i]:
			out.shape = append(out.shape, d)
		case intAttribute(n, "keepdims", 1) != 0:
			out.shape = append(out.shape, Dim{Size: 1})
		}
	}
	return out
}

func gatherRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: in[0].elem}
	data, index := in[0].shape, get(in, 1).shape
	axis, ok := wrap(intAttribute(n, "axis", 0), len(data))
	if !ok || index == nil || len(data)+len(index) > maxRank {
		return out
	}
	out.shape = slices.Concat(data[:axis], index, data[axis+1:])
	if out.shape == nil {
		out.shape = Shape{}
	}
	picks, known := ints(in, 1)
	if !known || in[0].elems == nil || len(data) != 1 {
		return out
	}
	for _, p := range picks {
		at, inside := wrap(p, len(in[0].elems))
		if !inside {
			out.elems = nil
			return out
		}
		out.elems = append(out.elems, in[0].elems[at])
	}
	return out
}

func shapeRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: onnxpb.TensorProto_INT64, shape: Shape{unknownDim}}
	// start and end, from operator set 15 on, are rare enough to leave the result unknown.
	if in[0].shape == nil || attribute(n, "start") != nil || attribute(n, "end") != nil {
		return out
	}
	out.shape[0].Size = int64(len(in[0].shape))
	out.elems = make([]element, len(in[0].shape))
	for i, d := range in[0].shape {
		out.elems[i] = d.element()
	}
	return out
}
