package onnxgraph

import (
	"slices"

	"finetune/internal/onnxpb"
)

// Rules for operators that take parts out of a tensor.

// splitRule fills one tensorInfo for each output.
func splitRule(n *onnxpb.NodeProto, in, outs []tensorInfo) {
	for i := range outs {
		outs[i] = tensorInfo{elem: in[0].elem}
	}
	axis, ok := wrap(intAttribute(n, "axis", 0), len(in[0].shape))
	if !ok {
		return
	}
	sizes, known := ints(in, 1)
	if a := attribute(n, "split"); a != nil {
		sizes, known = a.Ints, true
	}
	whole := in[0].shape[axis]
	parts := int64(len(outs))
	for i := range outs {
		size := unknownDim
		switch {
		case known && i < len(sizes) && sizes[i] >= 0:
			size = Dim{Size: sizes[i]}
		case !known && whole.Fixed():
			part := (whole.Size + parts - 1) / parts // the last one may be smaller
			size = Dim{Size: max(0, min(part, whole.Size-part*int64(i)))}
		}
		outs[i].shape = slices.Clone(in[0].shape)
		outs[i].shape[axis] = size
	}
}

// sliceRule knows steps of one, in the form with inputs (operator set 10 on) and the one with attributes.
func sliceRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: in[0].elem}
	if in[0].shape == nil {
		return out
	}
	starts, known := ints(in, 1)
	ends, knownEnds := ints(in, 2)
	axes, knownAxes := ints(in, 3)
	if a, b := attribute(n, "starts"), attribute(n, "ends"); a != nil && b != nil {
		starts, ends, known, knownEnds = a.Ints, b.Ints, true, true
		if c := attribute(n, "axes"); c != nil {
			axes, knownAxes = c.Ints, true
		}
	}
	if !knownAxes && input(n, 3) == "" {
		axes, knownAxes = []int64{0, 1, 2, 3, 4, 5, 6, 7}[:min(len(starts), 8)], true
	}
	out.shape = slices.Clone(in[0].shape)
	if !known || !knownEnds || !knownAxes || len(starts) != len(ends) || len(starts) != len(axes) {
		// Which axes are cut isn't known: every size is open.
		out.shape = unknownShape(len(in[0].shape))
		return out
	}
	steps, knownSteps := ints(in, 4)
	for i, a := range axes {
		axis, inside := wrap(a, len(out.shape))
		if !inside {
			return tensorInfo{elem: out.elem}
		}
		size := out.shape[axis].Size
		plain := input(n, 4) == "" || (knownSteps && i < len(steps) && steps[i] == 1)
		if size < 0 || !plain {
			out.shape[axis] = unknownDim
			continue
		}
		from, to := clampIndex(starts[i], size), clampIndex(ends[i], size)
		out.shape[axis] = Dim{Size: max(0, to-from)}
		if len(out.shape) == 1 && int64(len(in[0].elems)) == size && from <= to {
			out.elems = in[0].elems[from:to]
		}
	}
	return out
}

func clampIndex(i, size int64) int64 {
	if i < 0 {
		i += size
	}
	return min(max(i, 0), size)
}
