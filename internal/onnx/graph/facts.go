package graph

import (
	"math"
	"strings"
)

// Facts are properties of a model's file.
type Facts struct {
	Producer   string         `json:"producer,omitempty"`
	IRVersion  int64          `json:"ir_version"`
	Opset      int64          `json:"opset"`
	Nodes      int            `json:"nodes"`
	Operators  map[string]int `json:"operators"`  // how often each is used; with the domain where it isn't ONNX's own
	Parameters int64          `json:"parameters"` // numbers in the weights
}

// Facts returns properties of the model's file.
func (m *Model) Facts() Facts {
	f := Facts{
		Producer:  strings.TrimSpace(m.pb.GetProducerName() + " " + m.pb.GetProducerVersion()),
		IRVersion: m.pb.GetIrVersion(),
		Opset:     m.opset(),
		Nodes:     len(m.pb.Graph.Node),
		Operators: map[string]int{},
	}
	for _, n := range m.pb.Graph.Node {
		op := n.GetOpType()
		if d := n.GetDomain(); d != "" && d != "ai.onnx" {
			op = d + "." + op
		}
		f.Operators[op]++
	}
	for _, t := range m.pb.Graph.Initializer {
		count := int64(1)
		for _, d := range t.Dims {
			if d < 0 || (d > 0 && count > math.MaxInt32*1024/d) {
				count = 0 // an impossible shape
				break
			}
			count *= d
		}
		f.Parameters += count
	}
	return f
}
