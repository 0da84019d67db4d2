package env

import (
	"errors"
	"fmt"
	"math"

	ort "github.com/yalue/onnxruntime_go"
	"google.golang.org/protobuf/proto"

	"finetune/internal/onnx/onnxpb"
)

// Check runs a network of one node, a softmax of two numbers, and compares the answer with the known one: a
// library that loads may still lack what a processor needs. Open must have succeeded before.
func Check() error { return check(nil) }

// CheckOn is Check on a device: one that a library can use in principle may still be missing from this machine. Its errors
// are those of [Use].
func CheckOn(device string, settings map[string]string) (err error) {
	options, err := ort.NewSessionOptions()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, options.Destroy()) }()
	if err := options.SetLogSeverityLevel(ort.LoggingLevelFatal); err != nil {
		return err
	}
	if err := Use(options, device, settings); err != nil {
		return err
	}
	if err := quietly(func() error { return check(options) }); err != nil {
		return unusable(device, err)
	}
	return nil
}

func check(options *ort.SessionOptions) (err error) {
	model, err := softmaxModel()
	if err != nil {
		return err
	}
	session, err := ort.NewDynamicAdvancedSessionWithONNXData(model, []string{"x"}, []string{"y"}, options)
	if err != nil {
		return fmt.Errorf("open a network of one node: %w", err)
	}
	defer func() { err = errors.Join(err, session.Destroy()) }()
	x, err := ort.NewTensor(ort.NewShape(1, 2), []float32{0, math.Ln2})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, x.Destroy()) }()
	y, err := ort.NewEmptyTensor[float32](ort.NewShape(1, 2))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, y.Destroy()) }()
	if err := session.Run([]ort.Value{x}, []ort.Value{y}); err != nil {
		return fmt.Errorf("run a network of one node: %w", err)
	}
	for i, want := range []float32{1. / 3, 2. / 3} {
		if got := y.GetData()[i]; math.Abs(float64(got-want)) > 1e-6 {
			return fmt.Errorf("softmax(0, ln 2) gave %v, not (1/3, 2/3)", y.GetData())
		}
	}
	return nil
}

// softmaxModel is y = softmax(x) for one row of two numbers, in the oldest format of the operator's present
// meaning.
func softmaxModel() ([]byte, error) {
	row := &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{TensorType: &onnxpb.TypeProto_Tensor{
		ElemType: proto.Int32(int32(onnxpb.TensorProto_FLOAT)),
		Shape: &onnxpb.TensorShapeProto{Dim: []*onnxpb.TensorShapeProto_Dimension{
			{Value: &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: 1}},
			{Value: &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: 2}},
		}},
	}}}
	return proto.Marshal(&onnxpb.ModelProto{
		IrVersion:   proto.Int64(7),
		OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: proto.Int64(13)}},
		Graph: &onnxpb.GraphProto{
			Name:   proto.String("check"),
			Node:   []*onnxpb.NodeProto{{OpType: proto.String("Softmax"), Input: []string{"x"}, Output: []string{"y"}}},
			Input:  []*onnxpb.ValueInfoProto{{Name: proto.String("x"), Type: row}},
			Output: []*onnxpb.ValueInfoProto{{Name: proto.String("y"), Type: row}},
		},
	})
}
