package graph

import (
	"strings"
	"testing"

	"finetune/invalid"
)

const normalised = body + "weight s 16\n"

// Networks in training mode run in inference mode, under another text of the feature.
func TestTrainingModeIsSwitched(t *testing.T) {
	const (
		end     = "p = GlobalAveragePool d\nf = Flatten p\ny = Gemm f w b {name: 'transB' i: 1}\nout y\n"
		train   = "n = BatchNormalization r s s s s {name: 'training_mode' i: 1}\n"
		dropout = "ratio = Constant {name: 'value_float' f: 0.5}\n" +
			"on = Constant {name: 'value' type: TENSOR t { data_type: 9 int32_data: 1 }}\n"
	)
	for _, c := range []struct {
		name, graph string
		switched    int
	}{
		{"batch statistics", normalised + train + "d = Relu n\n" + end, 1},
		{"dropout", normalised + dropout + "d = Dropout r ratio on\n" + end, 1},
		{"both", normalised + train + dropout + "d = Dropout n ratio on\n" + end, 2},
		{"dropout that is off", normalised + strings.Replace(dropout, "int32_data: 1", "int32_data: 0",
			1) + "d = Dropout r ratio on\n" + end, 0},
		{"inference", normalised + "n = BatchNormalization r s s s s\nd = Dropout n\n" + end, 0},
		{"statistics of weights", normalised + "q = BatchNormalization w0 s s s s {name: 'training_mode' i: 1}\n" +
			"d = Conv x q\n" + end, 0},
	} {
		m := build(t, 15, c.graph)
		f, err := m.FindFeature("", nil)
		if err != nil {
			t.Fatal(err)
		}
		if marked := strings.HasSuffix(f.Text, " mode=inference"); m.switched != c.switched ||
			marked != (c.switched > 0) || marked != (len(m.Notes()) == 1) {
			t.Errorf("%s: %d nodes switched, text %q, notes %q", c.name, m.switched, f.Text, m.Notes())
		}
		if again, err := m.FindFeature(f.Text, nil); err != nil || again.Text != f.Text {
			t.Errorf("%s: %q gives %q, %v", c.name, f.Text, again.Text, err)
		}
		for _, n := range m.pb.Graph.Node {
			if trainsBatchNorm(n) && c.switched > 0 || isOp(n, "Dropout") && c.switched > 0 && input(n, 2) != "" {
				t.Errorf("%s: still in training mode: %v", c.name, n)
			}
		}
	}
}

func TestTrainingModeIsRefused(t *testing.T) {
	for _, c := range []struct{ name, graph, want string }{
		{"statistics that are computed", normalised + "v = ReduceMean r {name: 'axes' ints: [0,2,3]}\n" +
			"n = BatchNormalization r s s v s {name: 'training_mode' i: 1}\nout n",
			"running statistics aren't stored"},
		{"in a subgraph", normalised + "q = Greater r r\n" +
			"y = If q {name: 'then_branch' type: GRAPH g { node { op_type: 'BatchNormalization' " +
			"input: ['r','s','s','s','s'] output: 'o' attribute { name: 'training_mode' i: 1 } } output { name: 'o' } }}\nout y", "of a function or a subgraph"},
	} {
		_, err := Parse("net.onnx", encode(t, 15, c.graph))
		if !invalid.Is(err) || !strings.Contains(err.Error(), c.want) ||
			!strings.Contains(err.Error(), "model.eval()") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
