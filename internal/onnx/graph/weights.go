package graph

import (
	"os"
	"path/filepath"

	"finetune/internal/onnx/onnxpb"
)

// An ExternalWeight is a weight whose bytes stand in another file.
type ExternalWeight struct {
	Tensor         *onnxpb.TensorProto
	File           string // relative to the model's folder
	Offset, Length int64
}

// ExternalWeights returns the weights that stand in other files of the folder dir, in the file's order. A file that
// is missing or too short gives an *invalid.Error.
func (m *Model) ExternalWeights(dir string) ([]ExternalWeight, error) {
	var list []ExternalWeight
	for _, t := range m.pb.Graph.Initializer {
		if t.GetDataLocation() != onnxpb.TensorProto_EXTERNAL {
			continue
		}
		e, err := m.external(t)
		if err != nil {
			return nil, err
		}
		info, err := os.Stat(filepath.Join(dir, e.file))
		if err != nil {
			return nil, m.noWeights(e.file, err)
		}
		length, err := m.within(t, e, info.Size())
		if err != nil {
			return nil, err
		}
		list = append(list, ExternalWeight{Tensor: t, File: e.file, Offset: e.offset, Length: length})
	}
	return list, nil
}
