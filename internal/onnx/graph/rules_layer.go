package graph

import (
	"slices"

	"finetune/internal/onnx/onnxpb"
)

// Rules for layers: element-wise operators, convolutions, pooling, products.

func sameAsFirst(_ *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	return tensorInfo{elem: in[0].elem, shape: in[0].shape}
}

func identityRule(_ *onnxpb.NodeProto, in []tensorInfo) tensorInfo { return in[0] }

func quantizeRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{shape: in[0].shape, elem: onnxpb.TensorProto_UINT8}
	if zero := get(in, 2).elem; zero != onnxpb.TensorProto_UNDEFINED {
		out.elem = zero
	}
	return out
}

func dequantizeRule(_ *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	return tensorInfo{shape: in[0].shape, elem: get(in, 1).elem}
}

func broadcast(a, b Shape) Shape {
	if a == nil || b == nil {
		return nil
	}
	if len(a) < len(b) {
		a, b = b, a
	}
	out := slices.Clone(a)
	for i, d := range b {
		j := len(a) - len(b) + i
		if a[j].Size == 1 || (!a[j].Fixed() && d.Fixed() && d.Size != 1) {
			out[j] = d
		}
	}
	return out
}

func convRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	x, w := in[0].shape, get(in, 1).shape
	if len(w) < 3 || (x != nil && len(x) != len(w)) {
		return tensorInfo{elem: in[0].elem}
	}
	kernel := make([]int64, len(w)-2)
	for i := range kernel {
		kernel[i] = w[i+2].Size
	}
	out := windows(n, x, kernel)
	if out == nil {
		out = unknownShape(len(w))
	}
	out[1] = w[0]
	return tensorInfo{elem: in[0].elem, shape: out}
}

func poolRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	kernel := attribute(n, "kernel_shape")
	if kernel == nil || len(in[0].shape) != len(kernel.Ints)+2 {
		return tensorInfo{elem: in[0].elem}
	}
	return tensorInfo{elem: in[0].elem, shape: windows(n, in[0].shape, kernel.Ints)}
}

// windows returns x with each spatial dimension replaced by the number of windows that fit.
func windows(n *onnxpb.NodeProto, x Shape, kernel []int64) Shape {
	if len(x) != len(kernel)+2 {
		return nil
	}
	auto := ""
	if a := attribute(n, "auto_pad"); a != nil {
		auto = string(a.GetS())
	}
	list := func(name string, i int, absent int64) int64 {
		if a := attribute(n, name); a != nil && i < len(a.Ints) {
			return a.Ints[i]
		}
		return absent
	}
	out := slices.Clone(x)
	for i, k := range kernel {
		size, stride, dilation := x[i+2].Size, list("strides", i, 1), list("dilations", i, 1)
		out[i+2] = unknownDim
		if size < 0 || stride < 1 || k < 1 || k > maxBytes || dilation < 1 || dilation > maxBytes {
			continue
		}
		pad := list("pads", i, 0) + list("pads", i+len(kernel), 0)
		if auto == "SAME_UPPER" || auto == "SAME_LOWER" {
			out[i+2].Size = (size + stride - 1) / stride
			continue
		}
		room := size + pad - dilation*(k-1) - 1
		if intAttribute(n, "ceil_mode", 0) != 0 {
			room += stride - 1
		}
		if room >= 0 {
			out[i+2].Size = room/stride + 1
		}
	}
	return out
}

func globalPoolRule(_ *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: in[0].elem, shape: slices.Clone(in[0].shape)}
	for i := 2; i < len(out.shape); i++ {
		out.shape[i] = Dim{Size: 1}
	}
	return out
}

func gemmRule(n *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	out := tensorInfo{elem: in[0].elem, shape: unknownShape(2)}
	if a := in[0].shape; len(a) == 2 {
		out.shape[0] = a[intAttribute(n, "transA", 0)&1]
	}
	if b := get(in, 1).shape; len(b) == 2 {
		out.shape[1] = b[1-intAttribute(n, "transB", 0)&1]
	}
	return out
}

func matMulRule(_ *onnxpb.NodeProto, in []tensorInfo) tensorInfo {
	a, b := in[0].shape, get(in, 1).shape
	out := tensorInfo{elem: in[0].elem}
	if len(a) < 2 || len(b) < 2 {
		return out
	}
	batch := broadcast(a[:len(a)-2], b[:len(b)-2])
	out.shape = append(batch, a[len(a)-2], b[len(b)-1])
	return out
}

func unknownShape(rank int) Shape {
	return slices.Repeat(Shape{unknownDim}, rank)
}
