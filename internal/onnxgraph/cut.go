package onnxgraph

import (
	"fmt"
	"slices"

	"finetune/internal/onnxpb"

	"google.golang.org/protobuf/proto"
)

// Cut returns the part of the network that the taps need, with one float32 output for each tap: N×D, pooled
// over the axes that the tap names. A tap of unknown shape is put out as it is, for a run to tell its shape.
// The one input is the images, as float32 whatever the network takes. Layers behind the taps, other outputs,
// training information and unused weights are gone. The weights are shared with m, not copied. The ImageInput
// describes what m took; where that wasn't float32 the input of the result has another name and a cast.
func (m *Model) Cut(taps ...Tap) (*Model, ImageInput, error) {
	c := cutter{Model: m, needed: map[string]bool{}}
	for _, t := range taps {
		c.need(t.Tensor.Name)
	}
	graph := c.keep()
	c.graph = graph
	inner, err := c.model(graph).ImageInput()
	if err != nil {
		return nil, ImageInput{}, err
	}
	c.takeFloat(inner)
	for i, t := range taps {
		name := "features"
		if len(taps) > 1 {
			name = fmt.Sprintf("features.%d", i)
		}
		c.putOut(t, name, inner.Batch)
	}
	cut, err := fromProto(m.name, c.model(graph).pb)
	if err != nil {
		return nil, ImageInput{}, fmt.Errorf("cut the network of %s: %w", m.name, err)
	}
	return cut, inner, nil
}

// A cutter collects what a cut keeps.
type cutter struct {
	*Model
	needed map[string]bool // tensors
	graph  *onnxpb.GraphProto
}

// need marks a tensor and all that it is computed from.
func (c *cutter) need(tensor string) {
	open := []string{tensor}
	for len(open) > 0 {
		tensor, open = open[len(open)-1], open[:len(open)-1]
		if tensor == "" || c.needed[tensor] {
			continue
		}
		c.needed[tensor] = true
		if n := c.producerOf(tensor); n != nil {
			open = appendReads(open, n)
		}
	}
}

// appendReads appends the tensors that a node reads, those of the subgraphs of If and Loop included: they may
// capture any tensor around them. Names of a subgraph's own tensors do no harm.
func appendReads(list []string, n *onnxpb.NodeProto) []string {
	list = append(list, n.Input...)
	for _, a := range n.Attribute {
		for _, g := range append(slices.Clip(a.Graphs), a.GetG()) {
			for _, inner := range g.GetNode() {
				list = appendReads(list, inner)
			}
			for _, out := range g.GetOutput() {
				list = append(list, out.GetName())
			}
		}
	}
	return list
}

// keep returns the graph without what isn't needed, in the order of the file.
func (c *cutter) keep() *onnxpb.GraphProto {
	g := c.pb.Graph
	kept := &onnxpb.GraphProto{Name: g.Name}
	for _, n := range g.Node {
		if slices.ContainsFunc(n.Output, func(out string) bool { return out != "" && c.needed[out] }) {
			kept.Node = append(kept.Node, n)
		}
	}
	for _, t := range g.Initializer {
		if c.needed[t.GetName()] {
			kept.Initializer = append(kept.Initializer, t)
		}
	}
	for _, t := range g.SparseInitializer {
		if c.needed[t.GetValues().GetName()] {
			kept.SparseInitializer = append(kept.SparseInitializer, t)
		}
	}
	for _, v := range g.Input {
		if c.needed[v.GetName()] {
			kept.Input = append(kept.Input, v)
		}
	}
	for _, v := range g.ValueInfo {
		if c.needed[v.GetName()] {
			kept.ValueInfo = append(kept.ValueInfo, v)
		}
	}
	return kept
}

// model wraps a graph as a model that knows what the whole one knows.
func (c *cutter) model(g *onnxpb.GraphProto) *Model {
	m := &Model{name: c.name, producer: c.producer, readers: c.readers, constant: c.constant, info: c.info}
	m.pb = &onnxpb.ModelProto{
		IrVersion: c.pb.IrVersion, OpsetImport: c.pb.OpsetImport, ProducerName: proto.String("finetune"),
		Graph: g, Functions: c.pb.Functions,
	}
	for _, v := range c.inputs {
		if c.needed[v.Name] {
			m.inputs = append(m.inputs, v)
		}
	}
	return m
}

// takeFloat puts a cast behind an input that isn't float32 and gives the image a name of its own.
func (c *cutter) takeFloat(in ImageInput) {
	if in.Type == "float32" {
		return
	}
	i := slices.IndexFunc(c.graph.Input, func(v *onnxpb.ValueInfoProto) bool { return v.GetName() == in.Name })
	image := c.unused("image")
	typ := c.info[in.Name].elem
	c.graph.Input[i] = tensorValue(image, c.info[in.Name].shape)
	c.graph.Node = slices.Insert(c.graph.Node, 0, castNode(image, in.Name, typ))
}

// putOut appends the nodes that turn a tap into a float32 matrix and declares it as output.
func (c *cutter) putOut(t Tap, name string, batch int) {
	name = c.unused(name)
	tensor := t.Tensor.Name
	step := func(n *onnxpb.NodeProto, what string) {
		n.Input = append([]string{tensor}, n.Input...)
		tensor = c.unused(name + "." + what)
		n.Output = []string{tensor}
		c.graph.Node = append(c.graph.Node, n)
	}
	if t.Tensor.Type != "float32" {
		step(castNode("", "", onnxpb.TensorProto_FLOAT), "float")
	}
	switch {
	case len(t.Pool) > 0:
		step(c.meanNode(t.Pool, name), "mean")
	case len(t.Tensor.Shape) == 1:
		row := c.unused(name + ".row")
		c.graph.Initializer = append(c.graph.Initializer, intTensor(row, 1, -1))
		step(&onnxpb.NodeProto{OpType: proto.String("Reshape"), Input: []string{row}}, "matrix")
	}
	c.graph.Node = append(c.graph.Node, &onnxpb.NodeProto{OpType: proto.String("Identity"), Input: []string{tensor}, Output: []string{name}})
	var shape Shape
	if t.Tensor.Shape != nil {
		shape = Shape{{Size: -1, Symbol: "N"}, unknownDim}
		if batch > 0 {
			shape[0] = Dim{Size: int64(batch)}
		}
		if t.Width > 0 {
			shape[1] = Dim{Size: int64(t.Width)}
		}
	}
	c.graph.Output = append(c.graph.Output, tensorValue(name, shape))
}

// meanNode averages over axes: an attribute until operator set 17, an input from 18 on.
func (c *cutter) meanNode(over []int, name string) *onnxpb.NodeProto {
	list := make([]int64, len(over))
	for i, a := range over {
		list[i] = int64(a)
	}
	n := &onnxpb.NodeProto{OpType: proto.String("ReduceMean"), Attribute: []*onnxpb.AttributeProto{intAttr("keepdims", 0)}}
	if c.opset() >= 18 {
		constant := c.unused(name + ".axes")
		c.graph.Initializer = append(c.graph.Initializer, intTensor(constant, list...))
		n.Input = []string{constant}
	} else {
		n.Attribute = append(n.Attribute, &onnxpb.AttributeProto{
			Name: proto.String("axes"), Type: onnxpb.AttributeProto_INTS.Enum(), Ints: list,
		})
	}
	return n
}

// unused returns a tensor name that the network doesn't use, starting with stem, and takes it.
func (c *cutter) unused(stem string) string {
	name := stem
	for i := 1; c.needed[name] || c.isTensor(name) || len(c.readers[name]) > 0; i++ {
		name = fmt.Sprintf("%s_%d", stem, i)
	}
	c.needed[name] = true
	return name
}
