package graph

import (
	"fmt"

	"finetune/internal/onnx/onnxpb"

	"google.golang.org/protobuf/proto"
)

// The nodes that turn taps into one row of numbers per image. Their operators have the same meaning from operator set
// 9 on, but for the form of ReduceMean.

// putFeature appends the pooling of all taps, joins their blocks and declares the output.
func (c *cutter) putFeature(f Feature, batch int) {
	var blocks []string
	for _, t := range f.Taps {
		tensor := c.asFloat(t.Tensor.Name)
		for _, g := range t.Grids {
			block := tensor
			switch {
			case len(t.Space) > 0:
				if g == 1 && t.ClassToken {
					blocks = append(blocks, c.classToken(tensor))
				}
				block = c.pooled(t, tensor, g)
			case len(t.Tensor.Shape) == 1:
				block = c.op("Reshape", tensor, c.ints(1, -1))
			}
			blocks = append(blocks, block)
		}
		blocks = append(blocks, c.secondOrder(t, tensor)...)
	}
	row := blocks[0]
	if len(blocks) > 1 {
		row = c.op("Concat", blocks...)
		c.last().Attribute = []*onnxpb.AttributeProto{intAttr("axis", 1)}
	}
	shape := Shape{{Size: -1, Symbol: "N"}, {Size: int64(f.Width)}}
	if batch > 0 {
		shape[0] = Dim{Size: int64(batch)}
	}
	c.putOut(row, "features", shape)
}

// putOut declares a tensor as an output of the cut network, under a name of its own.
func (c *cutter) putOut(tensor, name string, shape Shape) {
	name = c.unused(name)
	c.graph.Node = append(c.graph.Node, &onnxpb.NodeProto{OpType: proto.String("Identity"), Input: []string{tensor},
		Output: []string{name}})
	c.graph.Output = append(c.graph.Output, tensorValue(name, shape))
}

// asFloat returns a tensor as float32; quantised tensors are dequantised.
func (c *cutter) asFloat(tensor string) string {
	if c.info[tensor].elem == onnxpb.TensorProto_FLOAT {
		return tensor
	}
	if scale, zero := c.scaleOf(tensor); scale != "" {
		inputs := []string{tensor, scale}
		if zero != "" {
			inputs = append(inputs, zero)
		}
		return c.op("DequantizeLinear", inputs...)
	}
	return c.cast(tensor, onnxpb.TensorProto_FLOAT)
}

// secondOrder returns the standard deviations and covariances of a tap.
func (c *cutter) secondOrder(t Tap, tensor string) (blocks []string) {
	if len(t.Std)+t.Cov == 0 {
		return nil
	}
	centred := c.centred(t, tensor)
	for _, g := range t.Std {
		blocks = append(blocks, c.deviations(t, centred, g))
	}
	if t.Cov > 0 {
		blocks = append(blocks, c.covariances(t, centred))
	}
	return blocks
}

// pooled returns the means of a tap with space over the cells of a grid.
func (c *cutter) pooled(t Tap, tensor string, g int) string {
	if g > 1 {
		return c.grid(t, tensor, g)
	}
	return c.mean(c.patches(tensor, t.Prefix), t.Space, false)
}

// grid averages a tap over g × g cells and concatenates them, row by row, each with all channels.
// Cell i of L places goes from ⌊iL/g⌋ to ⌈(i+1)L/g⌉, as in torch's AdaptiveAvgPool2d: cells overlap by a place where
// g doesn't divide L.
func (c *cutter) grid(t Tap, tensor string, g int) string {
	if len(t.Space) == 1 {
		return c.tokenGrid(t, tensor, g)
	}
	if t.Space[0] == 1 {
		tensor = c.transpose(tensor, 0, 3, 1, 2)
	}
	// Channels × height × width becomes channels × height × g, channels × g × height, channels × g × g: products with
	// one small matrix on the right run as one large product each.
	height, width := t.Tensor.Shape[t.Space[0]], t.Tensor.Shape[t.Space[1]]
	byColumn := c.op("MatMul", tensor, c.bins(tensor, 3, width, g))
	byCell := c.op("MatMul", c.transpose(byColumn, 0, 1, 3, 2), c.bins(tensor, 2, height, g))
	return c.flat(c.transpose(byCell, 0, 3, 2, 1))
}

// bins returns the matrix, places × g, that averages an axis of a map over g cells: a constant where the number of
// places is known, computed in the graph from the map's shape where it isn't.
func (c *cutter) bins(tensor string, axis int, places Dim, g int) string {
	if places.Fixed() {
		return c.floats(binWeights(int(places.Size), g), int(places.Size), g)
	}
	key := fmt.Sprint(tensor, axis, g)
	if made, ok := c.made[key]; ok {
		return made
	}
	// NonZero of ones counts the places; operator sets before 11 have no Range.
	count := c.op("Gather", c.op("Shape", tensor), c.ints(int64(axis)))
	ones := c.op("ConstantOfShape", count)
	c.last().Attribute = []*onnxpb.AttributeProto{{Name: proto.String("value"),
		Type: onnxpb.AttributeProto_TENSOR.Enum(), T: intTensor("", 1)}}
	place := c.transpose(c.op("NonZero", ones), 1, 0) // places × 1
	starts, next := make([]int64, g), make([]int64, g)
	for i := range g {
		starts[i], next[i] = int64(i), int64(i+1)
	}
	from := c.op("Div", c.op("Mul", count, c.ints(starts...)), c.ints(int64(g)))
	to := c.op("Div", c.op("Add", c.op("Mul", count, c.ints(next...)), c.ints(int64(g-1))), c.ints(int64(g)))
	inside := c.op("And", c.op("Not", c.op("Less", place, from)), c.op("Less", place, to)) // places × g
	size := c.cast(c.op("Sub", to, from), onnxpb.TensorProto_FLOAT)
	c.made[key] = c.op("Div", c.cast(inside, onnxpb.TensorProto_FLOAT), size)
	return c.made[key]
}

// binWeights returns the matrix, places × g, that averages places over g cells.
func binWeights(places, g int) []float32 {
	weights := make([]float32, places*g)
	for cell := range g {
		from, to := cell*places/g, ((cell+1)*places+g-1)/g
		for i := from; i < to; i++ {
			weights[i*g+cell] = 1 / float32(to-from)
		}
	}
	return weights
}
