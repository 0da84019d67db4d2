package backbone

import (
	"encoding/json"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A wanted is what the framework computes for one way to tap a network.
type wanted struct {
	Tap  string      `json:"tap"`
	Pool string      `json:"pool"`
	Rows [][]float64 `json:"rows"`
}

// families returns the framework's features of a file such as testdata/families.json, by network.
func families(t testing.TB, file string) map[string][]wanted {
	t.Helper()
	data, err := os.ReadFile(testdata(file))
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Models map[string][]wanted `json:"models"`
	}
	if err := json.Unmarshal(data, &table); err != nil {
		t.Fatal(err)
	}
	return table.Models
}

func (w wanted) options() Options {
	o := Options{Tap: w.Tap, Threads: 1}
	for field := range strings.FieldsFuncSeq(w.Pool, func(r rune) bool { return r == ',' }) {
		g, _ := strconv.Atoi(field)
		o.Pool = append(o.Pool, g)
	}
	return o
}

// Every family must give its framework's features with no option, at several depths and over grids, and the text of
// the feature must give the same again.
func TestFamilies(t *testing.T) {
	golden := families(t, "families.json")
	maps.Copy(golden, families(t, "libraries.json")) // timm's and transformers' own code
	if len(golden) < 27+20 {
		t.Fatalf("features of %d networks", len(golden))
	}
	for name, ways := range golden {
		file := "images.npy"
		if strings.HasPrefix(name, "keras") {
			file = "images_nhwc.npy"
		}
		tensor, n := images(t, file)
		for _, w := range ways {
			t.Run(strings.TrimSpace(name+" "+w.Tap+" "+w.Pool),
				func(t *testing.T) { testFamily(t, name, w, tensor, n) })
		}
	}
}

func testFamily(t *testing.T, name string, w wanted, tensor []float32, n int) {
	b := openFixture(t, name, w.options())
	if b.Dim() != len(w.Rows[0]) {
		t.Fatalf("%d wide, want %d: %+v", b.Dim(), len(w.Rows[0]), b.Feature())
	}
	got := features(t, b, tensor, n)
	if cosine, diff := compare(got, w.Rows); !(cosine > 0.9999) {
		t.Fatalf("cosine %.7f, difference %g: %+v", cosine, diff, b.Feature())
	}
	compareBlocks(t, b.Blocks(), got, w.Rows)
	again := openFixture(t, name, Options{Tap: b.Feature().Text, Threads: 1})
	if !slices.Equal(features(t, again, tensor, n), got) || again.Feature().Text != b.Feature().Text {
		t.Errorf("%q gives another feature", b.Feature().Text)
	}
}

// compareBlocks compares each block alone, for a wide or large one would hide the others.
func compareBlocks(t *testing.T, blocks []Block, got []float32, want [][]float64) {
	t.Helper()
	dim, next := len(want[0]), 0
	for _, k := range blocks {
		if k.Offset != next || k.Row >= max(k.Grid, 1) || k.Column >= max(k.Grid, 1) {
			t.Errorf("%+v after %d numbers", k, next)
		}
		next += k.Width
		var part []float32
		var rows [][]float64
		for r, row := range want {
			part = append(part, got[r*dim+k.Offset:][:k.Width]...)
			rows = append(rows, row[k.Offset:][:k.Width])
		}
		if cosine, diff := compare(part, rows); !(cosine > 0.9999) {
			t.Errorf("block %+v: cosine %.7f, difference %g", k, cosine, diff)
		}
	}
	if next != dim {
		t.Errorf("the blocks hold %d of %d numbers", next, dim)
	}
}

// Networks of 8 bits, in both of ONNX Runtime's forms, keep the direction of their float features, also inside and
// over a grid.
func TestQuantized(t *testing.T) {
	tensor, n := images(t, "images.npy")
	for _, name := range []string{"mobilenet_v2_13", "resnet_basic_11"} {
		for _, o := range []Options{{}, {Pool: []int{1, 2}}, {Tap: Multi, Pool: []int{1, 3}}} {
			o.Threads = 1
			float := openFixture(t, name, o)
			row := features(t, float, tensor, n)
			want := make([][]float64, n)
			for i, v := range row {
				want[i/float.Dim()] = append(want[i/float.Dim()], float64(v))
			}
			for _, form := range []string{"_qdq", "_qlinear"} {
				b := openFixture(t, name+form, o)
				if b.Dim() != float.Dim() {
					t.Errorf("%s%s: %d wide, not %d: %+v", name, form, b.Dim(), float.Dim(), b.Feature())
					continue
				}
				if cosine, _ := compare(features(t, b, tensor, n), want); !(cosine > 0.97) {
					t.Errorf("%s%s %v: cosine %.4f: %+v", name, form, o, cosine, b.Feature())
				}
			}
		}
	}
}
