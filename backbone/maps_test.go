package backbone

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// wave returns n weights of both signs without pattern.
func wave(n int) []float32 {
	w := make([]float32, n)
	for i := range w {
		w[i] = float32(math.Sin(1 + 0.7*float64(i)))
	}
	return w
}

// total adds up what all places and the rest bring.
func total(shares []Share) float64 {
	var sum float64
	for _, s := range shares {
		sum += s.Elsewhere
		for _, v := range s.Values {
			sum += v
		}
	}
	return sum
}

// byPlace names fixtures whose last feature is a mean over places.
var byPlace = []string{"densenet", "dino_patches", "efficientnet", "keras", "mnasnet", "mobilenet_v2", "nhwc",
	"regnet", "resnet", "resnext", "shufflenet",
	"squeezenet", "static_batch", "dinov2_tokens", "dinov2_registers", "timm_nfnet", "timm_swin", "swin_16", "swin_v2",
	"two_heads"}

// rounding is how far the mean of a network's own may lie from that of its map, as a share of what is summed up.
func rounding(file string) float64 {
	switch {
	case hasAny(file, []string{"_qdq", "_qlinear"}):
		return 0.02
	case hasAny(file, []string{"_half"}):
		return 1e-3
	}
	return 1e-6
}

func hasAny(name string, parts []string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(name, p) })
}

// The places must add up to the product of weights and features, whatever the network, depth, grid and row to compare
// with.
func TestSharesAddUp(t *testing.T) {
	files, err := filepath.Glob(testdata("*.onnx"))
	if err != nil || len(files) < 50 {
		t.Fatal(len(files), err)
	}
	mapped := map[string]int{}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".onnx")
		for _, o := range []Options{{}, {Tap: Multi, Pool: []int{1, 3}}} {
			o.Threads = 1
			mapped[name] += testShares(t, file, o)
		}
	}
	for name, n := range mapped {
		if want := hasAny(name, byPlace); want != (n > 0) {
			t.Errorf("%s: %d maps, want some: %v", name, n, want)
		}
	}
}

// testShares returns how many maps a network gives, 0 where its feature has none.
func testShares(t *testing.T, file string, o Options) int {
	t.Helper()
	m, err := OpenMaps(file, o)
	if err != nil {
		if plain, openErr := Open(file, o); openErr == nil {
			plain.Close()
			if !errors.Is(err, ErrNoMaps) {
				t.Errorf("%s %v: %v", file, o, err)
			}
		}
		return 0
	}
	defer m.Close()
	image := make([]float32, 3*max(m.Input().Height, 32)*max(m.Input().Width, 32))
	for i := range image {
		image[i] = float32(math.Sin(float64(i)*0.37) + math.Cos(float64(i/77)))
	}
	maps, err := m.Maps(t.Context(), image)
	if err != nil {
		t.Errorf("%s %v: %v", file, o, err)
		return 0
	}
	if got := features(t, openPath(t, file, o), image, 1); !near(got, maps.Feature) {
		t.Errorf("%s %v: the features differ", file, o)
	}
	w, from := wave(m.Dim()), wave(m.Dim() + 5)[5:]
	for _, base := range [][]float32{nil, from} {
		var want, size float64
		for i, v := range maps.Feature {
			d := float64(v)
			if base != nil {
				d -= float64(base[i])
			}
			want += float64(w[i]) * d
			size += math.Abs(float64(w[i]) * d)
		}
		if got := total(maps.Share(w, base)); !(math.Abs(got-want) <= 1e-4*math.Abs(want)+rounding(file)*size) {
			t.Errorf("%s %v: the places add up to %v, not %v; %v are summed up", file, o, got, want, size)
		}
	}
	return len(maps.planes)
}

func near(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x,
		y float32) bool {
		return math.Abs(float64(x-y)) <= 1e-5*(1+math.Abs(float64(x)))
	})
}

// Each place must have what torch's autograd gives it (testdata/make_maps.py).
func TestSharesLikeTorch(t *testing.T) {
	data, err := os.ReadFile(testdata("maps.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Cases []struct {
			Network, Tap string
			Pool         []int
			Weights      []float32
			Maps         [][][]float64
		}
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	tensor, n := images(t, "images.npy")
	for _, c := range golden.Cases {
		m, err := OpenMaps(testdata(c.Network), Options{Tap: c.Tap, Pool: c.Pool, Threads: 1})
		if err != nil {
			t.Fatal(c.Network, err)
		}
		defer m.Close()
		maps, err := m.Maps(t.Context(), tensor[:len(tensor)/n])
		if err != nil {
			t.Fatal(c.Network, err)
		}
		shares := maps.Share(c.Weights, nil)
		if len(shares) != len(c.Maps) {
			t.Fatalf("%s: %d maps, not %d", c.Network, len(shares), len(c.Maps))
		}
		for i, s := range shares {
			want := slices.Concat(c.Maps[i]...)
			if s.Height != len(c.Maps[i]) || len(s.Values) != len(want) {
				t.Fatalf("%s: map %d is %d × %d", c.Network, i, s.Height, s.Width)
			}
			for j, v := range s.Values {
				if !(math.Abs(v-want[j]) <= 1e-5) {
					t.Fatalf("%s: map %d place %d: %v, not %v", c.Network, i, j, v, want[j])
				}
			}
		}
	}
}

func TestClosedMapper(t *testing.T) {
	m, err := OpenMaps(testdata("resnet_basic_11.onnx"), Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	image := make([]float32, 3*32*32)
	if _, err := m.Maps(t.Context(), image[1:]); err == nil {
		t.Error("a tensor of another size: no error")
	}
	for range 2 {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := m.Maps(t.Context(), image); err == nil {
		t.Error("closed: no error")
	}
}
