package graph

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"finetune/internal/onnx/onnxpb"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
)

// fixture parses one of the tiny networks that backbone's tests run.
func fixture(t testing.TB, name string) *Model {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "backbone", "testdata", name+".onnx"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse(name+".onnx", data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// encode turns a graph that is written in a short form into a model. A line is one of
//
//	in NAME TYPE DIM,DIM,…     out NAME     weight NAME DIM,DIM,…
//	TENSOR = OP INPUT INPUT … {attribute in protobuf's text form}
//
// TYPE is a number of TensorProto.DataType; a DIM that is no number is a symbol.
func encode(t testing.TB, opset int64, lines string) []byte {
	t.Helper()
	g := &onnxpb.GraphProto{Name: proto.String("test")}
	for line := range strings.Lines(lines) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0:
		case fields[0] == "in":
			v := &onnxpb.ValueInfoProto{}
			text(t, `name: "`+fields[1]+`" type { tensor_type { elem_type: `+fields[2]+` shape {`+dims(fields[3])+`} } }`, v)
			g.Input = append(g.Input, v)
		case fields[0] == "out":
			g.Output = append(g.Output, &onnxpb.ValueInfoProto{Name: proto.String(fields[1])})
		case fields[0] == "weight":
			w := &onnxpb.TensorProto{}
			text(t, `name: "`+fields[1]+`" data_type: 1 dims: [`+fields[2]+`]`, w)
			count := int64(1)
			for _, d := range w.Dims {
				count *= d
			}
			w.FloatData = make([]float32, count)
			g.Initializer = append(g.Initializer, w)
		default:
			call, attributes, _ := strings.Cut(line, "{")
			parts := strings.Fields(call)
			n := &onnxpb.NodeProto{}
			if attributes != "" {
				text(t, "attribute {"+attributes, n)
			}
			n.Output, n.OpType, n.Input = parts[:1], proto.String(parts[2]), parts[3:]
			g.Node = append(g.Node, n)
		}
	}
	data, err := proto.Marshal(&onnxpb.ModelProto{IrVersion: proto.Int64(8), Graph: g,
		OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: proto.Int64(opset)}}})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func build(t testing.TB, opset int64, lines string) *Model {
	t.Helper()
	m, err := Parse("test.onnx", encode(t, opset, lines))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func text(t testing.TB, s string, into proto.Message) {
	t.Helper()
	if err := prototext.Unmarshal([]byte(s), into); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
}

func dims(list string) string {
	var b strings.Builder
	for d := range strings.SplitSeq(list, ",") {
		if strings.Trim(d, "0123456789") == "" {
			b.WriteString(" dim { dim_value: " + d + " }")
		} else {
			b.WriteString(` dim { dim_param: "` + d + `" }`)
		}
	}
	return b.String()
}

// oneTap finds the feature, or takes the tensor of that name, where it is one tensor.
func oneTap(m *Model, name string) (Tap, error) {
	f, err := m.FindFeature(name, nil)
	if err != nil || len(f.Taps) != 1 {
		return Tap{}, err
	}
	return f.Taps[0], nil
}
