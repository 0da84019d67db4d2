package graph

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"
)

// ExternalFiles returns the files, relative to the model's folder, in which weights stand, sorted. A file that
// leads out of the folder gives a *invalid.Error.
func (m *Model) ExternalFiles() ([]string, error) {
	var files []string
	for _, t := range m.pb.Graph.Initializer {
		if t.GetDataLocation() != onnxpb.TensorProto_EXTERNAL {
			continue
		}
		e, err := m.external(t)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(files, e.file) {
			files = append(files, e.file)
		}
	}
	slices.Sort(files)
	return files, nil
}

// WithExternal returns the model with the weights of other files read from the folder dir into it, so that its
// bytes stand alone. Only weights of this graph are read: cut first.
func (m *Model) WithExternal(dir string) (*Model, error) {
	files, err := m.ExternalFiles()
	if err != nil || len(files) == 0 {
		return m, err
	}
	open := map[string]*os.File{}
	for _, name := range files {
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return nil, m.noWeights(name, err)
		}
		defer f.Close()
		open[name] = f
	}
	total := int64(0)
	return m.mapExternal(func(t *onnxpb.TensorProto, e externalPart) (*onnxpb.TensorProto, error) {
		return m.readExternal(t, e, open[e.file], &total)
	})
}

// mapExternal returns the model with each weight that stands in another file replaced.
func (m *Model) mapExternal(replace func(*onnxpb.TensorProto, externalPart) (*onnxpb.TensorProto, error)) (*Model, error) {
	old := m.pb.Graph
	graph := &onnxpb.GraphProto{
		Name: old.Name, Node: old.Node, Input: old.Input, Output: old.Output,
		ValueInfo: old.ValueInfo, SparseInitializer: old.SparseInitializer,
	}
	for _, t := range old.Initializer {
		if t.GetDataLocation() == onnxpb.TensorProto_EXTERNAL {
			e, err := m.external(t)
			if err != nil {
				return nil, err
			}
			if t, err = replace(t, e); err != nil {
				return nil, err
			}
		}
		graph.Initializer = append(graph.Initializer, t)
	}
	pb := &onnxpb.ModelProto{
		IrVersion: m.pb.IrVersion, OpsetImport: m.pb.OpsetImport, ProducerName: m.pb.ProducerName,
		Graph: graph, Functions: m.pb.Functions, MetadataProps: m.pb.MetadataProps,
	}
	return fromProto(m.name, pb)
}

func (m *Model) noWeights(name string, err error) error {
	return &invalid.Error{Field: m.name, Found: fmt.Sprintf("its weights in %q can't be read", name), Err: err,
		Hint: "put that file beside it, under the name that it was exported with"}
}

// externalPart is where the bytes of one tensor stand.
type externalPart struct {
	file           string
	offset, length int64 // length -1: to the end of the file
}

func (m *Model) external(t *onnxpb.TensorProto) (externalPart, error) {
	e := externalPart{length: -1}
	bad := func(found string) error {
		return &invalid.Error{Field: m.name, Found: fmt.Sprintf("weight %q %s", t.GetName(), found),
			Want: "a file in the model's own folder, with offset and length"}
	}
	for _, p := range t.ExternalData {
		var err error
		switch p.GetKey() {
		case "location":
			e.file = p.GetValue()
		case "offset":
			e.offset, err = strconv.ParseInt(p.GetValue(), 10, 64)
		case "length":
			e.length, err = strconv.ParseInt(p.GetValue(), 10, 64)
			if e.length < 0 {
				return e, bad("has a negative length")
			}
		}
		if err != nil || e.offset < 0 {
			return e, bad(fmt.Sprintf("has %s %q", p.GetKey(), p.GetValue()))
		}
	}
	if !filepath.IsLocal(e.file) {
		return e, bad(fmt.Sprintf("stands in %q", e.file))
	}
	return e, nil
}

// within refuses a weight that its file, of the given size, doesn't hold in full, and returns its length.
func (m *Model) within(t *onnxpb.TensorProto, e externalPart, size int64) (int64, error) {
	if e.length < 0 {
		e.length = size - e.offset
	}
	if e.length < 0 || e.offset > size-e.length {
		return 0, &invalid.Error{Field: m.name, Found: fmt.Sprintf("%q ends before weight %q does", e.file, t.GetName()),
			Want: fmt.Sprintf("at least %d bytes", e.offset+max(e.length, 0)), Hint: "copy that file again, it is cut off"}
	}
	return e.length, nil
}

func (m *Model) readExternal(t *onnxpb.TensorProto, e externalPart, f *os.File, total *int64) (*onnxpb.TensorProto, error) {
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("read the weights of %s: %w", m.name, err)
	}
	length, err := m.within(t, e, info.Size())
	if err != nil {
		return nil, err
	}
	if *total += length; *total > maxBytes {
		return nil, &invalid.Error{Field: m.name, Found: "its weights take over 2 GB", Want: "at most 2 GB up to the tap"}
	}
	raw := make([]byte, length)
	if _, err := io.ReadFull(io.NewSectionReader(f, e.offset, length), raw); err != nil {
		return nil, fmt.Errorf("read the weights of %s: %w", m.name, err)
	}
	return &onnxpb.TensorProto{Name: t.Name, DataType: t.DataType, Dims: t.Dims, RawData: raw}, nil
}
