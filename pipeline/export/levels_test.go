package export

import (
	"image"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"finetune/internal/onnx/deploy"
	"finetune/internal/onnx/graph"
	"finetune/internal/onnx/onnxpb"
	"finetune/internal/ort/verify"
	"finetune/preprocess"

	"google.golang.org/protobuf/proto"
)

// pixels is a network whose features are its input, in the order of the tensor.
func pixels(t *testing.T, opset int64, spec preprocess.Spec) *deploy.Network {
	t.Helper()
	value := func(name string, dims ...int) *onnxpb.ValueInfoProto {
		shape := &onnxpb.TensorShapeProto{Dim: []*onnxpb.TensorShapeProto_Dimension{{}}}
		for _, d := range dims {
			size := &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: int64(d)}
			shape.Dim = append(shape.Dim, &onnxpb.TensorShapeProto_Dimension{Value: size})
		}
		typ := &onnxpb.TypeProto_TensorType{TensorType: &onnxpb.TypeProto_Tensor{}}
		typ.TensorType.ElemType, typ.TensorType.Shape = proto.Int32(int32(onnxpb.TensorProto_FLOAT)), shape
		return &onnxpb.ValueInfoProto{Name: proto.String(name), Type: &onnxpb.TypeProto{Value: typ}}
	}
	flatten := &onnxpb.NodeProto{OpType: proto.String("Flatten"), Input: []string{"class"}, Output: []string{"logits"}}
	m, err := graph.FromProto("pixels.onnx", &onnxpb.ModelProto{
		IrVersion:   proto.Int64(4),
		OpsetImport: []*onnxpb.OperatorSetIdProto{{Domain: proto.String(""), Version: proto.Int64(opset)}},
		Graph: &onnxpb.GraphProto{
			Name:   proto.String("pixels"),
			Node:   []*onnxpb.NodeProto{flatten},
			Input:  []*onnxpb.ValueInfoProto{value("class", 3, spec.Height, spec.Width)},
			Output: []*onnxpb.ValueInfoProto{value("logits", 3*spec.Height*spec.Width)},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	f, err := m.FindFeature("logits", nil)
	if err != nil {
		t.Fatal(err)
	}
	return &deploy.Network{Model: m, Feature: f}
}

// levelsModel writes a model whose logits are the levels of the crop, in the tensor's order.
func levelsModel(t *testing.T, opset int64, spec preprocess.Spec) *verify.Model {
	t.Helper()
	n := 3 * spec.Height * spec.Width
	identity := deploy.Dense{In: n, Out: n, Weight: make([]float32, n*n), Bias: make([]float32, n)}
	for i := range n {
		identity.Weight[i*n+i] = 1
	}
	spec.Scale, spec.Mean, spec.Std = 1, [3]float64{}, [3]float64{1, 1, 1}
	m, err := deploy.Build("levels", deploy.Design{
		Network: pixels(t, opset, spec), Input: deploy.Image, Preprocessing: spec,
		Head: deploy.Head{Layers: []deploy.Dense{identity}, Rule: deploy.Softmax, Decision: deploy.Argmax},
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "levels.onnx")
	if _, err := deploy.Write(t.Context(), path, m, "", 0); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

// The crops must be those of package preprocess, which are Pillow's, level by level: for every golden picture, both
// kernels, crops and squashed pictures, in operator sets with and without Range.
func TestLevels(t *testing.T) {
	list := decoded(t)
	for _, size := range []image.Point{{640, 480}, {31, 1900}, {1900, 31}, {24, 24}, {27, 40}, {2, 3}} {
		list = append(list, noise(size.X, size.Y))
	}
	r := rand.New(rand.NewPCG(3, 1))
	for range 60 {
		list = append(list, noise(1+r.IntN(150), 1+r.IntN(150)))
	}
	for _, opset := range []int64{9, 11, 13, 21} {
		for _, text := range []string{
			"size=24x24 crop-pct=0.875 resize=shorter interpolation=bilinear",
			"size=20x28 crop-pct=0.9 resize=shorter interpolation=bicubic",
			"size=24x16 crop-pct=1 resize=squash interpolation=bilinear",
			"size=25x25 crop-pct=1 resize=squash interpolation=bicubic",
		} {
			spec, err := preprocess.Parse(text + " channel-order=rgb scale=1 mean=0,0,0 std=1,1,1")
			if err != nil {
				t.Fatal(err)
			}
			model := levelsModel(t, opset, spec)
			tr, err := preprocess.NewTransformer(spec, preprocess.NCHW)
			if err != nil {
				t.Fatal(err)
			}
			want := make([]float32, tr.Len())
			for i, img := range list {
				if opset != 13 && i%9 != 0 {
					continue
				}
				if err := tr.TensorOf(want, img); err != nil {
					t.Fatal(err)
				}
				a, err := model.Images(t.Context(), colours(img.Pix), 1, img.Rect.Dy(), img.Rect.Dx())
				if err != nil {
					t.Fatal(err)
				}
				if !slices.Equal(a.Logits, want) {
					t.Errorf("opset %d, %s: another crop of picture %d, %v", opset, text, i, img.Rect)
				}
			}
		}
	}
}

// noise is a picture in which each level is likely.
func noise(width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	r := rand.New(rand.NewPCG(uint64(width), uint64(height)))
	for i := range img.Pix {
		img.Pix[i] = uint8(r.Uint32())
	}
	return img
}

// colours drops alpha.
func colours(pix []uint8) []uint8 {
	var out []uint8
	for p := range slices.Chunk(pix, 4) {
		out = append(out, p[:3]...)
	}
	return out
}
