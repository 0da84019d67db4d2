package graph

import "finetune/internal/onnx/onnxpb"

// Proto returns the model as a protobuf. It shares its parts with m and with other models: a caller that changes
// something copies that part first.
func (m *Model) Proto() *onnxpb.ModelProto { return m.pb }

// FromProto returns the model of a protobuf that this program made; name stands for it in errors. The caller doesn't
// change pb afterwards. A graph in which a tensor is written twice is an error. Bytes that came from elsewhere go
// through [Parse].
func FromProto(name string, pb *onnxpb.ModelProto) (*Model, error) { return fromProto(name, pb) }
