package graph

import (
	"reflect"
	"strings"
	"testing"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"
)

const body = "in x 1 N,3,8,8\nweight w0 16,3,3,3\nc = Conv x w0\nr = Relu c\nweight w 5,16\nweight b 5\n"

const pooledBody = body + "p = GlobalAveragePool r\nf = Flatten p\n"

func TestFindTap(t *testing.T) {
	const pooled = pooledBody
	for _, c := range []struct {
		name, graph string
		tap, layer  string
		width       int
		pool        []int
		through     string
	}{
		{"Gemm", pooled + "y = Gemm f w b {name: 'transB' i: 1}\nout y", "f", "Gemm", 16, nil, ""},
		{"Gemm behind dropout and before softmax",
			pooled + "d = Dropout f\nz = Gemm d w b {name: 'transB' i: 1}\ny = Softmax z\nout y",
			"f", "Gemm", 16, nil, "Softmax"},
		{"MatMul and Add", pooled + "weight m 16,5\nz = MatMul f m\ny = Add b z\nout y", "f", "MatMul", 16, nil, ""},
		{"normalisation of the batch before the classifier stays in the feature",
			// as in timm's EfficientViT and LeViT
			pooled + "weight s 16\nn = BatchNormalization f s s s s\ny = Gemm n w b {name: 'transB' i: 1}\nout y", "n",
			"Gemm", 16, nil, ""},
		{"cast, squeeze and log-softmax",
			pooled + "weight m 16,5\nz = MatMul f m\ns = Identity z\nq = Cast s {name: 'to' i: 1}\n" +
				"y = LogSoftmax q\nout y",
			"f", "MatMul", 16, nil, "LogSoftmax Cast Identity"},
		{"weights behind a transposition", pooled + "v = Transpose w\ny = MatMul f v\nout y", "f", "MatMul", 16, nil,
			""},
		{"quantised weights", pooled + "weight s 1\nv = DequantizeLinear w s\n" +
			"z = Gemm f v b {name: 'transB' i: 1}\ny = DequantizeLinear z s\nout y",
			"f", "Gemm", 16, nil, "DequantizeLinear"},
		{"1×1 convolution on a pooled map",
			body + "p = GlobalAveragePool r\nweight k 5,16,1,1\nz = Conv p k\ny = Flatten z\nout y",
			"p", "Conv", 16, []int{2, 3}, "Flatten"},
		{"1×1 convolution averaged afterwards",
			body + "weight k 5,16,1,1\nz = Conv r k\na = Relu z\np = GlobalAveragePool a\ny = Flatten p\nout y",
			"r", "Conv", 16, []int{2, 3}, "Flatten"},
		{"tokens averaged after the classifier",
			"in x 1 N,3,8,8\nweight w0 16,3,8,8\nc = Conv x w0\nsh = Constant {name: 'value_ints' ints: [0,16,1]}\n" +
				"t = Reshape c sh\nt2 = Transpose t {name: 'perm' ints: [0,2,1]}\nweight m 16,5\nz = MatMul t2 m\n" +
				"y = ReduceMean z {name: 'axes' ints: [1]}\nout y",
			"t2", "MatMul", 16, []int{1}, ""},
		{"embedding", pooled + "weight e 64,16\nweight s 64\nz = Gemm f e {name: 'transB' i: 1}\n" +
			"y = BatchNormalization z s s s s\nout y", "y", "", 64, nil, ""},
		{"projection of an embedding's width", pooled + "weight e 16,512\ny = MatMul f e\nout y", "y", "", 512, nil,
			""},
		{"as many classes, but probabilities", pooled + "weight e 16,512\nz = MatMul f e\ny = Softmax z\nout y", "f",
			"MatMul", 16, nil, "Softmax"},
		{"as many classes, but called so", pooled + "weight e 16,512\nclass_scores = MatMul f e\nout class_scores",
			"f", "MatMul", 16, nil, ""},
		{"a map as output", body + "out r", "r", "", 16, []int{2, 3}, ""},
		{"two classifiers of one feature",
			pooled + "y = Gemm f w b {name: 'transB' i: 1}\nweight g 2,16\nz = Gemm f g {name: 'transB' i: 1}\n" +
				"out y\nout z",
			"f", "Gemm", 16, nil, ""},
		{"classifier and class index", pooled + "y = Gemm f w b {name: 'transB' i: 1}\na = ArgMax y\n" +
			"i = Cast a {name: 'to' i: 7}\nout i\nout y", "f", "Gemm", 16, nil, ""},
		{"age, gender and embedding", pooled + "weight e 16,512\nembedding = MatMul f e\nweight a 1,16\n" +
			"age = Gemm f a {name: 'transB' i: 1}\n" +
			"weight g 2,16\nz = Gemm f g {name: 'transB' i: 1}\ngender = Softmax z\nout age\nout gender\n" +
			"out embedding", "embedding", "", 512, nil, ""},
		{"age and gender of one feature",
			pooled + "weight a 1,16\nage = Gemm f a {name: 'transB' i: 1}\nweight g 2,16\n" +
				"z = Gemm f g {name: 'transB' i: 1}\n" +
				"gender = Softmax z\nout age\nout gender", "f", "Gemm", 16, nil, ""},
		{"classifier and a named embedding",
			pooled + "weight e 16,7\nembedding = MatMul f e\nrr = Relu embedding\nweight g 2,7\n" +
				"y = Gemm rr g {name: 'transB' i: 1}\nout y\nout embedding",
			"embedding", "", 7, nil, ""},
	} {
		tap, err := oneTap(build(t, 13, c.graph), "")
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if tap.Tensor.Name != c.tap || tap.Classifier != c.layer || tap.Width != c.width ||
			!reflect.DeepEqual(tap.Space, c.pool) {
			t.Errorf("%s: got %+v, want %s before %q, %d wide, pooled over %v", c.name, tap, c.tap, c.layer, c.width,
				c.pool)
		}
		if got := strings.Join(tap.Through, " "); got != c.through {
			t.Errorf("%s: saw through %q, want %q", c.name, got, c.through)
		}
	}
}

func TestNamedTap(t *testing.T) {
	const graph = body + "n = Transpose r {name: 'perm' ints: [0,2,3,1]}\ng = Gelu n\np = GlobalAveragePool r\n" +
		"f = Flatten p\ny = Gemm f w b {name: 'transB' i: 1}\nout y"
	m := build(t, 13, graph)
	for _, c := range []struct {
		tap   string
		width int
		pool  []int
	}{{"y", 5, nil}, {"r", 16, []int{2, 3}}, {"g", 16, []int{1, 2}}, {"x", 3, []int{2, 3}}} {
		tap, err := oneTap(m, c.tap)
		if err != nil || tap.Width != c.width || !reflect.DeepEqual(tap.Space, c.pool) {
			t.Errorf("%s: %+v, %v; want width %d, pooled over %v", c.tap, tap, err, c.width, c.pool)
		}
	}
	node := fixture(t, "resnet_basic_11")
	if tap, err := oneTap(node, node.pb.Graph.Node[3].GetName()); err != nil ||
		tap.Tensor.Name != node.pb.Graph.Node[3].Output[0] {
		t.Errorf("a node's name must stand for its output: %+v, %v", tap, err)
	}
}

func TestUndecided(t *testing.T) {
	for _, c := range []struct{ name, graph, tap, want string }{
		{"two features", body + "p = GlobalAveragePool r\nf = Flatten p\nh = Relu f\n" +
			"y = Gemm f w b {name: 'transB' i: 1}\nz = Gemm h w b {name: 'transB' i: 1}\nout y\nout z", "",
			"test.onnx: the feature can't be determined: its outputs come from 2 different features (f, h); choose one with Images.Tap: y (N×5), z (N×5), f (N×16), h (N×16)"},
		{"probabilities of nothing linear", body + "p = GlobalAveragePool r\nf = Flatten p\ny = Softmax f\nout y", "",
			"no classifier was found at its end"},
		{"two embeddings", pooledBody + "weight e 16,512\nembedding1 = MatMul f e\nweight d 16,128\n" +
			"embedding2 = MatMul f d\nout embedding1\nout embedding2", "",
			"its outputs come from 2 different features (embedding1, embedding2); choose one with Images.Tap: embedding1 (N×512), embedding2 (N×128), f (N×16)"},
		{"no such tensor", body + "p = GlobalAveragePool r\ny = Flatten p\nout y", "fc7",
			`Images.Tap: "fc7" is no tensor of test.onnx; choose one with Images.Tap: y (N×16)`},
		{"part of a name", body + "blocks.4 = Flatten r\ny = Relu blocks.4\nout y", "Block", "did you mean blocks.4?"},
		{"a slip", body + "encoder.layer4 = Flatten r\nencoder.layer3 = Relu encoder.layer4\nout encoder.layer3",
			"encodr.layer4", "did you mean encoder.layer4 or encoder.layer3?"},
		{"a weight", body + "y = Flatten r\nout y", "w0", `"w0" is a constant`},
		{"integers", body + "i = Cast r {name: 'to' i: 6}\ny = Flatten r\nout y", "i", "holds int32 numbers"},
		{"five axes", body + "u = Unsqueeze r {name: 'axes' ints: [0]}\ny = Flatten r\nout y", "u",
			"has the shape 1×N×16×6×6"},
	} {
		_, err := oneTap(build(t, 11, c.graph), c.tap)
		if !invalid.Is(err) || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "Tap") &&
			c.name != "part of a name" && c.name != "a slip" {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// An output may be a list of tensors: it is no feature, and not in the way of one.
func TestSequences(t *testing.T) {
	const graph = pooledBody + "q = SequenceConstruct f r\ny = Gemm f w b {name: 'transB' i: 1}\n"
	sequence := func(outputs string) *Model {
		pb := build(t, 13, graph+outputs).pb
		text(t, "sequence_type { elem_type { tensor_type { elem_type: 1 } } }", typeOf(pb.Graph.Output[0]))
		return fromProto("test.onnx", pb)
	}
	if tap, err := oneTap(sequence("out q\nout y"), ""); err != nil || tap.Tensor.Name != "f" {
		t.Errorf("beside a classifier: %+v, %v", tap, err)
	}
	for tap, want := range map[string]string{"": "no output that is a feature; choose one with Images.Tap: f (N×16)",
		"q": `Images.Tap: "q" is a list of tensors`} {
		if _, err := oneTap(sequence("out q"), tap); !invalid.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("alone, tap %q: %v, want %q", tap, err, want)
		}
	}
}

func typeOf(v *onnxpb.ValueInfoProto) *onnxpb.TypeProto {
	v.Type = &onnxpb.TypeProto{}
	return v.Type
}
