package graph

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/proto"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"
)

// An ExternalWeight is a weight whose bytes stand in another file.
type ExternalWeight struct {
	Tensor         *onnxpb.TensorProto
	File           string // relative to the model's folder
	Offset, Length int64
}

// ExternalWeights returns the weights that stand in other files of the folder dir, in the order of the model. A file that
// is missing or too short gives an *invalid.Error.
func (m *Model) ExternalWeights(dir string) ([]ExternalWeight, error) {
	var list []ExternalWeight
	err := eachExternal(m.pb, func(t *onnxpb.TensorProto) error {
		e, err := m.external(t)
		if err != nil {
			return err
		}
		info, err := os.Stat(filepath.Join(dir, e.file))
		if err != nil {
			return m.noWeights(e.file, err)
		}
		length, err := m.within(t, e, info.Size())
		list = append(list, ExternalWeight{Tensor: t, File: e.file, Offset: e.offset, Length: length})
		return err
	})
	return list, err
}

// WithExternal returns the model with the weights of other files of the folder dir read into it, so that its bytes stand
// alone. All of them together must be below 2 GB.
func (m *Model) WithExternal(ctx context.Context, dir string) (*Model, error) {
	list, err := m.ExternalWeights(dir)
	if err != nil || len(list) == 0 {
		return m, err
	}
	var total int64
	for _, w := range list {
		if total += w.Length; total > maxBytes {
			return nil, &invalid.Error{Path: m.name, Found: "its weights take over 2 GB", Want: "at most 2 GB up to the tap"}
		}
	}
	pb := proto.CloneOf(m.pb)
	next := 0
	err = eachExternal(pb, func(t *onnxpb.TensorProto) error {
		w := list[next]
		next++
		f, err := m.OpenExternal(ctx, dir, w.File)
		if err != nil {
			return err
		}
		defer f.Close()
		data := make([]byte, w.Length)
		if _, err := io.ReadFull(io.NewSectionReader(f, w.Offset, w.Length), data); err != nil {
			return fmt.Errorf("read the weights of %s: %w", m.name, err)
		}
		t.RawData, t.DataLocation, t.ExternalData = data, nil, nil
		return nil
	})
	if err != nil {
		return nil, err
	}
	return FromProto(m.name, pb)
}
