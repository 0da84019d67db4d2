package graph

import (
	"slices"

	"finetune/internal/onnx/onnxpb"
)

// Rules for operators that take parts of a tensor, or pad it.

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

// sliceRule is for both forms of Slice: with inputs (from operator set 10 on) and with attributes.
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
		// It is unknown which axes are cut: every size is open.
		out.shape = unknownShape(len(in[0].shape))
		return out
	}
	steps, knownSteps := ints(in, 4)
	for i, a := range axes {
		axis, inside := wrap(a, len(out.shape))
		if !inside {
			return tensorInfo{elem: out.elem}
		}
		size, step := out.shape[axis].Size, int64(1)
		if input(n, 4) != "" {
			step = 0 // not known
			if knownSteps && i < len(steps) {
				step = steps[i]
			}
		}
		if size < 0 || size > maxBytes || step == 0 {
			out.shape[axis] = unknownDim
			continue
		}
		picks := slicePicks(starts[i], ends[i], step, size)
		out.shape[axis] = Dim{Size: picks.count}
		if axis == 0 && len(axes) == 1 {
			out.elems = picks.rows(in[0])
		}
	}
	return out
}

// picks are the places of an axis that a slice takes.
type picks struct{ first, step, count int64 }

func slicePicks(start, end, step, size int64) picks {
	if step > 0 {
		from, to := clampIndex(start, size), clampIndex(end, size)
		return picks{from, step, max(0, (to-from+min(step, maxBytes)-1)/step)}
	}
	// Backwards from start down to, but not including, end; anything below -size means before the first.
	from, to := start, end
	if from < 0 {
		from += size
	}
	switch {
	case to < -size:
		to = -1
	case to < 0:
		to += size
	}
	from, to, step = min(from, size-1), min(to, size-1), max(step, -maxBytes)
	return picks{from, step, max(0, (from-to-step-1)/-step)}
}

// rows returns the elements of the places along the first axis, nil where they aren't known.
func (p picks) rows(x tensorInfo) []element {
	count := newProduct(x.shape)
	whole := count.dim()
	if x.elems == nil || len(x.shape) == 0 || x.shape[0].Size < 1 || whole.Size != int64(len(x.elems)) {
		return nil
	}
	width := whole.Size / x.shape[0].Size
	list := []element{}
	for i := range p.count {
		at := (p.first + i*p.step) * width
		if at < 0 || at+width > whole.Size {
			return nil
		}
		list = append(list, x.elems[at:at+width]...)
	}
	return list
}

func clampIndex(i, size int64) int64 {
	if i < 0 {
		i += size
	}
	return min(max(i, 0), size)
}

// padRule takes paddings of all axes from an attribute, or from operator set 11 on from an input.
func padRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: in[0].elem}
	if in[0].shape == nil {
		return out
	}
	pads := get(in, 1).elems
	if a := attribute(n, "pads"); a != nil && len(a.Ints) <= maxElems {
		pads = make([]element, len(a.Ints))
		for i, v := range a.Ints {
			pads[i] = element{value: v, known: true}
		}
	}
	rank := len(in[0].shape)
	out.shape = unknownShape(rank)
	if len(pads) != 2*rank || input(n, 3) != "" {
		return out
	}
	for i, d := range in[0].shape {
		before, after := pads[i], pads[i+rank]
		switch more := before.value + after.value; {
		case !before.known || !after.known: // computed from an open size
		case more == 0:
			out.shape[i] = d
		case d.Fixed() && max(more, -more) < maxBytes:
			out.shape[i].Size = max(0, d.Size+more)
		}
	}
	return out
}
