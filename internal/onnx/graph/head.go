package graph

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"

	"finetune/internal/onnx/onnxpb"

	"google.golang.org/protobuf/proto"
)

// The versions that a written head requires: ONNX Runtime 1.10 (2021) and all later ones support them.
const (
	headOpset     = 13
	headIRVersion = 7
)

// A Dense layer computes y = W·x + b.
type Dense struct {
	In, Out int
	Weight  []float32 // Out × In, row-major
	Bias    []float32 // Out
}

// A Head is a trained head to be written as a model: dense layers with ReLU between them.
type Head struct {
	Layers      []Dense
	Probability Probability
	Positions   []float64         // of the classes, rising; for the rule Position
	Temperature float32           // logits are divided by it on their way to probabilities; 0: 1
	Metadata    map[string]string // into the file's metadata_props: classes, order, …
}

// HeadModel writes a head as an ONNX model that turns `features` (N×D) into `logits` (N×outputs) and `probabilities`
// (N×K), for any N. The same head gives the same bytes.
func HeadModel(h Head) ([]byte, error) {
	if err := h.check(); err != nil {
		return nil, fmt.Errorf("write the head as ONNX: %w", err)
	}
	g := &onnxpb.GraphProto{Name: proto.String("head")}
	tensor := "features"
	g.Input = append(g.Input, tensorValue(tensor, headShape(h.Layers[0].In)))
	for i, l := range h.Layers {
		last := i == len(h.Layers)-1
		prefix, out := fmt.Sprintf("hidden%d.", i), fmt.Sprintf("hidden%d", i)
		if last {
			prefix, out = "", "logits"
		}
		g.Initializer = append(g.Initializer,
			floatTensor(prefix+"weight", l.Weight, l.Out, l.In), floatTensor(prefix+"bias", l.Bias, l.Out))
		g.Node = append(g.Node, &onnxpb.NodeProto{
			Name: proto.String(out), OpType: proto.String("Gemm"),
			Input: []string{tensor, prefix + "weight", prefix + "bias"}, Output: []string{out},
			Attribute: []*onnxpb.AttributeProto{intAttr("transB", 1)},
		})
		tensor = out
		if !last {
			tensor = out + ".relu"
			g.Node = append(g.Node, &onnxpb.NodeProto{
				Name: proto.String(tensor), OpType: proto.String("Relu"),
				Input: []string{out}, Output: []string{tensor},
			})
		}
	}
	outputs := h.Layers[len(h.Layers)-1].Out
	if t := h.Temperature; t != 0 && t != 1 {
		b := &graphBuilder{g}
		tensor = b.node("Div", "tempered", []string{tensor, b.tensor(floatTensor("temperature", []float32{t}))})
	}
	h.probabilities(g, tensor, "probabilities", outputs)
	classes, _ := h.classes(outputs) // check has seen it
	g.Output = []*onnxpb.ValueInfoProto{
		tensorValue("logits", headShape(outputs)), tensorValue("probabilities", headShape(classes)),
	}
	pb := &onnxpb.ModelProto{
		IrVersion: proto.Int64(headIRVersion), ProducerName: proto.String("finetune"), Graph: g,
		OpsetImport: []*onnxpb.OperatorSetIdProto{{Domain: proto.String(""), Version: proto.Int64(headOpset)}},
	}
	for _, key := range slices.Sorted(maps.Keys(h.Metadata)) {
		pb.MetadataProps = append(pb.MetadataProps, &onnxpb.StringStringEntryProto{
			Key: proto.String(key), Value: proto.String(h.Metadata[key]),
		})
	}
	return fromProto("head", pb).Bytes()
}

func (h Head) check() error {
	if len(h.Layers) == 0 {
		return fmt.Errorf("it has no layers")
	}
	for i, l := range h.Layers {
		if l.In < 1 || l.Out < 1 || len(l.Weight) != l.In*l.Out || len(l.Bias) != l.Out {
			return fmt.Errorf("layer %d: %d weights and %d biases for %d×%d",
				i, len(l.Weight), len(l.Bias), l.Out, l.In)
		}
		if i > 0 && l.In != h.Layers[i-1].Out {
			return fmt.Errorf("layer %d reads %d numbers, the one before gives %d", i, l.In, h.Layers[i-1].Out)
		}
	}
	_, err := h.classes(h.Layers[len(h.Layers)-1].Out)
	return err
}

func headShape(width int) Shape {
	return Shape{{Size: -1, Symbol: "N"}, {Size: int64(width)}}
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
