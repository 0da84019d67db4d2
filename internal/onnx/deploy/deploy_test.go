package deploy

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/internal/onnx/graph"
	"finetune/internal/onnx/onnxpb"

	"google.golang.org/protobuf/proto"
)

// What the models compute is tested in package export, under pipeline, which can run them.

func small() Head {
	return Head{
		Layers:   []Dense{{In: 2, Out: 3, Weight: []float32{1, 2, 3, 4, 5, 6}, Bias: []float32{1, 0, -1}}},
		Rule:     Softmax,
		Decision: Median,
	}
}

func TestBuildRefuses(t *testing.T) {
	third := 1.5
	for name, c := range map[string]struct {
		spoil func(*Design)
		want  string
	}{
		"no layers":          {func(d *Design) { d.Head.Layers = nil }, "no layers"},
		"a short weight":     {func(d *Design) { d.Head.Layers[0].Weight = d.Head.Layers[0].Weight[1:] }, "5 weights"},
		"a gap":              {func(d *Design) { d.Head.Layers = slices.Repeat(d.Head.Layers, 2) }, "layer 1 reads 2"},
		"no rule":            {func(d *Design) { d.Head.Rule = "corn" }, `no rule "corn"`},
		"no positions":       {func(d *Design) { d.Head.Rule = Position }, "0 positions"},
		"few positions":      {func(d *Design) { d.Head.Positions = []float64{1} }, "1 positions for 3"},
		"few values":         {func(d *Design) { d.Head.Values = []float64{1} }, "1 values for 3"},
		"a small matrix":     {func(d *Design) { d.Head.Distances = []float64{0} }, "1 distances"},
		"no decision":        {func(d *Design) { d.Head.Decision = "" }, `no decision rule ""`},
		"a cold temperature": {func(d *Design) { d.Head.Temperature = math.Inf(1) }, "temperature of +Inf"},
		"a high threshold":   {func(d *Design) { d.Head.Threshold = &third }, "threshold of 1.5"},
		"no network":         {func(d *Design) { d.Input = Image }, "without a network"},
		"no input":           {func(d *Design) { d.Input = "" }, "without a network"},
	} {
		d := Design{Input: Features, Head: small()}
		c.spoil(&d)
		if _, err := Build("m", d); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}

func TestHeadAlone(t *testing.T) {
	build := func() []byte {
		metadata := map[string]string{"b": "1", "a": "2", "c": "3"}
		m, err := Build("head", Design{Input: Features, Head: small(), Metadata: metadata})
		if err != nil {
			t.Fatal(err)
		}
		data, err := m.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	data := build()
	for range 20 { // map order must not show
		if !bytes.Equal(build(), data) {
			t.Fatal("the same head gives other bytes")
		}
	}
	m, err := graph.Parse("head", data)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, v := range slices.Concat(m.Inputs(), m.Outputs()) {
		names = append(names, v.String())
	}
	want := []string{"features float32 N×2", "logits float32 N×3", "probabilities float32 N×3",
		"class int64 N", "expected float32 N"}
	if !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
	if m.Metadata("a") != "2" {
		t.Error("no metadata")
	}
}

// A network may use any names: those that are the model's own are changed wherever they stand, and no others.
func TestSeparate(t *testing.T) {
	text := func(s string) *string { return proto.String(s) }
	inner := &onnxpb.GraphProto{
		Node:   []*onnxpb.NodeProto{{OpType: text("Relu"), Input: []string{"class"}, Output: []string{"inner"}}},
		Output: []*onnxpb.ValueInfoProto{{Name: text("inner")}},
	}
	node := func(name, op, in, out string) *onnxpb.NodeProto {
		return &onnxpb.NodeProto{Name: &name, OpType: &op, Input: strings.Split(in, " "), Output: []string{out}}
	}
	choice := node("", "If", "y", "z")
	choice.Attribute = []*onnxpb.AttributeProto{{Name: text("then_branch"), G: inner}}
	pb := &onnxpb.ModelProto{Graph: &onnxpb.GraphProto{
		Input: []*onnxpb.ValueInfoProto{{Name: text("image")}},
		Node: []*onnxpb.NodeProto{
			node("plain", "Clip", "x  x", "y"),
			node("finetune/add_1", "Add", "image low", "class"),
			choice,
			node("", "Neg", "z", "backbone/class"),
		},
		Initializer: []*onnxpb.TensorProto{{Name: text("low"), RawData: []byte{1, 2, 3, 4}}, {Name: text("x")}},
		Output:      []*onnxpb.ValueInfoProto{{Name: text("features")}},
		ValueInfo:   []*onnxpb.ValueInfoProto{{Name: text("class")}},
	}}
	before := proto.CloneOf(pb)
	got := separate(pb).Graph
	if !proto.Equal(pb, before) {
		t.Fatal("the network was changed")
	}
	if got.Node[0] != pb.Graph.Node[0] || got.Initializer[1] != pb.Graph.Initializer[1] {
		t.Error("what needs no change was copied")
	}
	if &got.Initializer[0].RawData[0] != &pb.Graph.Initializer[0].RawData[0] {
		t.Error("the numbers of a weight were copied")
	}
	var names []string
	names = append(names, got.Node[1].GetName())
	for _, n := range got.Node[1:] {
		names = append(append(names, n.Input...), n.Output...)
	}
	branch := got.Node[2].Attribute[0].G
	names = append(names, branch.Node[0].Input[0], branch.Output[0].GetName(), got.Initializer[0].GetName(),
		got.Input[0].GetName(), got.Output[0].GetName(), got.ValueInfo[0].GetName())
	want := []string{"backbone/finetune/add_1", "backbone/image", "backbone/low", "backbone/class", "y", "z", "z",
		"backbone/backbone/class", "backbone/class", "inner", "backbone/low", "backbone/image", "backbone/features",
		"backbone/class"}
	if !slices.Equal(names, want) {
		t.Errorf("%q, want %q", names, want)
	}
}

// Weights that are moved to a file of their own come back from it.
func TestWriteWithData(t *testing.T) {
	h := small()
	h.Layers = []Dense{
		{In: 40, Out: 30, Weight: make([]float32, 1200), Bias: make([]float32, 30)},
		{In: 30, Out: 3, Weight: make([]float32, 90), Bias: make([]float32, 3)},
	}
	for i := range h.Layers[0].Weight {
		h.Layers[0].Weight[i] = float32(i)
	}
	m, err := Build("head", Design{Input: Features, Head: h})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "head.onnx")
	files, err := Write(t.Context(), path, m, "", 1000)
	if err != nil || !slices.Equal(files, []string{path, path + DataSuffix}) {
		t.Fatal(files, err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	read, err := graph.Parse(path, data)
	if err != nil {
		t.Fatal(err)
	}
	weights, err := read.ExternalWeights(dir)
	if err != nil || len(weights) != 1 || weights[0].Length != 4800 || weights[0].Offset%page != 0 {
		t.Fatalf("%+v, %v", weights, err)
	}
	whole, err := read.WithExternal(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	for i, w := range m.Proto().Graph.Initializer {
		got := whole.Proto().Graph.Initializer[i]
		if got.GetName() != w.GetName() || !bytes.Equal(got.RawData, w.RawData) {
			t.Errorf("weight %q came back as %q", w.GetName(), got.GetName())
		}
	}
	// And from two files to one.
	one := filepath.Join(t.TempDir(), "one.onnx")
	if files, err := Write(t.Context(), one, read, dir, 0); err != nil || len(files) != 1 {
		t.Fatal(files, err)
	}
	again, _ := os.ReadFile(one)
	want, _ := m.Bytes()
	if !bytes.Equal(again, want) {
		t.Error("one file differs from what was split")
	}
	// Nothing is left where the model can't be written.
	blocked := t.TempDir()
	if err := os.Mkdir(filepath.Join(blocked, "m.onnx"), 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := Write(t.Context(), filepath.Join(blocked, "m.onnx"), m, "", 1000); err == nil {
		t.Error("a model over a folder")
	}
	if left, _ := os.ReadDir(blocked); len(left) != 1 {
		t.Errorf("files are left: %v", left)
	}
}
