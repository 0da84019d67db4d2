package graph

import (
	"fmt"
	"slices"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"

	"google.golang.org/protobuf/proto"
)

// A Model is a parsed ONNX model. It is never changed after Parse, so that several goroutines may read it.
type Model struct {
	name     string // for messages: the file's path
	pb       *onnxpb.ModelProto
	producer map[string]int                 // tensor → index of the node that writes it
	readers  map[string][]int               // tensor → indices of the nodes that read it
	constant map[string]*onnxpb.TensorProto // initialisers and Constant nodes, by tensor
	info     map[string]tensorInfo          // element types and shapes, declared or inferred
	inputs   []Value                        // without initialisers, which old files list as inputs too
	outputs  []Value
	prefixes map[int64]int   // see findPrefixes
	last     map[string]bool // of tensors with four axes: whether the channels are the last one, see findLayouts
	switched int             // nodes that useInference switched
}

// Parse reads a model from the bytes of its file; name identifies it in errors. Weights in other files (external
// data) aren't read. Nodes in training mode are switched to inference. A file that is no ONNX model, declares what
// can't be, or exceeds the limits gives a *invalid.Error.
func Parse(name string, data []byte) (*Model, error) {
	bad := func(found string, err error) error {
		hint := "export the network to ONNX again"
		if f, ok := recognize(data); ok {
			found, err, hint = "is "+f.what, nil, f.hint
		}
		return &invalid.Error{Path: name, Found: found, Err: err, Want: "an ONNX model", Hint: hint}
	}
	if len(data) == 0 {
		return nil, bad("is empty", nil)
	}
	if err := checkParts(data); err != nil {
		return nil, bad("is no readable ONNX model", err)
	}
	pb := new(onnxpb.ModelProto)
	options := proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: maxNesting}
	if err := options.Unmarshal(data, pb); err != nil {
		return nil, bad("is no readable ONNX model", err)
	}
	if len(pb.GetGraph().GetNode()) == 0 {
		return nil, bad("holds no network", nil)
	}
	for _, check := range []func(*onnxpb.ModelProto) error{checkTensors, checkFunctions, sortNodes, hoistConstants} {
		if err := check(pb); err != nil {
			return nil, bad("holds a broken network", err)
		}
	}
	switched, err := useInference(pb)
	if err != nil {
		return nil, &invalid.Error{Path: name, Found: "was exported in training mode", Err: err,
			Want: "a network in inference mode", Hint: evalExport}
	}
	m := fromProto(name, pb)
	m.switched = switched
	if err := m.checkSizes(); err != nil {
		return nil, bad("holds a broken network", err)
	}
	return m, nil
}

// fromProto returns the model of a graph whose nodes are sorted.
func fromProto(name string, pb *onnxpb.ModelProto) *Model {
	m := &Model{name: name, pb: pb}
	m.index()
	m.infer()
	m.findLayouts()
	m.findPrefixes()
	for _, v := range pb.Graph.Input {
		if m.constant[v.GetName()] == nil {
			m.inputs = append(m.inputs, m.value(v.GetName()))
		}
	}
	for _, v := range pb.Graph.Output {
		m.outputs = append(m.outputs, m.value(v.GetName()))
	}
	return m
}

// index fills the maps from tensors to nodes.
func (m *Model) index() {
	g := m.pb.Graph
	m.producer = make(map[string]int, len(g.Node))
	m.readers = make(map[string][]int, len(g.Node))
	m.constant = make(map[string]*onnxpb.TensorProto, len(g.Initializer))
	for _, t := range g.Initializer {
		m.constant[t.GetName()] = t
	}
	for i, n := range g.Node {
		for _, out := range n.Output {
			if out != "" { // an optional output that isn't wanted
				m.producer[out] = i
			}
		}
		for _, in := range n.Input {
			if r := m.readers[in]; len(r) == 0 || r[len(r)-1] != i {
				m.readers[in] = append(r, i)
			}
		}
		if isOp(n, "Constant") && len(n.Output) == 1 {
			if t := constantTensor(n); t != nil {
				m.constant[n.Output[0]] = t
			}
		}
	}
}

// Name returns the name that Parse was given.
func (m *Model) Name() string { return m.name }

// Notes returns sentences about what was changed so that the network can be used.
func (m *Model) Notes() []string {
	if m.switched == 0 {
		return nil
	}
	return []string{fmt.Sprintf("the network was exported in training mode; %d nodes were switched to inference, "+
		"with the running statistics of the file", m.switched)}
}

// Inputs returns what the network must be fed, in the file's order.
func (m *Model) Inputs() []Value { return slices.Clone(m.inputs) }

// Outputs returns what the network computes, in the file's order.
func (m *Model) Outputs() []Value { return slices.Clone(m.outputs) }

// TypeOf returns the type of a tensor's elements, such as "float32"; "" where it isn't known.
func (m *Model) TypeOf(tensor string) string { return elementName(m.info[tensor].elem) }

// ShapeOf returns what is known of a tensor's shape.
func (m *Model) ShapeOf(tensor string) Shape { return m.info[tensor].shape }

// Metadata returns a value of the file's metadata_props, "" where the key is absent.
func (m *Model) Metadata(key string) string {
	for _, p := range m.pb.MetadataProps {
		if p.GetKey() == key {
			return p.GetValue()
		}
	}
	return ""
}

// Bytes returns the model as the bytes of a file. The same model gives the same bytes.
func (m *Model) Bytes() ([]byte, error) {
	if size := proto.Size(m.pb); size > maxBytes {
		return nil, &invalid.Error{Path: m.name, Found: fmt.Sprintf("the network takes %d MB", size>>20),
			Want: fmt.Sprintf("at most %d MB, the limit of the ONNX format for one file", maxBytes>>20)}
	}
	data, err := proto.MarshalOptions{Deterministic: true}.Marshal(m.pb)
	if err != nil {
		return nil, fmt.Errorf("write the network of %s: %w", m.name, err)
	}
	return data, nil
}

// producerOf returns the node that writes a tensor, nil for inputs, initialisers and unknown names.
func (m *Model) producerOf(tensor string) *onnxpb.NodeProto {
	if i, ok := m.producer[tensor]; ok {
		return m.pb.Graph.Node[i]
	}
	return nil
}

// opset returns the version of the default operator set.
func (m *Model) opset() int64 {
	for _, o := range m.pb.OpsetImport {
		if o.GetDomain() == "" || o.GetDomain() == "ai.onnx" {
			return o.GetVersion()
		}
	}
	return 1 // files older than operator sets
}
