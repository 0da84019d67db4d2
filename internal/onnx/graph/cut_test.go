package graph

import (
	"bytes"
	"slices"
	"testing"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"
)

func cut(t *testing.T, m *Model, tap string, pool ...int) (*Model, ImageInput) {
	t.Helper()
	f, err := m.FindFeature(tap, pool)
	if err != nil {
		t.Fatal(err)
	}
	c, in, err := m.Cut(f)
	if err != nil {
		t.Fatal(err)
	}
	return c, in
}

func TestCut(t *testing.T) {
	const graph = "in x 1 N,3,8,8\nin ids 7 N,4\nin features 1 N,2\nweight w0 16,3,3,3\nweight w 5,16\n" +
		"weight unused 3\n" +
		"c = Conv x w0\nr = Relu c\ne = Gather ids ids\np = GlobalAveragePool r\nf = Flatten p\n" +
		"y = Gemm f w {name: 'transB' i: 1}\nq = Relu features\nout y\nout e\nout q"
	m := build(t, 13, graph)
	c, in := cut(t, m, "r")
	g := c.pb.Graph
	var ops []string
	for _, n := range g.Node {
		ops = append(ops, n.GetOpType())
	}
	if want := []string{"Conv", "Relu", "ReduceMean", "Identity"}; !slices.Equal(ops, want) {
		t.Errorf("nodes %v, want %v", ops, want)
	}
	if len(g.Initializer) != 1 || g.Initializer[0].GetName() != "w0" {
		t.Errorf("kept %d weights, want w0 alone", len(g.Initializer))
	}
	if in.Name != "x" || len(c.Inputs()) != 1 {
		t.Errorf("inputs %v, want x alone", c.Inputs())
	}
	if out := c.Outputs(); len(out) != 1 || out[0].String() != "features_1 float32 N×16" {
		t.Errorf("outputs %v, want a name of its own and N×16", out)
	}
	if len(m.pb.Graph.Node) != 7 || len(m.Inputs()) != 3 {
		t.Error("the whole network was changed")
	}
}

// The form of ReduceMean changes with operator set 18.
func TestCutFollowsTheOperatorSet(t *testing.T) {
	for opset, inputs := range map[int64]int{9: 1, 17: 1, 18: 2} {
		c, _ := cut(t, build(t, opset, body+"p = GlobalAveragePool r\nout p"), "r")
		n := c.producerOf(c.producerOf("features").Input[0])
		if n.GetOpType() != "ReduceMean" || len(n.Input) != inputs {
			t.Errorf("operator set %d: %v", opset, n)
		}
	}
}

func TestExpose(t *testing.T) {
	c, _, err := build(t, 13, body+"h = Cast r {name: 'to' i: 10}\nout h").Expose("h", "c")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, v := range c.Outputs() {
		got = append(got, v.String())
	}
	if want := []string{"features.0 float32 N×16×6×6", "features.1 float32 N×16×6×6"}; !slices.Equal(got, want) {
		t.Errorf("outputs %v, want %v", got, want)
	}
}

// A subgraph may use tensors around it without listing them as inputs.
func TestCutKeepsWhatSubgraphsCapture(t *testing.T) {
	const graph = "in x 1 N,3,8,8\nweight k 3,3,1,1\ncaptured = Conv x k\ncond = Greater x x\n" +
		"y = If cond {name: 'then_branch' type: GRAPH g { node { op_type: 'Identity' input: 'captured' output: 'o' } output { name: 'o' } }}\nout y"
	m := build(t, 13, graph)
	c, _, err := m.Expose("y")
	if err != nil {
		t.Fatal(err)
	}
	if f, err := m.FindFeature("y", nil); err != nil || f.Width != 0 {
		t.Errorf("%+v, %v; only a run can tell the width", f, err)
	} else if _, _, err := m.Cut(f); err == nil {
		t.Error("a feature of unknown width was cut")
	}
	if c.producerOf("captured") == nil || c.constant["k"] == nil {
		t.Error("the captured tensor is gone")
	}
}

func TestCutCastsInput(t *testing.T) {
	c, in := cut(t, fixture(t, "nhwc_uint8_13"), "")
	if in.Type != "uint8" || in.Layout != NHWC || in.Height != 32 || in.Batch != 0 {
		t.Errorf("input %+v", in)
	}
	if got := c.Inputs(); len(got) != 1 || got[0].String() != "image float32 batch×32×32×3" {
		t.Errorf("inputs %v", got)
	}
	if n := c.pb.Graph.Node[0]; n.GetOpType() != "Cast" || intAttribute(n, "to",
		0) != int64(onnxpb.TensorProto_UINT8) || n.Output[0] != "input" {
		t.Errorf("first node %v", n)
	}
}

func TestCutIsReadable(t *testing.T) {
	m := fixture(t, "shufflenet_16")
	c, _ := cut(t, m, "")
	data, err := c.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Parse("again", data)
	if err != nil {
		t.Fatal(err)
	}
	twice, err := again.Bytes()
	if err != nil || !bytes.Equal(data, twice) {
		t.Errorf("reading and writing changes the bytes (%v)", err)
	}
	if tap, err := oneTap(again, ""); err != nil || tap.Width != 64 || tap.Classifier != "" {
		t.Errorf("the feature of a cut network is its output: %+v, %v", tap, err)
	}
}

func TestImageInput(t *testing.T) {
	for _, c := range []struct{ name, graph, want string }{
		{"channels first", "in x 1 N,3,8,9\ny = Relu x\nout y", "NCHW 0 8 9"},
		{"channels last", "in x 1 2,8,9,3\ny = Relu x\nout y", "NHWC 2 8 9"},
		{"open, read by a convolution", "in x 1 a,b,c,d\nweight w 4,3,1,1\nz = Mul x x\ny = Conv z w\nout y",
			"NCHW 0 0 0"},
		{"open, transposed first", "in x 1 a,b,c,d\nz = Div x x\ny = Transpose z {name: 'perm' ints: [0,3,1,2]}\n" +
			"out y", "NHWC 0 0 0"},
		{"three wide and three channels", "in x 1 1,3,8,3\nweight w 4,3,1,1\ny = Conv x w\nout y", "NCHW 1 8 3"},
		{"open, nothing tells", "in x 1 a,b,c,d\ny = Relu x\nout y", "no axis is known to be the channels"},
		{"grey", "in x 1 N,1,8,8\ny = Relu x\nout y", "1 channels"},
		{"grey, channels last", "in x 1 N,8,8,1\ny = Relu x\nout y", "1 channels"},
		{"four channels", "in x 1 N,4,8,8\nweight w 4,4,1,1\ny = Conv x w\nout y", "4 channels"},
		{"a vector", "in x 1 N,8\ny = Relu x\nout y", "is N×8; expected images"},
		{"text", "in x 8 N,3,8,8\ny = Relu x\nout y", `type "string"`},
		{"two inputs", "in x 1 N,3,8,8\nin z 1 N,3,8,8\ny = Add x z\nout y", "needs 2 inputs"},
		{"channels last, of open size", "in x 1 N,h,w,3\ny = Relu x\nout y", "NHWC 0 0 0"},
		{"channels first, of open size", "in x 1 N,3,h,w\ny = Relu x\nout y", "NCHW 0 0 0"},
		{"one side open", "in x 1 N,3,h,64\ny = Relu x\nout y", "NCHW 0 0 64"},
		{"sizes written as zeros", "in x 1 0,3,0,0\ny = Relu x\nout y", "NCHW 0 0 0"},
		{"a batch of seven", "in x 1 7,3,32,48\ny = Relu x\nout y", "NCHW 7 32 48"},
		{"a batch of three", "in x 1 3,224,224,3\ny = Relu x\nout y", "NHWC 3 224 224"},
		{"three high and three channels, read by a convolution",
			"in x 1 1,3,3,3\nweight w 4,3,1,1\ny = Conv x w\nout y", "NCHW 1 3 3"},
		{"three high and three channels, nothing tells", "in x 1 N,3,3,3\ny = Relu x\nout y",
			"no axis is known to be the channels"},
		{"three high, channels last", "in x 1 N,3,8,3\nt = Transpose x {name: 'perm' ints: [0,3,1,2]}\n" +
			"weight w 4,3,1,1\ny = Conv t w\nout y", "NHWC 0 3 8"},
		{"axes called by numbers and other signs", "in x 1 3,3,Größe_.,3·0\nweight w 4,3,1,1\ny = Conv x w\nout y",
			"NCHW 3 0 0"},
		{"four channels, last", "in x 1 N,8,8,4\nt = Transpose x {name: 'perm' ints: [0,3,1,2]}\nweight w 4,4,1,1\n" +
			"y = Conv t w\nout y", "4 channels"},
		{"a video", "in x 1 N,3,16,8,8\ny = Relu x\nout y", "is N×3×16×8×8; expected images"},
		{"no input", "weight x 1,3,8,8\ny = Relu x\nout y", "depends on no input"},
	} {
		in, err := build(t, 13, c.graph).ImageInput()
		got := ""
		if err != nil {
			got = err.Error()
		} else {
			got = describe(in)
		}
		if err != nil && !invalid.Is(err) || !bytes.Contains([]byte(got), []byte(c.want)) {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
