package graph

import (
	"fmt"
	"os"
	"path/filepath"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"

	"google.golang.org/protobuf/proto"
)

// Relocate returns the folder in which ONNX Runtime finds the weights that stand in other files, which the model
// keeps beside itself in dir, and the model as it must be for that folder. Where these files are links, as in the
// caches of download tools, it is the folder that they lead to: ONNX Runtime refuses to follow links out of one. A
// file that is missing or too short gives a *invalid.Error. A model without such weights comes back as it is.
func (m *Model) Relocate(dir string) (moved *Model, folder string, err error) {
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
	target := make(map[string]string, len(files)) // of each file, without links
	sizes := make(map[string]int64, len(files))
	for _, name := range files {
		path, err := filepath.EvalSymlinks(filepath.Join(dir, name))
		if err != nil {
			return nil, "", m.noWeights(name, err)
		}
		info, err := os.Stat(path)
		if err != nil {
			return nil, "", m.noWeights(name, err)
		}
		target[name], sizes[name] = path, info.Size()
	}
	folder = dir
	for _, path := range target {
		if _, inside := below(dir, path); !inside {
			folder = filepath.Dir(path)
		}
	}
	moved, err = m.mapExternal(func(t *onnxpb.TensorProto, e externalPart) (*onnxpb.TensorProto, error) {
		location, inside := below(folder, target[e.file])
		if !inside {
			return nil, &invalid.Error{Field: m.name, Found: fmt.Sprintf("its weights are links into several folders, %q among them", e.file),
				Want: "all of them in one folder", Hint: "copy the files that the links lead to beside the network"}
		}
		_, err := m.within(t, e, sizes[e.file])
		return atLocation(t, location), err
	})
	return moved, folder, err
}

// below returns the path of a file as seen from a folder, and whether it stands in it.
func below(folder, file string) (string, bool) {
	rel, err := filepath.Rel(folder, file)
	return filepath.ToSlash(rel), err == nil && filepath.IsLocal(rel)
}

// atLocation returns a tensor whose bytes stand in another file.
func atLocation(t *onnxpb.TensorProto, location string) *onnxpb.TensorProto {
	t = proto.CloneOf(t)
	for _, p := range t.ExternalData {
		if p.GetKey() == "location" {
			p.Value = proto.String(location)
		}
	}
	return t
}
