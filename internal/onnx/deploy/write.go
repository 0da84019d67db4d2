package deploy

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"

	"finetune/internal/onnx/graph"
	"finetune/internal/onnx/onnxpb"
	"finetune/internal/store/atomicfile"

	"google.golang.org/protobuf/proto"
)

const (
	mostInline   = 2_000_000_000 // bytes of a model in one file
	leastOutside = 1 << 10       // bytes of a weight that is moved to the file of data
	page         = 1 << 12       // weights in that file begin at multiples, so that they can be mapped into memory
)

// DataSuffix is appended to the name of a model's file for the name of the file that holds its weights.
const DataSuffix = ".data"

// Write writes a model, from [Build] or cut from a network, to path. Weights that it keeps in other files of the
// folder dir are copied into it. A model that would take more than limit bytes gets a second file for its weights
// beside it, path + [DataSuffix]; a limit of 0 is 2 GB, about the most that ONNX allows for one file. Write returns
// the paths of the files; on an error there are none.
func Write(path string, m *graph.Model, dir string, limit int64) ([]string, error) {
	if limit <= 0 || limit > mostInline {
		limit = mostInline
	}
	m, dir, err := m.Relocate(context.Background(), dir)
	if err != nil {
		return nil, err
	}
	outside, err := m.ExternalWeights(dir)
	if err != nil {
		return nil, err
	}
	size := int64(proto.Size(m.Proto()))
	for _, w := range outside {
		size += w.Length
	}
	if size > limit {
		return writeWithData(path, m, dir, outside)
	}
	if m, err = m.WithExternal(context.Background(), dir); err != nil {
		return nil, err
	}
	return []string{path}, writeModel(path, m)
}

func writeModel(path string, m *graph.Model) error {
	data, err := m.Bytes()
	if err != nil {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error { _, err := w.Write(data); return err })
}

// writeWithData writes the weights to a file of their own, and then the model that refers to it.
func writeWithData(path string, m *graph.Model, dir string, outside []graph.ExternalWeight) ([]string, error) {
	dataPath := path + DataSuffix
	old := m.Proto()
	g := withInitializers(old.Graph, nil)
	data := dataFile{name: filepath.Base(dataPath), dir: dir, outside: map[*onnxpb.TensorProto]graph.ExternalWeight{}}
	for _, w := range outside {
		data.outside[w.Tensor] = w
	}
	err := atomicfile.Write(dataPath, func(w io.Writer) error {
		data.w = w
		for _, t := range old.Graph.Initializer {
			moved, err := data.move(t)
			if err != nil {
				return fmt.Errorf("write weight %q: %w", t.GetName(), err)
			}
			g.Initializer = append(g.Initializer, moved)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	pb := &onnxpb.ModelProto{IrVersion: old.IrVersion, OpsetImport: old.OpsetImport, ProducerName: old.ProducerName,
		Graph: g, Functions: old.Functions, MetadataProps: old.MetadataProps}
	if m, err = graph.FromProto(m.Name(), pb); err == nil {
		err = writeModel(path, m)
	}
	if err != nil {
		os.Remove(dataPath)
		return nil, err
	}
	return []string{path, dataPath}, nil
}

// A dataFile receives the bytes of weights.
type dataFile struct {
	w       io.Writer
	name    string // of the file, for the model
	size    int64
	dir     string // of the weights that stand in files already
	outside map[*onnxpb.TensorProto]graph.ExternalWeight
}

// move writes a weight to the file and returns what refers to it there. A small one is returned as it is.
func (d *dataFile) move(t *onnxpb.TensorProto) (*onnxpb.TensorProto, error) {
	weight, isOutside := d.outside[t]
	if !isOutside && len(t.RawData) < leastOutside {
		return t, nil
	}
	gap := (page - d.size%page) % page
	if _, err := d.w.Write(make([]byte, gap)); err != nil {
		return nil, err
	}
	offset := d.size + gap
	var length int64
	var err error
	if isOutside {
		length, err = d.copy(weight)
	} else {
		var n int
		n, err = d.w.Write(t.RawData)
		length = int64(n)
	}
	d.size = offset + length
	return &onnxpb.TensorProto{
		Name: t.Name, DataType: t.DataType, Dims: t.Dims, DataLocation: onnxpb.TensorProto_EXTERNAL.Enum(),
		ExternalData: []*onnxpb.StringStringEntryProto{
			entry("location", d.name),
			entry("offset", strconv.FormatInt(offset, 10)),
			entry("length", strconv.FormatInt(length, 10)),
		},
	}, err
}

func (d *dataFile) copy(w graph.ExternalWeight) (int64, error) {
	f, err := os.Open(filepath.Join(d.dir, w.File))
	if err != nil {
		return 0, err
	}
	defer f.Close()
	return io.CopyN(d.w, io.NewSectionReader(f, w.Offset, w.Length), w.Length)
}
