package precision

import (
	"encoding/binary"
	"fmt"
	"maps"
	"math"
	"slices"

	"finetune/internal/onnx/graph"
	"finetune/internal/onnx/onnxpb"

	"google.golang.org/protobuf/proto"
)

// A Range is what the numbers of a tensor are rounded to: 256 of them, evenly from Low to High. What lies outside becomes
// Low or High.
type Range struct{ Low, High float32 }

// Int8 returns the network with integers of eight bits where it has ranges for all that a node reads and writes, and the
// node isn't among those that stay float, which are named by their outputs. Weights are symmetric signed integers with
// a scale for each output channel, activations unsigned integers with one scale and a zero point, sums and biases have 32
// bits. The form is that of the ONNX standard: QuantizeLinear and DequantizeLinear around nodes of floating point, which
// ONNX Runtime replaces by nodes of integers. Tensors that the network returns keep their names and are float32.
//
// It also returns how many convolutions compute with integers.
func (n *Network) Int8(ranges map[string]Range, float map[string]bool) (m *graph.Model, kernels int, err error) {
	w := &int8Writer{Network: n, ranges: ranges, levels: map[string]level{}, unit: map[*onnxpb.NodeProto]*unit{},
		dropped: map[*onnxpb.NodeProto]bool{}, rounded: map[string]string{}}
	w.choose(float)
	pb := n.copy()
	w.pb = pb
	pb.Graph.Node = nil
	if err := w.raiseOpset(); err != nil {
		return nil, 0, err
	}
	if n.opset() < 13 { // a scale for each channel, in the operators of ONNX Runtime that have it in all sets
		w.domain = "com.microsoft"
		pb.OpsetImport = append(pb.OpsetImport[:len(pb.OpsetImport):len(pb.OpsetImport)],
			&onnxpb.OperatorSetIdProto{Domain: proto.String(w.domain), Version: proto.Int64(1)})
	}
	w.taken = maps.Clone(n.taken)
	convs := map[*onnxpb.NodeProto]bool{}
	for _, u := range n.units {
		convs[u.node] = u.kernel != nil
	}
	for _, v := range pb.Graph.Input {
		w.roundCopy(v.GetName())
	}
	for _, node := range n.pb.Graph.Node {
		switch u := w.unit[node]; {
		case w.dropped[node]:
		case u != nil:
			w.write(u)
		case convs[node]:
			w.append(w.guarded(node))
			w.roundCopy(node.Output[0])
		default:
			w.append(node)
			for _, out := range node.Output {
				w.roundCopy(out)
			}
		}
	}
	for _, u := range n.units {
		if w.unit[u.node] != nil && u.kernel != nil {
			kernels++
		}
	}
	if _, err = graph.FromProto(n.name, pb); err != nil {
		return nil, 0, err
	}
	// The weights of floating point that nothing reads any more. FromProto sorted the nodes.
	done := &Network{name: n.name, pb: pb}
	done.index()
	done.dropUnused()
	m, err = graph.FromProto(n.name, pb)
	return m, kernels, err
}

// changedIn10 are the operators whose meaning changed with operator set 10.
var changedIn10 = []string{"Slice", "TopK", "Upsample"}

// raiseOpset raises older operator sets to 10, the first with convolutions of integers. Networks of images that use none of
// the few operators that changed stay the same.
func (w *int8Writer) raiseOpset() error {
	opset := w.opset()
	if opset >= 10 {
		return nil
	}
	for _, node := range w.Network.pb.Graph.Node {
		if opset < 7 || graph.IsOp(node, changedIn10...) {
			return fmt.Errorf("operator set %d", opset)
		}
	}
	for i, o := range w.pb.OpsetImport {
		if o.GetDomain() == "" || o.GetDomain() == "ai.onnx" {
			w.pb.OpsetImport = slices.Clone(w.pb.OpsetImport)
			w.pb.OpsetImport[i] = &onnxpb.OperatorSetIdProto{Domain: o.Domain, Version: proto.Int64(10)}
		}
	}
	return nil
}

// A level says which number an integer stands for: scale · (integer − zero).
type level struct {
	scale float32
	zero  uint8
}

// leastScale keeps products of scales away from the numbers that lose digits.
const leastScale = 1e-12

// levelOf returns the level of a range, which is widened to contain 0.
func levelOf(r Range) (level, bool) {
	low, high := min(float64(r.Low), 0), max(float64(r.High), 0)
	if !(high-low <= math.MaxFloat32) { // false for NaN
		return level{}, false
	}
	if high == low {
		return level{scale: 1}, true
	}
	scale := max((high-low)/255, leastScale)
	return level{float32(scale), uint8(min(255, math.RoundToEven(-low/scale)))}, true
}

// An int8Writer writes the graph of a network of integers.
type int8Writer struct {
	*Network
	pb      *onnxpb.ModelProto
	domain  string // of QuantizeLinear and DequantizeLinear
	taken   map[string]bool
	ranges  map[string]Range
	levels  map[string]level // of tensors that are rounded
	unit    map[*onnxpb.NodeProto]*unit
	dropped map[*onnxpb.NodeProto]bool // activations that are parts of units
	rounded map[string]string          // tensors of floating point → their rounded copies
}

// choose decides which units compute with integers.
func (w *int8Writer) choose(float map[string]bool) {
	own := map[*onnxpb.NodeProto]bool{}
	for _, u := range w.units {
		own[u.node] = true
	}
	written := map[string]bool{} // tensors that a unit of integers writes
	for _, u := range w.units {
		if float[u.out] {
			continue
		}
		if u.follows() && !(allIn(written, u.inputs) && w.readByUnit(u.out, own)) {
			continue
		}
		if !w.setLevels(u) {
			continue
		}
		w.unit[u.node], written[u.out] = u, true
		if u.activation != nil {
			w.dropped[u.activation] = true
		}
	}
}

func allIn(set map[string]bool, tensors []string) bool {
	for _, t := range tensors {
		if !set[t] {
			return false
		}
	}
	return true
}

// readByUnit reports whether a unit reads a tensor.
func (w *int8Writer) readByUnit(tensor string, own map[*onnxpb.NodeProto]bool) bool {
	for _, r := range w.readers[tensor] {
		if own[r] {
			return true
		}
	}
	return false
}

// setLevels fixes the levels of what a unit reads and writes; not ok where a range isn't known.
func (w *int8Writer) setLevels(u *unit) bool {
	found := map[string]level{}
	for _, t := range u.inputs {
		if _, ok := w.levels[t]; ok {
			continue
		}
		r, ok := w.ranges[t]
		if !ok {
			return false
		}
		if found[t], ok = levelOf(r); !ok {
			return false
		}
	}
	if u.keepsScale() {
		found[u.out] = w.levels[u.inputs[0]]
	} else {
		r, ok := w.ranges[u.out]
		if !ok {
			return false
		}
		r.Low, r.High = max(r.Low, float32(u.low)), min(r.High, float32(u.high))
		if found[u.out], ok = levelOf(r); !ok {
			return false
		}
	}
	for t, l := range found {
		w.levels[t] = l
	}
	return true
}

// write appends a unit of integers and the rounding of its result, which all others read.
func (w *int8Writer) write(u *unit) {
	raw := w.unused(u.out + ".raw")
	node := &onnxpb.NodeProto{Name: u.node.Name, OpType: u.node.OpType, Domain: u.node.Domain,
		Attribute: u.node.Attribute, Input: append([]string(nil), u.node.Input...), Output: []string{raw}}
	for i, in := range node.Input {
		if copy := w.rounded[in]; copy != "" {
			node.Input[i] = copy
		}
	}
	if u.kernel != nil {
		node.Input = append(node.Input[:1:1], w.kernelOf(u)...)
	}
	w.append(node)
	w.round(raw, u.out, w.levels[u.out])
}

// guarded appends a convolution that stays in floating point and returns a node that writes its output unchanged. Without
// it ONNX Runtime rounds the weights of a convolution between rounded tensors; after fusion it costs nothing.
func (w *int8Writer) guarded(conv *onnxpb.NodeProto) *onnxpb.NodeProto {
	raw := w.unused(conv.Output[0] + ".raw")
	w.append(&onnxpb.NodeProto{Name: conv.Name, OpType: conv.OpType, Domain: conv.Domain, Attribute: conv.Attribute,
		Input: conv.Input, Output: []string{raw}})
	return &onnxpb.NodeProto{OpType: proto.String("LeakyRelu"), Input: []string{raw}, Output: conv.Output,
		Attribute: []*onnxpb.AttributeProto{{Name: proto.String("alpha"), Type: onnxpb.AttributeProto_FLOAT.Enum(), F: proto.Float32(1)}}}
}

// roundCopy appends the rounding of a tensor of floating point that units read; others read it as it is.
func (w *int8Writer) roundCopy(tensor string) {
	l, ok := w.levels[tensor]
	if !ok || w.rounded[tensor] != "" {
		return
	}
	w.rounded[tensor] = w.unused(tensor + ".rounded")
	w.round(tensor, w.rounded[tensor], l)
}

// round appends the pair of nodes that rounds a tensor.
func (w *int8Writer) round(from, to string, l level) {
	scale := w.constantOf(floatTensor(w.unused(to+".scale"), []float32{l.scale}))
	zero := w.constantOf(tensorOf(w.unused(to+".zero"), onnxpb.TensorProto_UINT8, []byte{l.zero}, nil))
	bytes := w.unused(to + ".bytes")
	w.append(w.linear("QuantizeLinear", bytes, from, scale, zero))
	w.append(w.linear("DequantizeLinear", to, bytes, scale, zero))
}

// kernelOf appends the rounded weights and bias of a unit and returns the tensors to read them from.
func (w *int8Writer) kernelOf(u *unit) []string {
	k := u.kernel
	in := w.levels[u.inputs[0]].scale
	scales, weights, bias := k.round(in)
	channels := int64(k.channels)
	scale := w.constantOf(floatTensor(w.unused(u.out+".weight.scale"), scales, channels))
	zero := w.constantOf(tensorOf(w.unused(u.out+".weight.zero"), onnxpb.TensorProto_INT8, make([]byte, channels), []int64{channels}))
	bytes := w.constantOf(tensorOf(w.unused(u.out+".weight.bytes"), onnxpb.TensorProto_INT8, weights, k.dims))
	tensors := []string{w.unused(u.out + ".weight")}
	w.append(w.channelwise(tensors[0], bytes, scale, zero))
	if k.bias == nil {
		return tensors
	}
	for c := range scales {
		scales[c] *= in
	}
	scale = w.constantOf(floatTensor(w.unused(u.out+".bias.scale"), scales, channels))
	zero = w.constantOf(tensorOf(w.unused(u.out+".bias.zero"), onnxpb.TensorProto_INT32, make([]byte, 4*channels), []int64{channels}))
	bytes = w.constantOf(tensorOf(w.unused(u.out+".bias.bytes"), onnxpb.TensorProto_INT32, bias, []int64{channels}))
	tensors = append(tensors, w.unused(u.out+".bias"))
	w.append(w.channelwise(tensors[1], bytes, scale, zero))
	return tensors
}

// mostWeight is the largest rounded weight; −128 isn't used, so that signs are alike.
const mostWeight = 127

// round returns the weights as bytes with the scale of each channel, and the bias in units of in times that scale, as
// bytes of 32-bit numbers.
func (k *kernel) round(in float32) (scales []float32, weights, bias []byte) {
	scales, weights = make([]float32, k.channels), make([]byte, len(k.weight))
	for c := range k.channels {
		row := k.weight[c*k.each:][:k.each]
		largest := 0.0
		for _, v := range row {
			largest = max(largest, math.Abs(float64(v)))
		}
		scale := max(largest/mostWeight, leastScale)
		if k.bias != nil { // it must fit
			scale = max(scale, math.Abs(float64(k.bias[c]))/float64(in)/(1<<30))
		}
		scales[c] = float32(scale)
		for i, v := range row {
			q := math.RoundToEven(float64(v) / float64(scales[c]))
			weights[c*k.each+i] = byte(int8(max(-mostWeight, min(mostWeight, q))))
		}
		if k.bias != nil {
			q := math.RoundToEven(float64(k.bias[c]) / float64(scales[c]*in))
			q = max(math.MinInt32, min(math.MaxInt32, q))
			bias = binary.LittleEndian.AppendUint32(bias, uint32(int32(q)))
		}
	}
	return scales, weights, bias
}

func (w *int8Writer) linear(op, out string, inputs ...string) *onnxpb.NodeProto {
	node := &onnxpb.NodeProto{OpType: proto.String(op), Input: inputs, Output: []string{out}}
	if w.domain != "" {
		node.Domain = proto.String(w.domain)
	}
	return node
}

// channelwise is a DequantizeLinear with a scale for each part along the first axis.
func (w *int8Writer) channelwise(out, bytes, scale, zero string) *onnxpb.NodeProto {
	node := w.linear("DequantizeLinear", out, bytes, scale, zero)
	node.Attribute = []*onnxpb.AttributeProto{{Name: proto.String("axis"), Type: onnxpb.AttributeProto_INT.Enum(), I: proto.Int64(0)}}
	return node
}

func (w *int8Writer) append(node *onnxpb.NodeProto) {
	w.pb.Graph.Node = append(w.pb.Graph.Node, node)
}

func (w *int8Writer) constantOf(t *onnxpb.TensorProto) string {
	w.pb.Graph.Initializer = append(w.pb.Graph.Initializer, t)
	return t.GetName()
}

func (w *int8Writer) unused(stem string) string { return unused(w.taken, stem) }
