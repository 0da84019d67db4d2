package deploy

import (
	"encoding/binary"
	"fmt"
	"math"
	"strings"

	"finetune/internal/onnx/onnxpb"

	"google.golang.org/protobuf/proto"
)

// prefix begins the names of all tensors that the package adds, except inputs and outputs. [join] keeps them apart
// from the network's own.
const prefix = "finetune/"

// A builder appends nodes to a graph. It uses only operators and forms of operators that mean the same in every
// operator set from minOpset on; Range, which is newer, has a replacement.
type builder struct {
	opset int64
	graph *onnxpb.GraphProto // receives nodes
	root  *onnxpb.GraphProto // receives constants; the graph around the branches of an If
	made  map[string]string  // constants by content
	count *int               // of names
}

func newBuilder(g *onnxpb.GraphProto, opset int64) *builder {
	return &builder{opset: opset, graph: g, root: g, made: map[string]string{}, count: new(int)}
}

// op appends a node with one output and returns the output's name.
func (b *builder) op(kind string, inputs ...string) string {
	*b.count++
	out := fmt.Sprintf("%s%s_%d", prefix, strings.ToLower(kind), *b.count)
	b.graph.Node = append(b.graph.Node, &onnxpb.NodeProto{
		Name: proto.String(out), OpType: proto.String(kind), Input: inputs, Output: []string{out},
	})
	return out
}

// with appends attributes to the node that op appended last.
func (b *builder) with(out string, attributes ...*onnxpb.AttributeProto) string {
	last := b.graph.Node[len(b.graph.Node)-1]
	last.Attribute = append(last.Attribute, attributes...)
	return out
}

func (b *builder) cast(tensor string, to onnxpb.TensorProto_DataType) string {
	return b.with(b.op("Cast", tensor), intAttr("to", int64(to)))
}

func (b *builder) float(tensor string) string { return b.cast(tensor, onnxpb.TensorProto_FLOAT) }

func (b *builder) double(tensor string) string { return b.cast(tensor, onnxpb.TensorProto_DOUBLE) }

func (b *builder) transpose(tensor string, perm ...int64) string {
	return b.with(b.op("Transpose", tensor), intsAttr("perm", perm...))
}

func (b *builder) concat(axis int64, tensors ...string) string {
	return b.with(b.op("Concat", tensors...), intAttr("axis", axis))
}

// gather takes entries of an axis by constant indices.
func (b *builder) gather(tensor string, axis int64, indices ...int64) string {
	return b.with(b.op("Gather", tensor, b.ints(indices...)), intAttr("axis", axis))
}

// atLeast is left ≥ right. GreaterOrEqual begins with operator set 12.
func (b *builder) atLeast(left, right string) string { return b.op("Not", b.op("Less", left, right)) }

// reshape gives a tensor another shape, -1 standing for the rest.
func (b *builder) reshape(tensor string, dims ...int64) string {
	return b.op("Reshape", tensor, b.ints(dims...))
}

// counting returns 0, 1, … n−1 as an int64 vector, for a scalar n that is known only when the model runs.
func (b *builder) counting(n string) string {
	if b.opset >= 11 {
		return b.op("Range", b.integer(0), n, b.integer(1))
	}
	return b.reshape(b.op("NonZero", b.ones(b.reshape(n, 1))), -1)
}

// ones returns a float32 tensor of ones, of a shape that an int64 vector gives.
func (b *builder) ones(shape string) string {
	float := int32(onnxpb.TensorProto_FLOAT)
	one := &onnxpb.TensorProto{DataType: &float, Dims: []int64{1}, FloatData: []float32{1}}
	return b.with(b.op("ConstantOfShape", shape),
		&onnxpb.AttributeProto{Name: proto.String("value"), Type: onnxpb.AttributeProto_TENSOR.Enum(), T: one})
}

// call gives a tensor another name, which is not one of the builder's own.
func (b *builder) call(tensor, name string) {
	b.graph.Node = append(b.graph.Node, &onnxpb.NodeProto{
		Name: proto.String(prefix + "as_" + name), OpType: proto.String("Identity"),
		Input: []string{tensor}, Output: []string{name},
	})
}

// output declares a tensor as an output of the model.
func (b *builder) output(tensor, name string, elem onnxpb.TensorProto_DataType, shape ...any) {
	b.call(tensor, name)
	b.graph.Output = append(b.graph.Output, valueInfo(name, elem, shape...))
}

// ints returns a constant int64 vector, integer a scalar, floats a float32 tensor of the given shape, number a
// float32 scalar. Equal constants are stored once.
func (b *builder) ints(values ...int64) string {
	return b.constant(onnxpb.TensorProto_INT64, []int64{int64(len(values))}, int64Bytes(values))
}

func (b *builder) integer(value int64) string {
	return b.constant(onnxpb.TensorProto_INT64, nil, int64Bytes([]int64{value}))
}

func (b *builder) floats(values []float32, dims ...int) string {
	shape := make([]int64, len(dims))
	for i, d := range dims {
		shape[i] = int64(d)
	}
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return b.constant(onnxpb.TensorProto_FLOAT, shape, raw)
}

func (b *builder) number(value float32) string { return b.floats([]float32{value}) }

// real returns a constant float64 scalar.
func (b *builder) real(value float64) string {
	return b.constant(onnxpb.TensorProto_DOUBLE, nil, binary.LittleEndian.AppendUint64(nil, math.Float64bits(value)))
}

func (b *builder) constant(elem onnxpb.TensorProto_DataType, dims []int64, raw []byte) string {
	key := fmt.Sprint(elem, dims) + string(raw)
	if name, ok := b.made[key]; ok {
		return name
	}
	*b.count++
	name := fmt.Sprintf("%sconstant_%d", prefix, *b.count)
	b.named(name, elem, dims, raw)
	b.made[key] = name
	return name
}

func (b *builder) named(name string, elem onnxpb.TensorProto_DataType, dims []int64, raw []byte) {
	b.root.Initializer = append(b.root.Initializer, &onnxpb.TensorProto{
		Name: proto.String(name), DataType: proto.Int32(int32(elem)), Dims: dims, RawData: raw,
	})
}

// A branch appends one side of an If to a builder and returns the name of its answer.
type branch func(*builder) string

// either appends an If. Both branches return the name of one tensor of the same type and shape; they may read every
// tensor that was made before.
func (b *builder) either(condition string, elem onnxpb.TensorProto_DataType, then, otherwise branch) string {
	attribute := func(name string, build branch) *onnxpb.AttributeProto {
		inner := *b
		inner.graph = &onnxpb.GraphProto{Name: proto.String(prefix + name)}
		out := build(&inner)
		inner.graph.Output = []*onnxpb.ValueInfoProto{valueInfo(out, elem)}
		kind := onnxpb.AttributeProto_GRAPH.Enum()
		return &onnxpb.AttributeProto{Name: proto.String(name), Type: kind, G: inner.graph}
	}
	attributes := []*onnxpb.AttributeProto{attribute("then_branch", then), attribute("else_branch", otherwise)}
	return b.with(b.op("If", condition), attributes...)
}

func int64Bytes(values []int64) []byte {
	raw := make([]byte, 0, 8*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return raw
}

func intAttr(name string, v int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_INT.Enum(), I: proto.Int64(v)}
}

func intsAttr(name string, list ...int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_INTS.Enum(), Ints: list}
}

// valueInfo declares a tensor. A dimension is an int or, where it is open, its symbol. Without dimensions the shape
// is left out.
func valueInfo(name string, elem onnxpb.TensorProto_DataType, dims ...any) *onnxpb.ValueInfoProto {
	t := &onnxpb.TypeProto_Tensor{ElemType: proto.Int32(int32(elem))}
	for _, d := range dims {
		if t.Shape == nil {
			t.Shape = &onnxpb.TensorShapeProto{}
		}
		dim := &onnxpb.TensorShapeProto_Dimension{}
		switch d := d.(type) {
		case int:
			dim.Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: int64(d)}
		case string:
			dim.Value = &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: d}
		}
		t.Shape.Dim = append(t.Shape.Dim, dim)
	}
	typ := &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{TensorType: t}}
	return &onnxpb.ValueInfoProto{Name: proto.String(name), Type: typ}
}
