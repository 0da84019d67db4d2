package graph

import (
	"fmt"
	"strings"

	"finetune/internal/onnx/onnxpb"

	"google.golang.org/protobuf/proto"
)

// Single nodes and constants that a cut adds. Each method returns the name of the tensor that it adds.

// op appends a node of one output.
func (c *cutter) op(kind string, inputs ...string) string {
	out := c.unused("finetune." + strings.ToLower(kind))
	c.graph.Node = append(c.graph.Node, &onnxpb.NodeProto{OpType: proto.String(kind), Input: inputs,
		Output: []string{out}})
	return out
}

// last returns the node that op appended last, to give it attributes.
func (c *cutter) last() *onnxpb.NodeProto { return c.graph.Node[len(c.graph.Node)-1] }

func (c *cutter) cast(tensor string, to onnxpb.TensorProto_DataType) string {
	out := c.op("Cast", tensor)
	c.last().Attribute = []*onnxpb.AttributeProto{intAttr("to", int64(to))}
	return out
}

func (c *cutter) transpose(tensor string, perm ...int64) string {
	out := c.op("Transpose", tensor)
	c.last().Attribute = []*onnxpb.AttributeProto{intsAttr("perm", perm...)}
	return out
}

// flat flattens a tensor to one row per image.
func (c *cutter) flat(tensor string) string {
	out := c.op("Flatten", tensor)
	c.last().Attribute = []*onnxpb.AttributeProto{intAttr("axis", 1)}
	return out
}

// mean averages over axes, which stay with size 1 if keep is set. They are an attribute until operator set 17, an
// input from 18 on.
func (c *cutter) mean(tensor string, over []int, keep bool) string {
	list := make([]int64, len(over))
	for i, a := range over {
		list[i] = int64(a)
	}
	dims := intAttr("keepdims", 0)
	if keep {
		dims = intAttr("keepdims", 1)
	}
	if c.opset() >= 18 {
		out := c.op("ReduceMean", tensor, c.ints(list...))
		c.last().Attribute = []*onnxpb.AttributeProto{dims}
		return out
	}
	out := c.op("ReduceMean", tensor)
	c.last().Attribute = []*onnxpb.AttributeProto{dims, intsAttr("axes", list...)}
	return out
}

// ints returns a constant vector of integers, floats a constant of the given shape. Equal ones are added once.
func (c *cutter) ints(values ...int64) string {
	return c.constantOf(intTensor("", values...), fmt.Sprint("ints", values))
}

func (c *cutter) floats(values []float32, dims ...int) string {
	return c.constantOf(floatTensor("", values, dims...), fmt.Sprint("floats", dims, values))
}

func (c *cutter) constantOf(t *onnxpb.TensorProto, key string) string {
	if name, ok := c.made[key]; ok {
		return name
	}
	name := c.unused("finetune.constant")
	t.Name = proto.String(name)
	c.graph.Initializer = append(c.graph.Initializer, t)
	c.made[key] = name
	return name
}
