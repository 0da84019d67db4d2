package graph

import (
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
)

// tokensOf is the start of a transformer: tokens for patches of 8 × 8 pixels after prefix others, and a layer.
func tokensOf(shape, prefix string) string {
	return "in x 1 " + shape + "\nweight k 16,3,8,8\nweight p " + prefix + "\nweight m 16,16\n" +
		"c = Conv x k {name: 'strides' ints: [8,8]}\n" +
		"sh = Constant {name: 'value_ints' ints: [0,16,-1]}\nr = Reshape c sh\n" +
		"t = Transpose r {name: 'perm' ints: [0,2,1]}\n" +
		"all = Concat p t {name: 'axis' i: 1}\ny = MatMul all m\ntanh = Tanh y\n"
}

func TestTokens(t *testing.T) {
	for _, c := range []struct {
		name, graph, tap string
		pool             []int
		prefix           int
		places           [2]int
		width            int
	}{
		{"a class token inside", tokensOf("1,3,32,32", "1,1,16") + "out tanh", "y", nil, 1, [2]int{4, 4}, 16},
		{"a class token at the end", tokensOf("1,3,32,32", "1,1,16") + "out tanh", "tanh", nil, 1, [2]int{4, 4}, 32},
		{"and its grid", tokensOf("1,3,32,32", "1,1,16") + "out tanh", "tanh", []int{2, 1}, 1, [2]int{4, 4},
			4*16 + 32},
		{"registers too", tokensOf("1,3,32,32", "1,5,16") + "out tanh", "tanh", []int{2}, 5, [2]int{4, 4}, 4 * 16},
		{"patches alone", tokensOf("1,3,32,32", "1,1,16") + "out tanh", "t", []int{1, 2}, 0, [2]int{4, 4}, 5 * 16},
		{"an image that is no square", tokensOf("1,3,48,32", "1,1,16") + "out tanh", "tanh", []int{3}, 1, [2]int{6, 4},
			9 * 16},
		{"behind a dropout", tokensOf("1,3,32,32", "1,1,16") + "d = Dropout tanh\nout d", "tanh", nil, 1, [2]int{4, 4},
			32},
	} {
		f, err := build(t, 17, c.graph).FindFeature(c.tap, c.pool)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if tap := f.Taps[0]; tap.Prefix != c.prefix || tap.Places != c.places || f.Width != c.width {
			t.Errorf("%s: %+v, %d wide; want %d before %v, %d wide", c.name, tap, f.Width, c.prefix, c.places, c.width)
		}
		next := 0
		for _, b := range f.Blocks() {
			if b.Offset != next {
				t.Errorf("%s: %+v after %d numbers", c.name, b, next)
			}
			next += b.Width
		}
	}
}

// The text of a feature contains the use of tokens and can be given as a tap: features are cached under it.
func TestTokensInText(t *testing.T) {
	const plain, class, registers = "1,3,32,32", "1,1,16", "1,5,16"
	for _, c := range []struct {
		name, graph, tap string
		pool             []int
		text             string
		prefix, width    int
	}{
		{"a class token at the end", tokensOf(plain, class) + "out tanh", "", nil, "tanh[class+1:]", 1, 32},
		{"and its grid", tokensOf(plain, class) + "out tanh", "", []int{1, 2}, "tanh[class+1:] pool=1,2", 1, 96},
		{"inside", tokensOf(plain, class) + "out tanh", "y", nil, "y[1:]", 1, 16},
		{"registers, and a map", tokensOf(plain, registers) + "out tanh", "y,c", nil, "y[5:],c", 5, 32},
		{"patches alone", tokensOf(plain, class) + "out tanh", "t", nil, "t", 0, 16},
		{"said otherwise", tokensOf(plain, class) + "out tanh", "tanh[5:]", nil, "tanh[5:]", 5, 16},
		{"all of them", tokensOf(plain, class) + "out tanh", "tanh[0:]", nil, "tanh[0:]", 0, 16},
		{"several, said", tokensOf(plain, class) + "out tanh", "y[0:], tanh[class+3:] pool=1", nil,
			"y[0:],tanh[class+3:]", 0, 48},
		{"a tensor of that name", tokensOf(plain, class) + "q[1:] = Relu t\nout q[1:]", "q[1:]", nil, "q[1:]", 0, 16},
	} {
		m := build(t, 17, c.graph)
		f, err := m.FindFeature(c.tap, c.pool)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if f.Text != c.text || f.Taps[0].Prefix != c.prefix || f.Width != c.width {
			t.Errorf("%s: %q, %d wide, %+v; want %q, %d wide", c.name, f.Text, f.Width, f.Taps[0], c.text, c.width)
		}
		again, err := m.FindFeature(f.Text, nil)
		if err != nil || again.Text != f.Text || !slices.Equal(again.Blocks(), f.Blocks()) ||
			again.Taps[0].Prefix != c.prefix {
			t.Errorf("%s: %q gives %+v, %v", c.name, f.Text, again, err)
		}
	}
	m := build(t, 17, tokensOf(plain, class)+"out tanh")
	for tap, want := range map[string]string{
		"tanh[17:]": `Images.Tap: "tanh[17:]": "tanh" is 1×17×16; expected N×T×D with more than 17 tokens`,
		"c[1:]":     `Images.Tap: "c[1:]": "c" is 1×16×4×4; expected N×T×D`,
		"fc[1:]":    `"fc" is no tensor of`,
	} {
		if _, err := m.FindFeature(tap, nil); !invalid.Is(err) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", tap, err, want)
		}
	}
}

// Tokens that lie in no known way have a mean, but no grid.
func TestTokensWithoutPlaces(t *testing.T) {
	const graph = "in x 1 N,3,32,32\nweight k 16,3,8,8\nweight q 16,6\nc = Conv x k {name: 'strides' ints: [8,8]}\n" +
		"sh = Constant {name: 'value_ints' ints: [0,16,-1]}\nr = Reshape c sh\ns = MatMul r q\n" +
		"y = Transpose s {name: 'perm' ints: [0,2,1]}\nout y"
	m := build(t, 17, graph)
	if f, err := m.FindFeature("", nil); err != nil || f.Width != 16 {
		t.Errorf("%+v, %v", f, err)
	}
	_, err := m.FindFeature("", []int{3})
	if want := "N×6×16, and the arrangement of its tokens in the image isn't known"; !invalid.Is(err) ||
		!strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

// A slice has another form before operator set 10.
func TestPatchesFollowTheOperatorSet(t *testing.T) {
	for opset, inputs := range map[int64]int{9: 1, 10: 4} {
		c, _ := cut(t, build(t, opset, tokensOf("1,3,32,32", "1,1,16")+"out tanh"), "y")
		n := c.producerOf(c.producerOf(c.producerOf("features").Input[0]).Input[0])
		if n.GetOpType() != "Slice" || len(n.Input) != inputs {
			t.Errorf("operator set %d: %v", opset, n)
		}
	}
}

// Where the output is the mean of several classifiers, the feature is the inputs of all.
func TestMeanOfClassifiers(t *testing.T) {
	const two = "in x 1 N,3,8,8\nweight k 16,3,8,8\nweight q 12,3,8,8\nweight w 16,5\nweight v 12,5\nweight two 1\n" +
		"a = Conv x k\nb = Conv x q\nf = Flatten a\ng = Flatten b\ny = MatMul f w\nz = MatMul g v\n"
	for _, c := range []struct{ name, graph, want string }{
		{"a sum", two + "s = Add y z\nm = Div s two\nout m", "f g"},
		{"a stack", two + "p = Unsqueeze y {name: 'axes' ints: [0]}\nr = Unsqueeze z {name: 'axes' ints: [0]}\n" +
			"s = Concat p r {name: 'axis' i: 0}\n" +
			"m = ReduceMean s {name: 'axes' ints: [0] } \nout m", "f g"},
		{"with its parts beside it", two + "s = Add y z\nm = Div s two\nout y\nout m\nout z", "f g"},
		{"of one feature", two + "y2 = MatMul f w\ns = Add y y2\nout s", "f"},
		{"one that is scaled", two + "m = Mul y two\nout m", "f"},
	} {
		f, err := build(t, 11, c.graph).FindFeature("", nil)
		var taps []string
		for _, tap := range f.Taps {
			taps = append(taps, tap.Tensor.Name)
			if tap.Classifier != "MatMul" || tap.Classes != 5 {
				t.Errorf("%s: %+v", c.name, tap)
			}
		}
		if got := strings.Join(taps, " "); err != nil || got != c.want {
			t.Errorf("%s: %q, %v, want %q", c.name, got, err, c.want)
		}
	}
	// A term of another sum isn't the whole output.
	f, err := build(t, 11, two+"e = Tanh y\ns = Add e z\nout s").FindFeature("", nil)
	if err != nil || !slices.Equal([]string{f.Taps[0].Tensor.Name}, []string{"s"}) {
		t.Errorf("%+v, %v", f, err)
	}
}

// TensorFlow's layout around a convolution on one place isn't in the way.
func TestClassifierBetweenTranspositions(t *testing.T) {
	const graph = "in x 1 N,8,8,3\nt = Transpose x {name: 'perm' ints: [0,3,1,2]}\nweight k 16,3,3,3\n" +
		"c = Conv t k\nl = Transpose c {name: 'perm' ints: [0,2,3,1]}\n" +
		"p = ReduceMean l {name: 'axes' ints: [1,2]}\nq = Transpose p {name: 'perm' ints: [0,3,1,2]}\n" +
		"weight w 5,16,1,1\nz = Conv q w\n" +
		"n = Transpose z {name: 'perm' ints: [0,2,3,1]}\nf = Flatten n\ny = Softmax f\nout y"
	if tap, err := oneTap(build(t, 13, graph), ""); err != nil || tap.Tensor.Name != "q" || tap.Classifier != "Conv" ||
		tap.Width != 16 {
		t.Errorf("%+v, %v", tap, err)
	}
}
