package graph

import (
	"encoding/binary"
	"math"

	"finetune/internal/onnx/onnxpb"

	"google.golang.org/protobuf/proto"
)

// Constructors of small protobuf messages.

func castNode(in, out string, to onnxpb.TensorProto_DataType) *onnxpb.NodeProto {
	n := &onnxpb.NodeProto{OpType: proto.String("Cast"), Attribute: []*onnxpb.AttributeProto{intAttr("to", int64(to))}}
	if in != "" {
		n.Input, n.Output = []string{in}, []string{out}
	}
	return n
}

func intAttr(name string, v int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_INT.Enum(), I: proto.Int64(v)}
}

func intsAttr(name string, list ...int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: proto.String(name), Type: onnxpb.AttributeProto_INTS.Enum(), Ints: list}
}

func intTensor(name string, values ...int64) *onnxpb.TensorProto {
	return &onnxpb.TensorProto{
		Name: proto.String(name), DataType: proto.Int32(int32(onnxpb.TensorProto_INT64)),
		Dims: []int64{int64(len(values))}, Int64Data: values,
	}
}

// tensorValue declares a float32 tensor; a nil shape is left out.
func tensorValue(name string, s Shape) *onnxpb.ValueInfoProto {
	t := &onnxpb.TypeProto_Tensor{ElemType: proto.Int32(int32(onnxpb.TensorProto_FLOAT))}
	if s != nil {
		t.Shape = &onnxpb.TensorShapeProto{}
		for _, d := range s {
			dim := &onnxpb.TensorShapeProto_Dimension{}
			if d.Fixed() {
				dim.Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: d.Size}
			} else if d.Symbol != "" {
				dim.Value = &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: d.Symbol}
			}
			t.Shape.Dim = append(t.Shape.Dim, dim)
		}
	}
	return &onnxpb.ValueInfoProto{
		Name: proto.String(name),
		Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{TensorType: t}},
	}
}

func floatTensor(name string, values []float32, dims ...int) *onnxpb.TensorProto {
	t := &onnxpb.TensorProto{Name: proto.String(name), DataType: proto.Int32(int32(onnxpb.TensorProto_FLOAT))}
	for _, d := range dims {
		t.Dims = append(t.Dims, int64(d))
	}
	t.RawData = make([]byte, 0, 4*len(values))
	for _, v := range values {
		t.RawData = binary.LittleEndian.AppendUint32(t.RawData, math.Float32bits(v))
	}
	return t
}
