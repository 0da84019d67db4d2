package graph

import (
	"bytes"
	"testing"
)

func twoLayers() Head {
	return Head{
		Layers: []Dense{
			{In: 2, Out: 3, Weight: []float32{1, 2, 3, 4, 5, 6}, Bias: []float32{1, 0, -1}},
			{In: 3, Out: 2, Weight: []float32{1, -1, 1, 0, 1, 2}, Bias: []float32{0, 1}},
		},
		Probability: Softmax,
		Metadata:    map[string]string{"classes": `["low","high"]`, "a": "1", "b": "2", "c": "3"},
	}
}

// What the model computes is tested in package backbone, which can run it.
func TestHeadModel(t *testing.T) {
	data, err := HeadModel(twoLayers())
	if err != nil {
		t.Fatal(err)
	}
	for range 20 { // map order must not show
		if again, _ := HeadModel(twoLayers()); !bytes.Equal(again, data) {
			t.Fatal("the same head gives other bytes")
		}
	}
	m, err := Parse("head.onnx", data)
	if err != nil {
		t.Fatal(err)
	}
	if got := m.Metadata("classes"); got != `["low","high"]` {
		t.Errorf("classes %q", got)
	}
	if in, out := m.Inputs(), m.Outputs(); in[0].String() != "features float32 N×2" || len(out) != 2 ||
		out[0].String() != "logits float32 N×2" || out[1].String() != "probabilities float32 N×2" {
		t.Errorf("%v → %v", in, out)
	}
}

func TestHeadModelRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*Head){
		"no layers":      func(h *Head) { h.Layers = nil },
		"a short weight": func(h *Head) { h.Layers[0].Weight = h.Layers[0].Weight[1:] },
		"a gap":          func(h *Head) { h.Layers = []Dense{h.Layers[1], h.Layers[1]} },
		"unknown rule":   func(h *Head) { h.Probability = "corn" },
		"no positions":   func(h *Head) { h.Probability = Position },
	} {
		h := twoLayers()
		spoil(&h)
		if _, err := HeadModel(h); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
