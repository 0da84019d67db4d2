package graph

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	"finetune/internal/onnx/onnxpb"

	"google.golang.org/protobuf/proto"
)

// Part returns the part of the network that a feature needs as a network of its own. Unlike the result of Cut it has the
// same input and the same names, and its outputs are the taps, so that the feature can be found in it by its text, and
// with it the maps before pooling. Weights are shared with m. metadata becomes the file's metadata_props. The feature is
// that of the part: its text differs only where m was switched to inference.
func (m *Model) Part(f Feature, metadata map[string]string) (*Model, Feature, error) {
	if f.Width == 0 {
		return nil, Feature{}, fmt.Errorf("cut the network of %s: the shape of %s isn't known", m.name, f.Text)
	}
	c := newCutter(m, f.tensors())
	g := c.keep()
	if _, err := c.input(); err != nil {
		return nil, Feature{}, err
	}
	for i, n := range g.Node {
		g.Node[i] = bare(n)
	}
	for _, t := range f.Taps {
		out := tensorValue(t.Tensor.Name, t.Tensor.Shape)
		out.Type.GetTensorType().ElemType = proto.Int32(int32(m.info[t.Tensor.Name].elem))
		g.Output = append(g.Output, out)
	}
	g.ValueInfo = slices.DeleteFunc(g.ValueInfo, func(v *onnxpb.ValueInfoProto) bool {
		return slices.Contains(f.tensors(), v.GetName())
	})
	pb := c.model(g)
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		pb.MetadataProps = append(pb.MetadataProps,
			&onnxpb.StringStringEntryProto{Key: proto.String(key), Value: proto.String(metadata[key])})
	}
	part, err := FromProto(m.name, pb)
	if err != nil {
		return nil, Feature{}, fmt.Errorf("cut the network of %w", err)
	}
	found, err := part.FindFeature(f.Text, nil)
	if err != nil {
		return nil, Feature{}, err
	}
	if !reflect.DeepEqual(found.Blocks(), f.Blocks()) {
		return nil, Feature{}, fmt.Errorf("cut the network of %s: its part has another feature %s", m.name, found.Text)
	}
	return part, found, nil
}

// bare returns a node without what exporters note for people, which may take more room than the node.
func bare(n *onnxpb.NodeProto) *onnxpb.NodeProto {
	return &onnxpb.NodeProto{
		Name: n.Name, OpType: n.OpType, Domain: n.Domain, Overload: n.Overload,
		Input: n.Input, Output: n.Output, Attribute: n.Attribute,
	}
}
