package precision

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"finetune/internal/onnx/graph"
	"finetune/internal/onnx/onnxpb"
)

// small is a network with a part of each kind: weights in half precision, a BatchNormalization, an activation, a shortcut.
func small(t testing.TB, opset int64) []byte {
	t.Helper()
	value := func(name string, dims ...int64) *onnxpb.ValueInfoProto {
		v := &onnxpb.TypeProto_Tensor{ElemType: proto.Int32(1), Shape: &onnxpb.TensorShapeProto{}}
		for _, d := range dims {
			v.Shape.Dim = append(v.Shape.Dim, &onnxpb.TensorShapeProto_Dimension{Value: &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: d}})
		}
		return &onnxpb.ValueInfoProto{Name: &name, Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{TensorType: v}}}
	}
	node := func(op, out string, in ...string) *onnxpb.NodeProto {
		return &onnxpb.NodeProto{OpType: proto.String(op), Input: in, Output: []string{out}}
	}
	cast := node("Cast", "k2", "k2h")
	cast.Attribute = []*onnxpb.AttributeProto{{Name: proto.String("to"), Type: onnxpb.AttributeProto_INT.Enum(), I: proto.Int64(1)}}
	four := []float32{1, 0.5, 2, 0.25}
	g := &onnxpb.GraphProto{
		Input: []*onnxpb.ValueInfoProto{value("x", 1, 3, 4, 4)}, Output: []*onnxpb.ValueInfoProto{value("y", 1, 4, 1, 1)},
		Initializer: []*onnxpb.TensorProto{
			floatTensor("k1", []float32{1, 2, 3, -1, -2, -3, 0, 0, 0, 0.1, 0.2, 0.3}, 4, 3, 1, 1),
			tensorOf("k2h", onnxpb.TensorProto_FLOAT16, make([]byte, 32), []int64{4, 4, 1, 1}),
			floatTensor("scale", four, 4), floatTensor("bias", four, 4), floatTensor("mean", four, 4), floatTensor("var", four, 4),
		},
		Node: []*onnxpb.NodeProto{node("Conv", "c1", "x", "k1"), node("BatchNormalization", "n1", "c1", "scale", "bias", "mean", "var"),
			node("Relu", "r1", "n1"), cast, node("Conv", "c2", "r1", "k2", "bias"), node("Add", "a", "c2", "r1"), node("Clip", "l", "a"),
			node("MaxPool", "m", "l"), node("Conv", "c3", "l", "k2"), node("GlobalAveragePool", "y", "c3")},
	}
	data, err := proto.Marshal(&onnxpb.ModelProto{IrVersion: proto.Int64(8), Graph: g, OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: &opset}}})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// The small network has what the surgery looks for.
func TestRewrite(t *testing.T) {
	for _, opset := range []int64{9, 11, 13, 17} {
		m, err := graph.Parse("small.onnx", small(t, opset))
		if err != nil {
			t.Fatal(err)
		}
		n, err := New(m)
		if err != nil {
			t.Fatal(err)
		}
		if len(n.Kernels()) != 3 || n.Kernels()[0].Output != "r1" {
			t.Fatalf("kernels %v", n.Kernels())
		}
		ranges := map[string]Range{}
		for _, tensor := range n.Tensors() {
			ranges[tensor] = Range{-1, 1}
		}
		low, kernels, err := n.Int8(ranges, map[string]bool{"c3": true})
		if err != nil || kernels != 2 {
			t.Fatalf("%d kernels of integers, %v", kernels, err)
		}
		count := map[string]int{}
		for _, node := range low.Proto().Graph.Node {
			count[node.GetOpType()]++
			if domain := node.GetDomain(); node.GetOpType() == "QuantizeLinear" && (domain == "com.microsoft") != (opset < 13) {
				t.Errorf("operator set %d: QuantizeLinear of domain %q", opset, domain)
			}
		}
		// The image, two convolutions and their sum are rounded. Activations and the normalisation are parts of them.
		if count["QuantizeLinear"] != 4 || count["DequantizeLinear"] != 4+2+2 || count["Relu"]+count["Clip"]+count["BatchNormalization"]+count["Cast"] != 0 {
			t.Errorf("operator set %d: %v", opset, count)
		}
	}
}

// FuzzRewrite rewrites any network: nothing may panic, what comes out must be readable, keep its outputs' names and be the same
// each time.
func FuzzRewrite(f *testing.F) {
	for opset := int64(8); opset < 18; opset += 3 {
		f.Add(small(f, opset), uint8(opset))
	}
	f.Fuzz(func(t *testing.T, data []byte, keep uint8) {
		if len(data) > 1<<18 {
			t.Skip()
		}
		m, err := graph.Parse("fuzz.onnx", data)
		if err != nil {
			return
		}
		n, err := New(m)
		if err != nil {
			return
		}
		ranges := map[string]Range{}
		for i, tensor := range n.Tensors() {
			if i%7 != 5 { // some aren't known
				ranges[tensor] = Range{-float32(i % 3), 1 + float32(i)}
			}
		}
		float := map[string]bool{}
		for i, k := range n.Kernels() {
			float[k.Output] = keep>>(i%8)&1 != 0
		}
		var first []byte
		for range 2 {
			low, kernels, err := n.Int8(ranges, float)
			if err != nil {
				return
			}
			if kernels > len(n.Kernels()) {
				t.Fatalf("%d of %d convolutions", kernels, len(n.Kernels()))
			}
			check(t, m, low, &first)
		}
		first = nil
		for range 2 {
			low, _, err := n.Float16(func(tensor string) bool { return len(tensor)%4 == int(keep)%4 })
			if err != nil {
				return
			}
			check(t, m, low, &first)
		}
	})
}

func check(t *testing.T, m, low *graph.Model, first *[]byte) {
	t.Helper()
	out, err := low.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	if *first != nil && string(*first) != string(out) {
		t.Fatal("other bytes the second time")
	}
	*first = out
	again, err := graph.Parse("low.onnx", out)
	if err != nil {
		t.Fatalf("a rewritten network can't be read: %v", err)
	}
	if len(again.Outputs()) != len(m.Outputs()) {
		t.Fatalf("%d outputs, not %d", len(again.Outputs()), len(m.Outputs()))
	}
	for i, v := range m.Outputs() {
		if again.Outputs()[i].Name != v.Name {
			t.Fatalf("output %q became %q", v.Name, again.Outputs()[i].Name)
		}
	}
}
