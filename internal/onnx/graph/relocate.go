package graph

import (
	"context"
	"fmt"
	"path/filepath"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"

	"google.golang.org/protobuf/proto"
)

// Relocate returns the folder in which ONNX Runtime finds the model's external data, and the model as it must be for
// that folder. dir is the folder of the model's file. Where the files are links, as in the caches of download tools,
// it is the folder that they lead to: ONNX Runtime refuses to follow links out of one. A file that is missing or too
// short gives a *invalid.Error. A model without external data is returned as it is.
func (m *Model) Relocate(ctx context.Context, dir string) (moved *Model, folder string, err error) {
	files, err := m.ExternalFiles()
	if err != nil || len(files) == 0 {
		return m, dir, err
	}
	if dir, err = filepath.Abs(dir); err == nil {
		dir, err = filepath.EvalSymlinks(dir)
	}
	if err != nil {
		return nil, "", fmt.Errorf("find the weights of %s: %w", m.name, err)
	}
	targets := make(map[string]target, len(files))
	folder = dir
	for _, name := range files {
		t, err := m.resolve(ctx, dir, name)
		if err != nil {
			return nil, "", err
		}
		targets[name] = t
		if _, inside := below(dir, t.path); !inside {
			folder = filepath.Dir(t.path)
		}
	}
	moved, err = m.moved(folder, targets)
	return moved, folder, err
}

// A target is where a file of external data is, without links.
type target struct {
	path string
	size int64
}

func (m *Model) resolve(ctx context.Context, dir, name string) (target, error) {
	f, err := m.OpenExternal(ctx, dir, name)
	if err != nil {
		return target{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return target{}, fmt.Errorf("read the weights of %s: %w", m.name, err)
	}
	path, err := filepath.EvalSymlinks(filepath.Join(dir, name))
	if err != nil {
		return target{}, m.noWeights(name, err)
	}
	return target{path, info.Size()}, nil
}

// moved returns a copy of the model in which all locations are relative to folder.
func (m *Model) moved(folder string, targets map[string]target) (*Model, error) {
	pb := proto.CloneOf(m.pb)
	err := eachExternal(pb, func(t *onnxpb.TensorProto) error {
		e, err := m.external(t)
		if err != nil {
			return err
		}
		location, inside := below(folder, targets[e.file].path)
		if !inside {
			return &invalid.Error{Path: m.name,
				Found: fmt.Sprintf("its weights are links into several folders, %q among them", e.file),
				Want:  "all of them in one folder", Hint: "copy the files that the links lead to beside the network"}
		}
		setLocation(t, location)
		_, err = m.within(t, e, targets[e.file].size)
		return err
	})
	if err != nil {
		return nil, err
	}
	return fromProto(m.name, pb), nil
}

// below returns the path of a file relative to a folder, and whether the file is in it.
func below(folder, file string) (string, bool) {
	rel, err := filepath.Rel(folder, file)
	return filepath.ToSlash(rel), err == nil && filepath.IsLocal(rel)
}
