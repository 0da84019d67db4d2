package precision

import (
	"finetune/internal/onnx/onnxpb"
)

// Tensors returns the names of all tensors that [Network.Int8] may round, in the order of the graph.
func (n *Network) Tensors() (names []string) {
	seen := map[string]bool{}
	for _, u := range n.units {
		for _, t := range append(u.inputs[:len(u.inputs):len(u.inputs)], u.out) {
			if !seen[t] {
				seen[t] = true
				names = append(names, t)
			}
		}
	}
	return names
}

// copy returns the model with a graph whose lists may be changed.
func (n *Network) copy() *onnxpb.ModelProto {
	pb, g := n.pb, n.pb.Graph
	return &onnxpb.ModelProto{IrVersion: pb.IrVersion, OpsetImport: pb.OpsetImport, ProducerName: pb.ProducerName,
		Functions: pb.Functions, MetadataProps: pb.MetadataProps,
		Graph: &onnxpb.GraphProto{Name: g.Name, Node: append([]*onnxpb.NodeProto(nil), g.Node...),
			Initializer: append([]*onnxpb.TensorProto(nil), g.Initializer...), SparseInitializer: g.SparseInitializer,
			Input: g.Input, Output: g.Output, ValueInfo: g.ValueInfo}}
}
