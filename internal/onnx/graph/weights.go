package graph

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"finetune/internal/onnx/onnxpb"
	"finetune/internal/store/userfile"
	"finetune/invalid"

	"google.golang.org/protobuf/proto"
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

// WithExternal returns a copy of the model with the external data of the folder dir read into it, so that its bytes are
// complete.
func (m *Model) WithExternal(ctx context.Context, dir string) (*Model, error) {
	pb, total := proto.CloneOf(m.pb), int64(0)
	err := eachExternal(pb, func(t *onnxpb.TensorProto) error {
		e, err := m.external(t)
		if err != nil {
			return err
		}
		data, err := m.readExternal(ctx, dir, t, e)
		if total += int64(len(data)); err == nil && total > maxBytes {
			err = &invalid.Error{Path: m.name, Found: "its weights take over 2 GB", Want: "at most 2 GB up to the tap"}
		}
		t.RawData, t.DataLocation, t.ExternalData = data, nil, nil
		return err
	})
	if err != nil {
		return nil, err
	}
	return fromProto(m.name, pb), nil
}

func (m *Model) readExternal(ctx context.Context, dir string, t *onnxpb.TensorProto, e externalPart) ([]byte, error) {
	f, err := m.OpenExternal(ctx, dir, e.file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the weights of %s: %w", m.name, err)
	}
	length, err := m.within(t, e, info.Size())
	if err != nil {
		return nil, err
	}
	if length > maxBytes {
		return nil, &invalid.Error{Path: m.name, Found: fmt.Sprintf("weight %q takes %d bytes", t.GetName(), length),
			Want: "at most 2 GB"}
	}
	data := make([]byte, length)
	if _, err := io.ReadFull(userfile.Reader(ctx, io.NewSectionReader(f, e.offset, length)), data); err != nil {
		return nil, fmt.Errorf("read the weights of %s: %w", m.name, err)
	}
	return data, nil
}
