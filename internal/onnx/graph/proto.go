package graph

import (
	"fmt"

	"finetune/internal/onnx/onnxpb"
)

// Proto returns the model as a protobuf. It shares its parts with m and with other models: a caller that changes
// something copies that part first.
func (m *Model) Proto() *onnxpb.ModelProto { return m.pb }

// FromProto returns the model of a protobuf that this program made; name stands for it in errors. The caller doesn't
// change pb afterwards. A graph in which a tensor is written twice or that has a cycle is an error. Bytes that came from
// elsewhere go through [Parse].
func FromProto(name string, pb *onnxpb.ModelProto) (*Model, error) {
	for _, check := range []func(*onnxpb.ModelProto) error{checkTensors, checkFunctions, sortNodes} {
		if err := check(pb); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return fromProto(name, pb), nil
}
