package graph

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
)

func embedded(t testing.TB) *Model {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", "..", "models", "efficientnet_lite0.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse("efficientnet_lite0.onnx", data)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The widths of EfficientNet-Lite0's nine residual sums and its last feature, as its paper's table has them.
func TestMultiOfEfficientNet(t *testing.T) {
	m := embedded(t)
	channels := []int{24, 40, 80, 80, 112, 112, 192, 192, 192, 1280}
	for _, c := range []struct {
		pool  []int
		width int
	}{{nil, 2304}, {[]int{1, 3}, 11520}, {[]int{3}, 9*1024 + 1280}} {
		f, err := m.FindFeature(Multi, c.pool)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, tap := range f.Taps {
			got = append(got, tap.Width)
		}
		if f.Width != c.width || !slices.Equal(got, channels) {
			t.Errorf("pool %v: %d wide from %v, want %d from %v", c.pool, f.Width, got, c.width, channels)
		}
		if again, err := m.FindFeature(f.Text, nil); err != nil || !reflect.DeepEqual(again.Blocks(), f.Blocks()) {
			t.Errorf("%q is another feature (%v)", f.Text, err)
		}
	}
}

const deep = "in x 1 N,3,32,32\nweight k 8,3,3,3\nweight q 8,8,3,3\n" +
	"a = Conv x k {name: 'strides' ints: [4,4]}\nb = Relu a\nc = Conv b q {name: 'pads' ints: [1,1,1,1]}\n" +
	"d = Add b c\ne = Relu d\n" +
	"f = Conv e q {name: 'strides' ints: [2,2]}\ng = Relu f\nh = Conv g q {name: 'pads' ints: [1,1,1,1]}\n" +
	"i = Add h g\n" +
	"p = GlobalAveragePool i\nv = Flatten p\nweight w 8,5\ny = MatMul v w\nout y\n"

func TestFindFeature(t *testing.T) {
	m := build(t, 13, deep)
	for _, c := range []struct {
		name, tap string
		pool      []int
		text      string
		width     int
		grids     [][]int
	}{
		{"found", "", nil, "v", 8, [][]int{{1}}},
		{"a map", "e", []int{2, 1}, "e pool=2,1", 40, [][]int{{2, 1}}},
		{"the map behind a vector", "", []int{1, 3}, "v pool=1,3", 80, [][]int{{3}, {1}}},
		{"its grid alone", "v", []int{3}, "v pool=3", 72, [][]int{{3}}},
		{"several", "v, e,b", nil, "v,e,b", 24, [][]int{{1}, {1}, {1}}},
		{"a mean that another tap is", "i,v", nil, "v", 8, [][]int{{1}}},
		{"and its grid", "i,v", []int{1, 2}, "i,v pool=1,2", 40, [][]int{{2}, {1}}},
		{"several depths", Multi, nil, "e,v", 16, [][]int{{1}, {1}}},
		{"several depths on grids", Multi, []int{1, 2}, "e,i,v pool=1,2", 80, [][]int{{1, 2}, {2}, {1}}},
		{"a text", "e,i,v pool=1,2", nil, "e,i,v pool=1,2", 80, [][]int{{1, 2}, {2}, {1}}},
		{"a text with other grids", "e pool=1,2", []int{1}, "e", 8, [][]int{{1}}},
	} {
		f, err := m.FindFeature(c.tap, c.pool)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var grids [][]int
		for _, tap := range f.Taps {
			grids = append(grids, tap.Grids)
		}
		if f.Width != c.width || !reflect.DeepEqual(grids, c.grids) {
			t.Errorf("%s: %d wide, grids %v; want %d, %v", c.name, f.Width, grids, c.width, c.grids)
		}
		if c.text != f.Text {
			t.Errorf("%s: text %q, want %q", c.name, f.Text, c.text)
		}
		if again, err := m.FindFeature(f.Text, nil); err != nil || !reflect.DeepEqual(again.Blocks(), f.Blocks()) {
			t.Errorf("%s: the text %q is another feature (%v)", c.name, f.Text, err)
		}
	}
}

func TestFindFeatureRefuses(t *testing.T) {
	m := build(t, 13, deep)
	plain := build(t, 13, "in x 1 N,3,8,8\nweight w 192,5\nv = Flatten x\nh = Tanh v\ny = MatMul h w\nout y")
	for _, c := range []struct {
		name string
		m    *Model
		tap  string
		pool []int
		want string
	}{
		{"no cells", m, "", []int{0}, "Images.Pool: 0; expected grids from 1 to 16"},
		{"too many cells", m, "", []int{17}, "Images.Pool: 17"},
		{"a grid twice", m, "", []int{3, 3}, "Images.Pool: 3,3"},
		{"a text of no numbers", m, "v pool=x", nil, `Images.Pool: "x"`},
		{"a tensor twice", m, "e,e", nil, `"e" is named twice`},
		{"one that isn't there", m, "e,zz", nil, `"zz" is no tensor`},
		{"nothing between two names", m, "e,,v", nil, `"" is no tensor`},
		{"a vector of no map", plain, "", []int{1, 3}, `"h" is N×192, and no map before it is known`},
		{"no stages", plain, Multi, nil, "no earlier stage was found"},
	} {
		if _, err := c.m.FindFeature(c.tap, c.pool); !invalid.Is(err) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

// A name may hold a comma, and even be called multi.
func TestFindFeatureTakesNamesAsTheyAre(t *testing.T) {
	m := build(t, 13, "in x 1 N,3,8,8\nb,c = Relu x\nb = Relu b,c\nc = Relu b\nmulti = Relu c\nout multi")
	for _, name := range []string{"b,c", Multi} {
		if f, err := m.FindFeature(name, nil); err != nil || len(f.Taps) != 1 || f.Taps[0].Tensor.Name != name {
			t.Errorf("%s: %+v, %v", name, f, err)
		}
	}
}

func TestBlocks(t *testing.T) {
	f, err := build(t, 13, deep).FindFeature("e,v", []int{1, 2})
	if err != nil {
		t.Fatal(err)
	}
	want := []Block{
		{"e", 0, 1, 0, 0, 0, 8, ""}, {"e", 0, 2, 0, 0, 8, 8, ""}, {"e", 0, 2, 0, 1, 16, 8, ""},
		{"e", 0, 2, 1, 0, 24, 8, ""}, {"e", 0, 2, 1, 1, 32, 8, ""},
		{"v", 1, 1, 0, 0, 40, 8, ""},
	}
	if got := f.Blocks(); !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// A gate multiplies and a block of attention is half a block: neither ends one.
func TestJoints(t *testing.T) {
	const gate = "in x 1 N,3,8,8\nweight k 4,3,1,1\na = Conv x k\ns = Sigmoid a\nb = Mul a s\nweight m 4,4,1,1\n" +
		"q = Conv b m\nr = Softmax q\nc = Add b r\n" +
		"d = Conv c m\ne = Relu d\nf = Add c e\nsh = Shape c\ng = Reshape f sh\nh = Concat g a\nout h"
	m := build(t, 13, gate)
	var got []string
	for _, j := range m.joints("g") {
		name := j.tensor
		if j.closes {
			name += "!"
		}
		got = append(got, name)
	}
	if want := []string{"a", "b", "c", "f!", "g"}; !slices.Equal(got, want) {
		t.Errorf("joints %v, want %v", got, want)
	}
	if all := m.joints("h"); slices.ContainsFunc(all, func(j joint) bool { return j.tensor == "c" }) ||
		!all[len(all)-1].closes {
		t.Errorf("what another branch passes by is no joint: %+v", all)
	}
}
