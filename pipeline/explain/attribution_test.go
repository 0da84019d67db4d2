package explain

import (
	"errors"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/backbone"
	"finetune/head"
	"finetune/label"
	"finetune/loss"
	"finetune/pipeline/features"
)

// randomHead returns a head with random weights for features of the given width.
func randomHead(t testing.TB, name string, classes, width, hidden int) *head.Head {
	t.Helper()
	r := rand.New(rand.NewPCG(3, uint64(width)))
	names := make([]string, classes)
	for k := range names {
		names[k] = string(rune('a' + k))
	}
	space, err := label.New(names, nil)
	if err != nil {
		t.Fatal(err)
	}
	config := loss.Config{Name: name, Classes: classes}
	l, err := loss.New[float32](config)
	if err != nil {
		t.Fatal(err)
	}
	var n head.Network
	sizes := []int{width, l.Outputs()}
	if hidden > 0 {
		sizes = []int{width, hidden, l.Outputs()}
	}
	for i := range sizes[1:] {
		layer := head.Layer{In: sizes[i], Out: sizes[i+1], Weight: make([]float32, sizes[i]*sizes[i+1]),
			Bias: make([]float32, sizes[i+1])}
		for j := range layer.Weight {
			layer.Weight[j] = float32(r.NormFloat64() / math.Sqrt(float64(layer.In)))
		}
		for j := range layer.Bias {
			layer.Bias[j] = float32(r.NormFloat64())
		}
		n.Layers = append(n.Layers, layer)
	}
	h, err := head.New(n, head.Description{Space: space, Loss: config, Temperature: 1.7})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func targetsOf(t testing.TB, h *head.Head) *TargetBuilder {
	t.Helper()
	a, err := NewTargetBuilder(h)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// noise returns n normally distributed values.
func noise(n int, seed uint64) []float32 {
	r := rand.New(rand.NewPCG(seed, 9))
	out := make([]float32, n)
	for i := range out {
		out[i] = float32(r.NormFloat64())
	}
	return out
}

// TestMapsAddUpToTheLogit: for a linear head the map of a class adds up to the difference of the target between the
// image and the reference, in every fixture network with activation maps, at all depths and grids.
func TestMapsAddUpToTheLogit(t *testing.T) {
	files, err := filepath.Glob("../../backbone/testdata/*.onnx")
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, file := range files {
		if strings.Contains(file, "_qdq") || strings.Contains(file, "_qlinear") || strings.Contains(file, "_half") {
			continue // quantized means are rounded; see TestSharesAddUp of backbone
		}
		mapper, err := backbone.OpenMaps(file, backbone.Options{Tap: features.Multi, Pool: []int{1, 3}, Threads: 1})
		if err != nil {
			if !errors.Is(err, backbone.ErrNoMaps) {
				mapper, err = backbone.OpenMaps(file, backbone.Options{Threads: 1}) // it has no stages
			}
			if err != nil {
				continue
			}
		}
		defer mapper.Close()
		seen++
		in := mapper.Input()
		size := 3 * max(in.Height, 32) * max(in.Width, 32)
		other, err := mapper.Maps(t.Context(), noise(size, 1))
		if err != nil {
			t.Fatal(file, err)
		}
		for _, mean := range [][]float32{nil, other.Feature} {
			h := randomHead(t, loss.EMD2, 4, mapper.Dim(), 0)
			m := &CAM{Head: h, Mapper: mapper, Mean: mean, Height: 48, Width: 40}
			a, err := m.Attribute(t.Context(), noise(size, 2),
				func(class int) []Target { return targetsOf(t, h).targets(class, (class+1)%4, (class+2)%4) })
			if err != nil {
				t.Fatal(file, err)
			}
			from := mean
			if mean == nil {
				from = make([]float32, mapper.Dim())
			}
			base, err := predict(h, from) // of zeros: the biases
			if err != nil {
				t.Fatal(err)
			}
			for i, q := range a.targets[:3] {
				want := q.value(a.logits) - q.value(base.logits)
				if !a.exact(q) || !(math.Abs(a.sums[i]-want) <= 1e-4*max(math.Abs(want), 0.1)) {
					t.Errorf("%s: class %d: the map adds up to %v, not %v", file, q.class, a.sums[i], want)
				}
			}
		}
	}
	if seen < 20 {
		t.Errorf("only %d networks have activation maps", seen)
	}
}

// TestTargetGradients compares numerical gradients with analytical ones.
func TestTargetGradients(t *testing.T) {
	z := []float64{0.3, -1.2, 2.0, 0.4}
	for _, name := range []string{loss.EMD2, loss.CrossEntropy, loss.CORAL, loss.CORN, loss.L2} {
		h := randomHead(t, name, 4, 5, 0)
		a := targetsOf(t, h)
		z := z[:h.Outputs()]
		order := a.Order()
		got := order.gradient(z)
		p := a.probabilities(z)
		sigma := func(v float64) float64 { return 1 / (1 + math.Exp(-v/1.7)) }
		want := make([]float64, len(z))
		switch name {
		case loss.L2:
			want[0] = 1
		case loss.CORAL: // thresholds out of order are lowered to those before them: the third follows the second
			want[0] = sigma(z[0]) * (1 - sigma(z[0])) / 1.7
			want[1] = 2 * sigma(z[1]) * (1 - sigma(z[1])) / 1.7
		case loss.CORN: // Σₖ Πⱼ≤ₖ σ(zⱼ)
			s0, s1, s2 := sigma(z[0]), sigma(z[1]), sigma(z[2])
			want = []float64{s0 * (1 - s0) * (1 + s1 + s1*s2) / 1.7, s0 * s1 * (1 - s1) * (1 + s2) / 1.7,
				s0 * s1 * s2 * (1 - s2) / 1.7}
		default:
			for k := range want {
				want[k] = p[k] * (float64(k) - expectedClass(p)) / 1.7
			}
		}
		if !slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-7 }) {
			t.Errorf("%s: order %v, want %v", name, got, want)
		}
		q, ok := a.forClass(2)
		if ok != (name != loss.L2) {
			t.Errorf("%s: has a class target: %v", name, ok)
		}
		if softmax := h.Outputs() == 4; ok && softmax != q.linear {
			t.Errorf("%s: linear %v", name, q.linear)
		}
		if ok && q.linear {
			third := -1.0 / 3
			if got := q.gradient(z); !slices.EqualFunc(got, []float64{third, third, 1, third},
				func(a, b float64) bool { return math.Abs(a-b) < 1e-7 }) {
				t.Errorf("%s: class 2 %v", name, got)
			}
		}
		if want := map[bool]int{true: 4, false: 1}[ok]; len(a.targets(2, 1, 0)) != want ||
			len(a.targets(2, 2, 2)) != min(want, 2) || len(a.targets(2, -1, -1)) != min(want, 2) {
			t.Errorf("%s: %d targets", name, len(a.targets(2, 1, 0)))
		}
	}
}
