package precision

import (
	"fmt"
	"slices"

	"finetune/internal/onnx/graph"
	"finetune/internal/onnx/onnxpb"

	"google.golang.org/protobuf/proto"
)

// A Network is a network of float32 that is prepared for being rewritten: constants that are computed from others are
// computed, and each BatchNormalization after a convolution is part of it.
type Network struct {
	name     string
	pb       *onnxpb.ModelProto // its graph's lists and changed nodes are the Network's own, all else is shared
	writer   map[string]*onnxpb.NodeProto
	readers  map[string][]*onnxpb.NodeProto // nodes that read a tensor, once for each
	constant map[string]*onnxpb.TensorProto
	outputs  map[string]bool // tensors that the graph returns
	taken    map[string]bool // all names of tensors
	units    []*unit
}

// New prepares a network. m isn't changed.
func New(m *graph.Model) (*Network, error) {
	old := m.Proto()
	g := old.Graph
	n := &Network{name: m.Name(), pb: &onnxpb.ModelProto{
		IrVersion: old.IrVersion, OpsetImport: slices.Clone(old.OpsetImport), ProducerName: proto.String("finetune"),
		Functions: old.Functions, MetadataProps: slices.Clone(old.MetadataProps),
		Graph: &onnxpb.GraphProto{Name: g.Name, Node: slices.Clone(g.Node), Initializer: slices.Clone(g.Initializer),
			SparseInitializer: g.SparseInitializer, Input: slices.Clone(g.Input), Output: slices.Clone(g.Output),
			ValueInfo: slices.Clone(g.ValueInfo)},
	}}
	n.index()
	n.foldConstants()
	n.index()
	n.foldBatchNorms()
	n.index()
	n.dropUnused()
	n.index()
	if len(n.pb.Graph.Node) == 0 {
		return nil, fmt.Errorf("%s: its outputs don't depend on a node", n.name)
	}
	typed, err := n.Float()
	if err == nil {
		n.findUnits(typed)
	}
	return n, err
}

// Float returns the prepared network, which computes what the given one does but for rounding.
func (n *Network) Float() (*graph.Model, error) { return graph.FromProto(n.name, n.pb) }

// index fills the maps from tensors to what makes and reads them.
func (n *Network) index() {
	g := n.pb.Graph
	n.writer = make(map[string]*onnxpb.NodeProto, len(g.Node))
	n.readers = make(map[string][]*onnxpb.NodeProto, len(g.Node))
	n.constant = make(map[string]*onnxpb.TensorProto, len(g.Initializer))
	n.outputs, n.taken = map[string]bool{}, map[string]bool{}
	for _, v := range g.Input {
		n.taken[v.GetName()] = true
	}
	for _, t := range g.Initializer {
		n.constant[t.GetName()] = t
		n.taken[t.GetName()] = true
	}
	for _, t := range g.SparseInitializer {
		n.taken[t.GetValues().GetName()] = true
	}
	for _, v := range g.Output {
		n.outputs[v.GetName()] = true
		n.taken[v.GetName()] = true
	}
	for _, node := range g.Node {
		for _, out := range node.Output {
			n.writer[out] = node
			n.taken[out] = true
		}
		for _, in := range graph.Reads(node) {
			n.taken[in] = true
			if r := n.readers[in]; len(r) == 0 || r[len(r)-1] != node {
				n.readers[in] = append(r, node)
			}
		}
		if graph.IsOp(node, "Constant") && len(node.Output) == 1 && len(node.Attribute) == 1 &&
			node.Attribute[0].GetName() == "value" && node.Attribute[0].T != nil {
			n.constant[node.Output[0]] = node.Attribute[0].T
		}
	}
	delete(n.writer, "")
}

// unused returns a name for a new tensor, starting with stem, and takes it.
func (n *Network) unused(stem string) string { return unused(n.taken, stem) }

func unused(taken map[string]bool, stem string) string {
	name := stem
	for i := 1; taken[name]; i++ {
		name = fmt.Sprintf("%s_%d", stem, i)
	}
	taken[name] = true
	return name
}

// alone returns the only reader of a tensor that nothing else needs, nil where there isn't one.
func (n *Network) alone(tensor string) *onnxpb.NodeProto {
	if r := n.readers[tensor]; len(r) == 1 && !n.outputs[tensor] {
		return r[0]
	}
	return nil
}

// dropUnused removes nodes whose outputs nothing reads, and constants likewise.
func (n *Network) dropUnused() {
	g := n.pb.Graph
	needed := map[string]bool{}
	for name := range n.outputs {
		needed[name] = true
	}
	kept := make([]*onnxpb.NodeProto, 0, len(g.Node))
	for _, node := range slices.Backward(g.Node) { // sorted: readers come after what they read
		if !slices.ContainsFunc(node.Output, func(out string) bool { return out != "" && needed[out] }) {
			continue
		}
		kept = append(kept, node)
		for _, in := range graph.Reads(node) {
			needed[in] = true
		}
	}
	slices.Reverse(kept)
	g.Node = kept
	g.Initializer = slices.DeleteFunc(g.Initializer, func(t *onnxpb.TensorProto) bool { return !needed[t.GetName()] })
	g.ValueInfo = slices.DeleteFunc(g.ValueInfo, func(v *onnxpb.ValueInfoProto) bool { return !needed[v.GetName()] })
}

// opset returns the version of the default operator set.
func (n *Network) opset() int64 {
	for _, o := range n.pb.OpsetImport {
		if o.GetDomain() == "" || o.GetDomain() == "ai.onnx" {
			return o.GetVersion()
		}
	}
	return 1
}

// input returns the name of a node's i-th input, "" where it is left out.
func input(node *onnxpb.NodeProto, i int) string {
	if i < len(node.GetInput()) {
		return node.Input[i]
	}
	return ""
}

// attribute returns an attribute, nil where it is left out.
func attribute(node *onnxpb.NodeProto, name string) *onnxpb.AttributeProto {
	for _, a := range node.Attribute {
		if a.GetName() == name {
			return a
		}
	}
	return nil
}
