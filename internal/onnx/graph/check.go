package graph

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"
)

// Checks of what a file declares, made before native code sees any of it: ONNX Runtime ends the process on recursive
// functions and on indices outside a sparse tensor, and allocates what a shape asks for.

const (
	// maxInput bounds the elements of an input buffer, its batch included: 1 GB as float32.
	maxInput = 1 << 28
	// maxTensor bounds the elements of a tensor that is computed for one image.
	maxTensor = 1 << 30
	// maxSparse bounds the elements of a sparse tensor once it is dense, which is how ONNX Runtime stores it.
	maxSparse = 1 << 26
	// maxRow bounds the numbers of one row of features.
	maxRow = 1 << 22
)

// checkTensors refuses tensors with shapes that can't be and sparse tensors with places outside their shape.
func checkTensors(pb *onnxpb.ModelProto) (err error) {
	visitor{
		tensor: func(t *onnxpb.TensorProto) {
			if _, ok := elementCount(t.Dims, math.MaxInt64); !ok && err == nil {
				err = fmt.Errorf("tensor %q has the impossible shape %v", t.GetName(), t.Dims)
			}
		},
		sparse: func(t *onnxpb.SparseTensorProto) {
			if bad := checkSparse(t); bad != nil && err == nil {
				err = fmt.Errorf("sparse tensor %q: %w", t.GetValues().GetName(), bad)
			}
		},
	}.model(pb)
	return err
}

// elementCount returns the number of elements of a shape; not ok is a negative size or more than limit.
func elementCount(dims []int64, limit int64) (count int64, ok bool) {
	count = 1
	for _, d := range dims {
		if d < 0 || d > 0 && count > limit/d {
			return 0, false
		}
		count *= d
	}
	return count, true
}

// checkSparse checks a sparse tensor's indices: one for each value into the flattened tensor, or one for each value
// and axis.
func checkSparse(t *onnxpb.SparseTensorProto) error {
	size, ok := elementCount(t.Dims, maxSparse)
	if !ok {
		return fmt.Errorf("the shape %v has more than %d elements", t.Dims, maxSparse)
	}
	values, places := t.GetValues(), t.GetIndices()
	indices, ok := int64s(places)
	if !ok || len(values.GetDims()) != 1 {
		return errors.New("its values or indices can't be read")
	}
	count, rank := values.Dims[0], int64(len(t.Dims))
	bounds := []int64{size}
	switch {
	case len(places.Dims) == 1 && places.Dims[0] == count && int64(len(indices)) == count:
	case len(places.Dims) == 2 && places.Dims[0] == count && places.Dims[1] == rank &&
		int64(len(indices)) == count*rank:
		bounds = t.Dims
	default:
		return fmt.Errorf("%d indices of shape %v for %d values", len(indices), places.Dims, count)
	}
	for i, index := range indices {
		if index < 0 || index >= bounds[i%len(bounds)] {
			return fmt.Errorf("index %d lies outside the shape %v", index, t.Dims)
		}
	}
	return nil
}

// int64s returns the elements of an INT64 tensor that are stored in the file itself.
func int64s(t *onnxpb.TensorProto) ([]int64, bool) {
	if t.GetDataType() != int32(onnxpb.TensorProto_INT64) || t.GetDataLocation() == onnxpb.TensorProto_EXTERNAL ||
		len(t.RawData)%8 != 0 {
		return nil, false
	}
	list := t.Int64Data
	for raw := t.RawData; len(raw) > 0; raw = raw[8:] {
		list = append(list, int64(binary.LittleEndian.Uint64(raw)))
	}
	return list, true
}

// checkSizes refuses inputs and computed tensors with more elements than any image network needs. Open dimensions
// count as 1.
func (m *Model) checkSizes() error {
	for _, v := range m.inputs {
		if !smallerThan(v.Shape, maxInput) {
			return fmt.Errorf("input %q has the shape %s, more than %d elements", v.Name, v.Shape, maxInput)
		}
	}
	for _, n := range m.pb.Graph.Node {
		for _, out := range n.Output {
			if s := m.info[out].shape; !smallerThan(s, maxTensor) {
				return fmt.Errorf("tensor %q has the shape %s, more than %d elements", out, s, maxTensor)
			}
		}
	}
	return nil
}

// checkRows refuses a fixed batch whose features need a larger buffer than any input may.
func (m *Model) checkRows(f Feature, in ImageInput) error {
	if in.Batch > 0 && f.Width > maxInput/in.Batch {
		return &invalid.Error{Path: m.name, Found: fmt.Sprintf("%d images of %d features at once", in.Batch, f.Width),
			Want: fmt.Sprintf("at most %d numbers", maxInput), Hint: "export the network with an open batch"}
	}
	return nil
}

func smallerThan(s Shape, limit int64) bool {
	count := int64(1)
	for _, d := range s {
		if d.Size > 0 && count > limit/d.Size {
			return false
		}
		count *= max(d.Size, 1)
	}
	return true
}
