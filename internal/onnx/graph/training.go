package graph

import (
	"errors"
	"fmt"
	"slices"

	"finetune/internal/onnx/onnxpb"
)

// Networks that were exported in training mode normalise an image by the statistics of its batch and drop features at
// random. As long as the running statistics are in the file, the same network can run in inference mode.

// evalExport is the hint for networks that can't be switched to inference.
const evalExport = `export it in inference mode, in PyTorch: torch.onnx.export(model.eval(), images, "network.onnx")`

// inferenceMark ends the text of a feature whose network was switched to inference, so that features which were
// computed in training mode aren't taken for it.
const inferenceMark = " mode=inference"

// useInference switches BatchNormalization and Dropout nodes from training to inference and returns how many it
// switched. Nodes whose statistics aren't stored, or are read by others, give an error. A node that sees weights only
// stays as it is: networks that standardise their weights (NFNet) are exported that way.
func useInference(pb *onnxpb.ModelProto) (switched int, err error) {
	g := pb.Graph
	constant := map[string]*onnxpb.TensorProto{}
	for _, t := range g.Initializer {
		constant[t.GetName()] = t
	}
	for _, n := range g.Node {
		if isOp(n, "Constant") && len(n.Output) == 1 {
			constant[n.Output[0]] = constantTensor(n)
		}
	}
	dropped := map[string]bool{} // outputs that only training has
	depends := imageTensors(g, constant)
	for _, n := range g.Node {
		switch {
		case !depends[input(n, 0)]:
		case trainsBatchNorm(n):
			if len(n.Input) != 5 || depends[n.Input[3]] || depends[n.Input[4]] {
				return 0, fmt.Errorf("BatchNormalization %s is in training mode, and its "+
					"running statistics aren't stored", nodeName(n))
			}
			for _, out := range n.Output[1:] {
				dropped[out] = true
			}
			n.Output = n.Output[:1]
			n.Attribute = slices.DeleteFunc(n.Attribute,
				func(a *onnxpb.AttributeProto) bool { return a.GetName() == "training_mode" })
			switched++
		case isOp(n, "Dropout") && input(n, 2) != "" && !isFalse(constant[input(n, 2)]):
			n.Input = n.Input[:2]
			switched++
		}
	}
	if err := dropOutputs(g, dropped); err != nil {
		return 0, err
	}
	inner := visitor{node: func(n *onnxpb.NodeProto) {
		if trainsBatchNorm(n) {
			err = errors.New("BatchNormalization of a function or a subgraph is in training mode")
		}
	}}
	for _, n := range g.Node {
		inner.attributes(n.Attribute)
	}
	for _, f := range pb.Functions {
		inner.nodes(f.Node)
	}
	return switched, err
}

// imageTensors returns the tensors that depend on what the network is fed.
func imageTensors(g *onnxpb.GraphProto, constant map[string]*onnxpb.TensorProto) map[string]bool {
	depends := map[string]bool{}
	for _, v := range g.Input {
		depends[v.GetName()] = constant[v.GetName()] == nil
	}
	var reads []string
	for _, n := range g.Node {
		reads = appendReads(reads[:0], n)
		if slices.ContainsFunc(reads, func(tensor string) bool { return depends[tensor] }) {
			for _, out := range n.Output {
				depends[out] = true
			}
		}
	}
	return depends
}

// trainsBatchNorm reports whether a node normalises by the statistics of its batch. Before operator set 14 only the
// additional outputs tell.
func trainsBatchNorm(n *onnxpb.NodeProto) bool {
	return isOp(n, "BatchNormalization") && len(n.Output) > 0 &&
		(intAttribute(n, "training_mode", 0) != 0 || len(n.Output) > 1)
}

// isFalse reports whether a constant is the boolean false.
func isFalse(t *onnxpb.TensorProto) bool {
	return t != nil && !slices.ContainsFunc(t.RawData, func(b byte) bool { return b != 0 }) &&
		!slices.ContainsFunc(t.Int32Data, func(v int32) bool { return v != 0 })
}

// dropOutputs removes tensors from the outputs of the graph; those that nodes read can't be dropped.
func dropOutputs(g *onnxpb.GraphProto, dropped map[string]bool) error {
	delete(dropped, "")
	if len(dropped) == 0 {
		return nil
	}
	var reads []string
	for _, n := range g.Node {
		reads = appendReads(reads[:0], n)
		if i := slices.IndexFunc(reads, func(tensor string) bool { return dropped[tensor] }); i >= 0 {
			return fmt.Errorf("node %s reads %q, a statistic of BatchNormalization in training mode",
				nodeName(n), reads[i])
		}
	}
	g.Output = slices.DeleteFunc(g.Output, func(v *onnxpb.ValueInfoProto) bool { return dropped[v.GetName()] })
	return nil
}
