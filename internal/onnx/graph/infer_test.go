package graph

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// The shapes must be those of ONNX's own inference: every number that it finds, and none that differs.
func TestShapesAgreeWithONNX(t *testing.T) {
	data, err := os.ReadFile("testdata/shapes.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Shapes map[string]map[string][]*int64 `json:"shapes"`
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	for name, shapes := range golden.Shapes {
		m := fixture(t, name)
		m.pb.Graph.ValueInfo = nil // nothing but the rules
		m.infer()
		for tensor, want := range shapes {
			got := m.info[tensor].shape
			if len(got) != len(want) || (got == nil) != (want == nil) {
				t.Errorf("%s: %s has the shape %v, want %d axes", name, tensor, got, len(want))
				continue
			}
			for i, size := range want {
				if size != nil && got[i].Size != *size {
					t.Errorf("%s: axis %d of %s is %v, want %d", name, i, tensor, got[i], *size)
				}
			}
		}
	}
}

// padded is a convolution of 3 × 3 in steps of 2 after the padding that timm's export computes in the graph.
func padded(in string) string {
	graph := in + "\ns = Shape x\n" + `
one = Constant {name: 'value_float' f: 1}
two = Constant {name: 'value_float' f: 2}
zero = Constant {name: 'value_float' f: 0}
axis = Constant {name: 'value_ints' ints: [0]}
none = Constant {name: 'value_ints' ints: [0,0]}
i0 = Constant {name: 'value_int' i: 2}
i1 = Constant {name: 'value_int' i: 3}
`
	for _, side := range []string{"0", "1"} { // max((⌈size/2⌉ − 1)·2 + 3 − size, 0), half of it before and the rest behind
		graph += strings.ReplaceAll(`
size# = Gather s i#
f# = Cast size# {name: 'to' i: 1}
half# = Div f# two
steps# = Ceil half#
less# = Sub steps# one
times# = Mul less# two
add# = Add times# two
room# = Add add# one
more# = Sub room# f#
pad# = Clip more# zero
part# = Div pad# two
before# = Cast part# {name: 'to' i: 7}
again# = Cast before# {name: 'to' i: 1}
rest# = Sub pad# again#
after# = Cast rest# {name: 'to' i: 7}
b# = Unsqueeze before# axis
a# = Unsqueeze after# axis
`, "#", side)
	}
	return graph + "pads = Concat none b0 b1 none a0 a1 {name: 'axis' i: 0}\np = Pad x pads\nweight k 8,3,3,3\n" +
		"y = Conv p k {name: 'strides' ints: [2,2]}\n"
}

// Exporters call open axes anything.
func TestShapeIsWrittenAsJSON(t *testing.T) {
	for _, symbol := range []string{"batch", "3", `a "b" \`, "\x01\x7f", "größe", "\xff"} {
		text, err := json.Marshal(Shape{{Size: -1, Symbol: symbol}, {Size: 3}, unknownDim})
		var back []any
		if err != nil || json.Unmarshal(text, &back) != nil || len(back) != 3 || back[1] != 3.0 || back[2] != "?" {
			t.Errorf("%q: %s, %v", symbol, text, err)
		} else if want := strings.ToValidUTF8(symbol, "\uFFFD"); back[0] != want {
			t.Errorf("%q became %q", symbol, back[0])
		}
	}
}

func TestRules(t *testing.T) {
	for _, c := range []struct{ name, graph, want string }{
		{"broadcast", "in a 1 N,1,4\nin b 1 3,1\ny = Add a b\nout y", "N×3×4"},
		{"broadcast of symbols", "in a 1 N,C\nin b 1 1,8\ny = Mul a b\nout y", "N×8"},
		{"convolution", "in x 1 N,3,9,H\nweight w 8,3,3,3\ny = Conv x w {name: 'strides' ints: [2,2]}\nout y",
			"N×8×4×?"},
		{"same padding", "in x 1 N,3,9,9\nweight w 8,3,3,3\ny = Conv x w {name: 'auto_pad' s: 'SAME_UPPER'}\nout y",
			"N×8×9×9"},
		{"convolution of an unknown map", "in x 1 N,3,9,9\nz = Resize x\nweight w 8,3,3,3\ny = Conv z w\nout y",
			"?×8×?×?"},
		{"split without sizes", "in x 1 N,7\ny = Split x {name: 'axis' i: 1}\nout y", "N×7"},
		{"squeeze of what may be one", "in x 1 N,4,1\ny = Squeeze x\nout y", "unknown shape"},
		{"reshape keeps the batch", "in x 1 N,2,3\ns = Constant {name: 'value_ints' ints: [-1,6]}\n" +
			"y = Reshape x s\nout y", "N×6"},
		{"reshape by zero and rest", "in x 1 N,2,3\ns = Constant {name: 'value_ints' ints: [0,-1]}\n" +
			"y = Reshape x s\nout y", "N×6"},
		{"reshape of unequal size", "in x 1 4,5\ns = Constant {name: 'value_ints' ints: [-1,3]}\ny = Reshape x s\n" +
			"out y", "?×3"},
		{"gather one token", "in x 1 N,5,8\ni = Constant {name: 'value_int' i: 0}\n" +
			"y = Gather x i {name: 'axis' i: 1}\nout y", "N×8"},
		{"division behind a cast to float",
			"in x 1 7,9\nv = Constant {name: 'value_int' i: 2}\nt = Cast v {name: 'to' i: 1}\ns = Shape x\n" +
				"f = Cast s {name: 'to' i: 1}\n" +
				"h = Div f t\nu = Ceil h\ny = Cast u {name: 'to' i: 7}\nz = ConstantOfShape y\nout z", "4×5"},
		{"a cast goes towards zero",
			"in x 1 7,9\nt = Constant {name: 'value_floats' floats: [-1.9,2.5]}\ns = Shape x\n" +
				"f = Cast s {name: 'to' i: 11}\nd = Cast t {name: 'to' i: 11}\n" +
				"h = Add f d\ny = Cast h {name: 'to' i: 6}\nz = ConstantOfShape y\nout z", "5×11"},
		{"float32 has 24 digits",
			"in x 1 16777217\ns = Shape x\nf = Cast s {name: 'to' i: 1}\ny = Cast f {name: 'to' i: 7}\n" +
				"z = ConstantOfShape y\nout z", "16777216"},
		{"what isn't finite is no size",
			"in x 1 7,8\no = Constant {name: 'value_float' f: 0}\ns = Shape x\nf = Cast s {name: 'to' i: 1}\n" +
				"h = Div f o\ny = Cast h {name: 'to' i: 7}\nz = Reshape x y\nout z", "?×?"},
		{"an open size stays open behind a cast",
			"in x 1 N,8\nt = Constant {name: 'value_float' f: 2}\ns = Shape x\nf = Cast s {name: 'to' i: 1}\n" +
				"h = Mul f t\ny = Cast h {name: 'to' i: 7}\nz = ConstantOfShape y\nout z", "?×16"},
		{"bounds",
			"in x 1 2,5,9\na = Constant {name: 'value_int' i: 3}\nb = Constant {name: 'value_int' i: 6}\n" +
				"s = Shape x\ny = Clip s a b\nz = ConstantOfShape y\nout z", "3×5×6"},
		{"TensorFlow's padding of an odd map", padded("in x 1 N,3,15,20") + "out y", "N×8×8×10"},
		{"and of one of open size", padded("in x 1 N,3,15,W") + "out y", "N×8×8×?"},
		{"transposition", "in x 1 N,3,4,5\ny = Transpose x {name: 'perm' ints: [0,2,3,1]}\nout y", "N×4×5×3"},
		{"reversal", "in x 1 N,3\ny = Transpose x\nout y", "3×N"},
		{"product of tokens", "in x 1 N,5,8\nweight w 8,2\ny = MatMul x w\nout y", "N×5×2"},
		{"slice by steps", "in x 1 N,9\na = Constant {name: 'value_ints' ints: [1]}\n" +
			"b = Constant {name: 'value_ints' ints: [9223372036854775807]}\n" +
			"t = Constant {name: 'value_ints' ints: [3]}\ny = Slice x a b a t\nout y", "N×3"},
		{"slice backwards", "in x 1 N,9\na = Constant {name: 'value_ints' ints: [-2]}\n" +
			"b = Constant {name: 'value_ints' ints: [-9223372036854775807]}\n" +
			"o = Constant {name: 'value_ints' ints: [1]}\nt = Constant {name: 'value_ints' ints: [-2]}\n" +
			"y = Slice x a b o t\nout y", "N×4"},
		{"padding as torch computes it", "in x 1 N,3,5,7\n" +
			"l = Constant {name: 'value_ints' ints: [1,2,0,3,0,0,0,0]}\n" +
			"s = Constant {name: 'value_ints' ints: [-1,2]}\n" +
			"m = Reshape l s\na = Constant {name: 'value_ints' ints: [-1]}\n" +
			"b = Constant {name: 'value_ints' ints: [-9223372036854775807]}\n" +
			"z = Constant {name: 'value_ints' ints: [0]}\nr = Slice m a b z a\n" +
			"t = Transpose r {name: 'perm' ints: [1,0]}\np = Reshape t a\ny = Pad x p\nout y", "N×3×8×10"},
		{"padding by attribute", "in x 1 N,3,5,7\ny = Pad x {name: 'pads' ints: [0,0,1,-1,0,0,1,0]}\nout y",
			"N×3×7×6"},
		{"expansion to the batch", "in x 1 N,4\nin c 1 1,1,8\ns = Shape x\n" +
			"z = Constant {name: 'value_ints' ints: [0]}\nn = Gather s z\n" +
			"m = Constant {name: 'value_ints' ints: [-1,-1]}\n" +
			"w = Concat n m {name: 'axis' i: 0}\nr = Constant {name: 'value_ints' ints: [3]}\n" +
			"o = ConstantOfShape r {name: 'value' type: TENSOR t { data_type: 7 dims: 1 int64_data: 1 }}\n" +
			"k = Constant {name: 'value_int' i: -1}\nu = Mul o k\ne = Equal w u\nv = Where e o w\ny = Expand c v\n" +
			"out y", "N×1×8"},
		{"remainder", "in x 1 8,6\na = Constant {name: 'value_ints' ints: [-3]}\n" +
			"b = Constant {name: 'value_ints' ints: [8]}\nm = Mod a b\ny = ConstantOfShape m\nout y", "5"},
		{"unknown operator", "in x 1 N,3\ny = Bernoulli x\nout y", "unknown shape"},
	} {
		if got := build(t, 13, c.graph).Outputs()[0].Shape.String(); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
