package graph

import (
	"fmt"
	"slices"

	"finetune/internal/onnx/onnxpb"

	"google.golang.org/protobuf/proto"
)

// levelsOpset is the oldest operator set in which Add broadcasts.
const levelsOpset = 7

// TakesLevels reports whether [Model.WithLevels] can be had.
func (m *Model) TakesLevels() bool { return m.opset() >= levelsOpset }

// WithLevels returns the result of Cut with another input: bytes from 0 to 255 in place of the float32 of the same shape. table
// has what each of them becomes in each channel. The nodes in between look the numbers up, so that they are the table's own bits
// on every device. in is what Cut returned; the weights are shared with m.
func (m *Model) WithLevels(in ImageInput, table *[3][256]float32) (*Model, error) {
	g := m.pb.Graph
	if len(g.Input) != 1 || !m.TakesLevels() {
		return nil, fmt.Errorf("%s: %d inputs, operator set %d; bytes need one input and set %d", m.name, len(g.Input), m.opset(), levelsOpset)
	}
	c := newCutter(m, nil)
	old := g.Input[0]
	levels, numbers, offsets, index, values := c.unused("levels"), c.unused("levels.numbers"), c.unused("levels.offsets"), c.unused("levels.index"), c.unused("levels.table")
	input := proto.CloneOf(old)
	input.Name = proto.String(levels)
	input.Type.GetTensorType().ElemType = proto.Int32(int32(onnxpb.TensorProto_UINT8))

	shape := []int64{1, 3, 1, 1}
	if in.Layout == NHWC {
		shape = []int64{1, 1, 1, 3}
	}
	head := []*onnxpb.NodeProto{
		castNode(levels, numbers, onnxpb.TensorProto_INT32),
		{OpType: proto.String("Add"), Input: []string{numbers, offsets}, Output: []string{index}},
		{OpType: proto.String("Gather"), Input: []string{values, index}, Output: []string{old.GetName()},
			Attribute: []*onnxpb.AttributeProto{intAttr("axis", 0)}},
	}
	rows := make([]float32, 0, 3*256)
	for _, row := range table {
		rows = append(rows, row[:]...)
	}
	changed := &onnxpb.GraphProto{Name: g.Name, Node: append(head, g.Node...), Input: []*onnxpb.ValueInfoProto{input}, Output: g.Output,
		ValueInfo: g.ValueInfo, SparseInitializer: g.SparseInitializer,
		Initializer: append(slices.Clone(g.Initializer), floatTensor(values, rows, len(rows)),
			&onnxpb.TensorProto{Name: proto.String(offsets), DataType: proto.Int32(int32(onnxpb.TensorProto_INT32)),
				Dims: shape, Int32Data: []int32{0, 256, 512}})}
	return fromProto(m.name, c.model(changed)), nil
}
