package precision

import (
	"encoding/binary"
	"math"

	"finetune/internal/onnx/onnxpb"
	"finetune/internal/store/half"

	"google.golang.org/protobuf/proto"
)

// floats returns the elements of a tensor of float32 that is stored in the file itself; not ok for all others. The slice
// may be the tensor's own.
func floats(t *onnxpb.TensorProto) (values []float32, ok bool) {
	count, ok := size(t)
	if !ok || t.GetDataType() != int32(onnxpb.TensorProto_FLOAT) {
		return nil, false
	}
	if len(t.FloatData) > 0 {
		return t.FloatData, int64(len(t.FloatData)) == count
	}
	if int64(len(t.RawData)) != 4*count {
		return nil, false
	}
	values = make([]float32, count)
	for i := range values {
		values[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.RawData[4*i:]))
	}
	return values, true
}

// halves returns the elements of a tensor of float16 as float32.
func halves(t *onnxpb.TensorProto) (values []float32, ok bool) {
	count, ok := size(t)
	if !ok || t.GetDataType() != int32(onnxpb.TensorProto_FLOAT16) {
		return nil, false
	}
	switch {
	case len(t.Int32Data) > 0 && int64(len(t.Int32Data)) == count:
		for _, v := range t.Int32Data {
			values = append(values, half.Float32(uint16(v)))
		}
	case int64(len(t.RawData)) == 2*count:
		values = make([]float32, count)
		for i := range values {
			values[i] = half.Float32(binary.LittleEndian.Uint16(t.RawData[2*i:]))
		}
	default:
		return nil, false
	}
	return values, true
}

// size returns the number of elements that a tensor in the file itself says it has.
func size(t *onnxpb.TensorProto) (int64, bool) {
	if t == nil || t.GetDataLocation() == onnxpb.TensorProto_EXTERNAL {
		return 0, false
	}
	const most = 1 << 40 // products stay far from overflowing
	count := int64(1)
	for _, d := range t.Dims {
		if d < 0 || d > 0 && count > most/d {
			return 0, false
		}
		count *= d
	}
	return count, true
}

// floatTensor makes a constant of float32.
func floatTensor(name string, values []float32, dims ...int64) *onnxpb.TensorProto {
	raw := make([]byte, 0, 4*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(v))
	}
	return tensorOf(name, onnxpb.TensorProto_FLOAT, raw, dims)
}

func tensorOf(name string, kind onnxpb.TensorProto_DataType, raw []byte, dims []int64) *onnxpb.TensorProto {
	return &onnxpb.TensorProto{Name: proto.String(name), DataType: proto.Int32(int32(kind)), Dims: dims, RawData: raw}
}

// add adds a constant to the graph.
func (n *Network) add(t *onnxpb.TensorProto) string {
	n.pb.Graph.Initializer = append(n.pb.Graph.Initializer, t)
	n.constant[t.GetName()] = t
	return t.GetName()
}
