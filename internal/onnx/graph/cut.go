package graph

import (
	"fmt"
	"slices"

	"finetune/internal/onnx/onnxpb"

	"google.golang.org/protobuf/proto"
)

// Cut returns the part of the network that a feature needs, with one float32 output, N×D, laid out as Feature.Blocks
// describes. Its one input is the images, as float32 whatever the network takes. Layers after the taps, other outputs,
// training information and unused weights are removed. The weights are shared with m, not copied. The ImageInput
// describes the input of m; where that isn't float32, the input of the result has another name and a cast.
//
// A feature whose Width isn't known yet gives an error: see Expose.
func (m *Model) Cut(f Feature) (*Model, ImageInput, error) {
	if f.Width == 0 {
		return nil, ImageInput{}, fmt.Errorf("cut the network of %s: the shape of %s isn't known", m.name, f.Text)
	}
	cut, in, err := m.cut(f.tensors(), func(c *cutter, in ImageInput) { c.putFeature(f, f.batch(in)) })
	in.Batch = f.batch(in)
	if err == nil {
		err = m.checkRows(f, in)
	}
	return cut, in, err
}

// Expose returns the part of the network that tensors need, with each of them as an output of float32. A run of it
// shows the shapes that inference left unknown.
func (m *Model) Expose(tensors ...string) (*Model, ImageInput, error) {
	return m.cut(tensors, func(c *cutter, _ ImageInput) {
		for i, tensor := range tensors {
			c.putOut(c.asFloat(tensor), fmt.Sprintf("features.%d", i), nil)
		}
	})
}

// InputOf returns the input that a feature depends on, as Cut does, also while the feature's width is unknown.
func (m *Model) InputOf(f Feature) (ImageInput, error) {
	in, err := m.inputFor(f.tensors()...)
	in.Batch = f.batch(in)
	return in, err
}

// inputFor returns the input that tensors depend on.
func (m *Model) inputFor(tensors ...string) (ImageInput, error) {
	return newCutter(m, tensors).input()
}

func (m *Model) cut(tensors []string, put func(*cutter, ImageInput)) (*Model, ImageInput, error) {
	c := newCutter(m, tensors)
	c.graph = c.keep()
	inner, err := c.input()
	if err != nil {
		return nil, ImageInput{}, err
	}
	c.takeFloat(inner)
	put(c, inner)
	return fromProto(m.name, c.model(c.graph)), inner, nil
}

func newCutter(m *Model, tensors []string) *cutter {
	c := &cutter{Model: m, needed: map[string]bool{}, made: map[string]string{}}
	for _, tensor := range tensors {
		c.need(tensor)
	}
	return c
}

// A cutter collects what a cut keeps.
type cutter struct {
	*Model
	needed map[string]bool // tensors
	graph  *onnxpb.GraphProto
	made   map[string]string // names of the constants and tensors that the cut added, by their contents
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

// keeps reports whether a node makes a tensor that is needed.
func (c *cutter) keeps(n *onnxpb.NodeProto) bool {
	return slices.ContainsFunc(n.Output, func(out string) bool { return out != "" && c.needed[out] })
}

// keep returns the graph without what isn't needed, in the order of the file.
func (c *cutter) keep() *onnxpb.GraphProto {
	g := c.pb.Graph
	kept := &onnxpb.GraphProto{Name: g.Name}
	for _, n := range g.Node {
		if c.keeps(n) {
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
		// Files before version 4 of the format list weights as inputs, which would keep them from being folded.
		if c.needed[v.GetName()] && c.constant[v.GetName()] == nil {
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

// model returns the message of a model with another graph.
func (c *cutter) model(g *onnxpb.GraphProto) *onnxpb.ModelProto {
	return &onnxpb.ModelProto{
		IrVersion: proto.Int64(max(c.pb.GetIrVersion(), 4)), OpsetImport: c.pb.OpsetImport,
		ProducerName: proto.String("finetune"), Graph: g, Functions: c.pb.Functions,
	}
}

// input returns the input that what is kept depends on.
func (c *cutter) input() (ImageInput, error) {
	var list []Value
	for _, v := range c.inputs {
		if c.needed[v.Name] {
			list = append(list, v)
		}
	}
	return c.imageInputOf(list)
}

// takeFloat declares the input as float32 with the shape that is known: sizes that the file gives as 0 are open. Where
// the network takes another type, the image gets another name and a cast.
func (c *cutter) takeFloat(in ImageInput) {
	i := slices.IndexFunc(c.graph.Input, func(v *onnxpb.ValueInfoProto) bool { return v.GetName() == in.Name })
	if in.Type == "float32" {
		c.graph.Input[i] = tensorValue(in.Name, c.info[in.Name].shape)
		return
	}
	image := c.unused("image")
	typ := c.info[in.Name].elem
	c.graph.Input[i] = tensorValue(image, c.info[in.Name].shape)
	c.graph.Node = slices.Insert(c.graph.Node, 0, castNode(image, in.Name, typ))
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
