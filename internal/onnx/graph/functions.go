package graph

import (
	"fmt"

	"finetune/internal/onnx/onnxpb"
)

// A functionName identifies a function of a model as ONNX does.
type functionName struct{ domain, name, overload string }

func newFunctionName(domain, name, overload string) functionName {
	if domain == "ai.onnx" {
		domain = ""
	}
	return functionName{domain, name, overload}
}

// functions measures what the calls of functions expand to: ONNX Runtime replaces every call by the function's nodes.
type functions struct {
	byName map[functionName]*onnxpb.FunctionProto
	nodes  map[functionName]int // of those measured, with what they call; -1 while they are measured
}

// checkFunctions refuses functions that call themselves, directly or through others, and calls that expand to more
// nodes than a file may have parts.
func checkFunctions(pb *onnxpb.ModelProto) error {
	f := functions{byName: map[functionName]*onnxpb.FunctionProto{}, nodes: map[functionName]int{}}
	for _, p := range pb.Functions {
		name := newFunctionName(p.GetDomain(), p.GetName(), p.GetOverload())
		if f.byName[name] != nil {
			return fmt.Errorf("function %q is defined twice", name.name)
		}
		f.byName[name] = p
	}
	for _, p := range pb.Functions { // not in the order of the map: the error is always the same
		name := newFunctionName(p.GetDomain(), p.GetName(), p.GetOverload())
		if _, err := f.measure(name, p, maxNesting); err != nil {
			return err
		}
	}
	_, err := f.count(pb.Graph, maxNesting)
	return err
}

func (f functions) measure(name functionName, p *onnxpb.FunctionProto, depth int) (int, error) {
	if n, ok := f.nodes[name]; ok && n >= 0 {
		return n, nil
	} else if ok {
		return 0, fmt.Errorf("function %q calls itself", name.name)
	}
	if depth == 0 {
		return 0, fmt.Errorf("function %q is nested too deep", name.name)
	}
	f.nodes[name] = -1
	n, err := f.count(&onnxpb.GraphProto{Node: p.Node}, depth-1)
	f.nodes[name] = n
	return n, err
}

// count returns how many nodes a graph has once its calls are expanded.
func (f functions) count(g *onnxpb.GraphProto, depth int) (total int, err error) {
	visitor{node: func(n *onnxpb.NodeProto) {
		if err != nil {
			return
		}
		total++
		name := newFunctionName(n.GetDomain(), n.GetOpType(), n.GetOverload())
		if p := f.byName[name]; p != nil {
			var inner int
			inner, err = f.measure(name, p, depth)
			total += inner
		}
		if total > maxParts && err == nil {
			err = fmt.Errorf("its functions expand to more than %d nodes", maxParts)
		}
	}}.graph(g)
	return total, err
}
