package deploy

import (
	"slices"
	"strings"

	"finetune/internal/onnx/onnxpb"

	"google.golang.org/protobuf/proto"
)

// taken are the names that a model's inputs and outputs have.
var taken = []string{
	string(Tensor), string(Image), string(Features), "logits", "probabilities", "class", "expected", "low", "high",
}

// separate returns a model in which no tensor and no node has a name that this package gives: those that would are
// renamed. What needs no change is shared with pb.
func separate(pb *onnxpb.ModelProto) *onnxpb.ModelProto {
	out := &onnxpb.ModelProto{IrVersion: pb.IrVersion, OpsetImport: pb.OpsetImport, Functions: pb.Functions}
	if out.Graph = renameGraph(pb.Graph); out.Graph == pb.Graph {
		out.Graph = withInitializers(pb.Graph, pb.Graph.Initializer)
	}
	return out
}

// withInitializers returns a graph of its own with other weights. All else is shared.
func withInitializers(g *onnxpb.GraphProto, weights []*onnxpb.TensorProto) *onnxpb.GraphProto {
	return &onnxpb.GraphProto{
		Name: g.Name, Node: g.Node, Initializer: weights, SparseInitializer: g.SparseInitializer,
		Input: g.Input, Output: g.Output, ValueInfo: g.ValueInfo,
	}
}

// renamed is the name that a tensor or node of the network has in the model. It is another one for another name,
// whatever the network's names are.
func renamed(name string) string {
	if slices.Contains(taken, name) || strings.HasPrefix(name, prefix) || strings.HasPrefix(name, "backbone/") {
		return "backbone/" + name
	}
	return name
}

func clash(name *string) bool { return name != nil && renamed(*name) != *name }

// renameGraph returns g itself where nothing has to be renamed.
func renameGraph(g *onnxpb.GraphProto) *onnxpb.GraphProto {
	out := proto.CloneOf(&onnxpb.GraphProto{Name: g.Name})
	changed := false
	for _, n := range g.Node {
		m := renameNode(n)
		changed = changed || m != n
		out.Node = append(out.Node, m)
	}
	for _, t := range g.Initializer {
		if clash(t.Name) {
			t = renameTensor(t)
			changed = true
		}
		out.Initializer = append(out.Initializer, t)
	}
	for _, t := range g.SparseInitializer {
		if clash(t.GetValues().Name) {
			t = &onnxpb.SparseTensorProto{Values: renameTensor(t.Values), Indices: t.Indices, Dims: t.Dims}
			changed = true
		}
		out.SparseInitializer = append(out.SparseInitializer, t)
	}
	for _, list := range []struct{ from, to *[]*onnxpb.ValueInfoProto }{
		{&g.Input, &out.Input}, {&g.Output, &out.Output}, {&g.ValueInfo, &out.ValueInfo},
	} {
		for _, v := range *list.from {
			if clash(v.Name) {
				v = &onnxpb.ValueInfoProto{Name: proto.String(renamed(v.GetName())), Type: v.Type}
				changed = true
			}
			*list.to = append(*list.to, v)
		}
	}
	if !changed {
		return g
	}
	return out
}

// renameTensor copies all of a tensor but its numbers, which the two share.
func renameTensor(t *onnxpb.TensorProto) *onnxpb.TensorProto {
	return &onnxpb.TensorProto{
		Name: proto.String(renamed(t.GetName())), Dims: t.Dims, DataType: t.DataType, Segment: t.Segment,
		FloatData: t.FloatData, Int32Data: t.Int32Data, StringData: t.StringData, Int64Data: t.Int64Data,
		DoubleData: t.DoubleData, Uint64Data: t.Uint64Data, RawData: t.RawData,
		ExternalData: t.ExternalData, DataLocation: t.DataLocation,
	}
}

// renameNode returns n itself where nothing has to be renamed.
func renameNode(n *onnxpb.NodeProto) *onnxpb.NodeProto {
	out := &onnxpb.NodeProto{
		Name: n.Name, OpType: n.OpType, Domain: n.Domain, Overload: n.Overload,
		Input: slices.Clone(n.Input), Output: slices.Clone(n.Output),
	}
	changed := false
	if clash(n.Name) {
		out.Name, changed = proto.String(renamed(n.GetName())), true
	}
	for _, names := range [][]string{out.Input, out.Output} {
		for i, name := range names {
			names[i] = renamed(name)
			changed = changed || names[i] != name
		}
	}
	for _, a := range n.Attribute {
		if a.G != nil || a.Graphs != nil {
			inner := &onnxpb.AttributeProto{Name: a.Name, Type: a.Type}
			if a.G != nil {
				inner.G = renameGraph(a.G)
				changed = changed || inner.G != a.G
			}
			for _, g := range a.Graphs {
				r := renameGraph(g)
				changed = changed || r != g
				inner.Graphs = append(inner.Graphs, r)
			}
			a = inner
		}
		out.Attribute = append(out.Attribute, a)
	}
	if !changed {
		return n
	}
	return out
}
