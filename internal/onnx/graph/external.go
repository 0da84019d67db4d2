package graph

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"finetune/internal/onnx/onnxpb"
	"finetune/internal/store/userfile"
	"finetune/invalid"

	"google.golang.org/protobuf/proto"
)

// ExternalFiles returns the files, relative to the model's folder, that hold weights (external data), sorted. A file
// outside of the folder gives a *invalid.Error.
func (m *Model) ExternalFiles() ([]string, error) {
	var files []string
	err := eachExternal(m.pb, func(t *onnxpb.TensorProto) error {
		e, err := m.external(t)
		if err == nil && !slices.Contains(files, e.file) {
			files = append(files, e.file)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	return files, nil
}

// OpenExternal opens one of ExternalFiles in the model's folder.
func (m *Model) OpenExternal(ctx context.Context, dir, file string) (*os.File, error) {
	f, err := userfile.Open(ctx, filepath.Join(dir, file), math.MaxInt64)
	if invalid.Is(err) {
		return nil, m.noWeights(file, err)
	}
	return f, err
}

// eachExternal calls f for each tensor that is stored in another file, until f fails.
func eachExternal(pb *onnxpb.ModelProto, f func(*onnxpb.TensorProto) error) (err error) {
	visitor{tensor: func(t *onnxpb.TensorProto) {
		if err == nil && t.GetDataLocation() == onnxpb.TensorProto_EXTERNAL {
			err = f(t)
		}
	}}.model(pb)
	return err
}

// hoistConstants turns the Constant nodes of the graph that have external data into initializers, as ONNX Runtime does.
func hoistConstants(pb *onnxpb.ModelProto) error {
	g := pb.Graph
	g.Node = slices.DeleteFunc(g.Node, func(n *onnxpb.NodeProto) bool {
		if !isOp(n, "Constant") || len(n.Output) != 1 {
			return false
		}
		t := constantTensor(n)
		if t.GetDataLocation() != onnxpb.TensorProto_EXTERNAL {
			return false
		}
		t.Name = proto.String(n.Output[0])
		g.Initializer = append(g.Initializer, t)
		return true
	})
	return nil
}

func (m *Model) noWeights(file string, err error) error {
	return &invalid.Error{Path: m.name, Found: fmt.Sprintf("its weights in %q can't be read", file), Err: err,
		Hint: "put that file beside it, under the name that it was exported with"}
}

// externalPart is where the bytes of one tensor are stored.
type externalPart struct {
	file           string
	offset, length int64 // length -1: to the end of the file
}

// memoryTag marks tensors that ONNX Runtime reads from an address in memory. No file may contain one.
const memoryTag = "_ORT_MEM_ADDR_"

func (m *Model) external(t *onnxpb.TensorProto) (externalPart, error) {
	e := externalPart{length: -1}
	bad := func(found string) error {
		return &invalid.Error{Path: m.name, Found: fmt.Sprintf("weight %q %s", t.GetName(), found),
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
	if !filepath.IsLocal(e.file) || strings.Contains(e.file, memoryTag) {
		return e, bad(fmt.Sprintf("is stored in %q", e.file))
	}
	return e, nil
}

// within refuses a weight that its file, of the given size, doesn't hold in full, and returns its length.
func (m *Model) within(t *onnxpb.TensorProto, e externalPart, size int64) (int64, error) {
	length := e.length
	if length < 0 {
		length = size - e.offset
	}
	if length < 0 || e.offset > size-length {
		return 0, &invalid.Error{Path: m.name, Found: fmt.Sprintf("%q ends before weight %q does", e.file, t.GetName()),
			Want: fmt.Sprintf("at least %d bytes", e.offset+max(length, 0)),
			Hint: "copy that file again, it is cut off"}
	}
	return length, nil
}

// setLocation makes a tensor refer to another file.
func setLocation(t *onnxpb.TensorProto, location string) {
	for _, p := range t.ExternalData {
		if p.GetKey() == "location" {
			p.Value = proto.String(location)
		}
	}
}
