package graph

import "finetune/internal/onnx/onnxpb"

// A visitor is called for the parts of a model, wherever they are: in the graph, in the subgraphs of its nodes, in
// functions. A nil field is skipped. Training information is left out: no cut keeps it.
type visitor struct {
	node   func(*onnxpb.NodeProto)
	tensor func(*onnxpb.TensorProto)       // initializers, attributes, and the values and indices of sparse tensors
	sparse func(*onnxpb.SparseTensorProto) // before its values and indices
}

func (v visitor) model(pb *onnxpb.ModelProto) {
	v.graph(pb.Graph)
	for _, f := range pb.Functions {
		v.nodes(f.Node)
		v.attributes(f.AttributeProto)
	}
}

func (v visitor) graph(g *onnxpb.GraphProto) {
	for _, t := range g.GetInitializer() {
		v.visitTensor(t)
	}
	for _, t := range g.GetSparseInitializer() {
		v.visitSparse(t)
	}
	v.nodes(g.GetNode())
}

func (v visitor) nodes(list []*onnxpb.NodeProto) {
	for _, n := range list {
		if v.node != nil {
			v.node(n)
		}
		v.attributes(n.Attribute)
	}
}

func (v visitor) attributes(list []*onnxpb.AttributeProto) {
	for _, a := range list {
		v.visitTensor(a.T)
		for _, t := range a.Tensors {
			v.visitTensor(t)
		}
		v.visitSparse(a.SparseTensor)
		for _, t := range a.SparseTensors {
			v.visitSparse(t)
		}
		for _, g := range subgraphs(a) {
			v.graph(g)
		}
	}
}

func (v visitor) visitTensor(t *onnxpb.TensorProto) {
	if t != nil && v.tensor != nil {
		v.tensor(t)
	}
}

func (v visitor) visitSparse(t *onnxpb.SparseTensorProto) {
	if t == nil {
		return
	}
	if v.sparse != nil {
		v.sparse(t)
	}
	v.visitTensor(t.Values)
	v.visitTensor(t.Indices)
}

// subgraphs returns the graphs that an attribute holds.
func subgraphs(a *onnxpb.AttributeProto) []*onnxpb.GraphProto {
	if a.G == nil {
		return a.Graphs
	}
	return append([]*onnxpb.GraphProto{a.G}, a.Graphs...)
}

// appendReads appends the tensors that a node reads: its inputs, and what its subgraphs capture from around them.
func appendReads(list []string, n *onnxpb.NodeProto) []string {
	list = append(list, n.Input...)
	for _, a := range n.Attribute {
		for _, g := range subgraphs(a) {
			list = appendCaptures(list, g)
		}
	}
	return list
}

// appendCaptures appends the tensors that a subgraph reads and doesn't define.
func appendCaptures(list []string, g *onnxpb.GraphProto) []string {
	var reads []string
	own := map[string]bool{}
	for _, v := range g.Input {
		own[v.GetName()] = true
	}
	for _, t := range g.Initializer {
		own[t.GetName()] = true
	}
	for _, t := range g.SparseInitializer {
		own[t.GetValues().GetName()] = true
	}
	for _, n := range g.Node {
		reads = appendReads(reads, n)
		for _, out := range n.Output {
			own[out] = true
		}
	}
	for _, v := range g.Output {
		reads = append(reads, v.GetName())
	}
	for _, tensor := range reads {
		if !own[tensor] {
			list = append(list, tensor)
		}
	}
	return list
}
