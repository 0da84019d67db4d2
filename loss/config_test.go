package loss

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
)

func TestConfigInvalid(t *testing.T) {
	nan := math.NaN()
	zero3 := make([]float64, 9)
	for _, c := range []struct {
		cfg     Config
		subject string
		found   string
	}{
		{Config{Name: "hinge", Classes: 3}, "Loss.Name", `"hinge"`},
		{Config{Classes: 1}, "Loss.Classes", "1 class"},
		{Config{Classes: MaxClasses + 1}, "Loss.Classes", "1001 classes"},
		{Config{Classes: -4}, "Loss.Classes", "-4 classes"},
		{Config{Classes: 3, Ground: Matrix(zero3)}, "Loss.Ground", "a matrix with {Loss.Name} cross-entropy"},
		{Config{Name: L2, Classes: 3, Ground: Matrix(zero3)}, "Loss.Ground", "a matrix with {Loss.Name} l2"},
		{Config{Name: EMD, Classes: 3, Ground: Matrix(zero3)}, "Loss.Ground", "a matrix with {Loss.Name} emd"},
		{Config{Name: EMD2, Classes: 3, Ground: Matrix(zero3[:4])}, "Loss.Ground", "4 distances"},
		{Config{Name: EMD2, Classes: 3, Ground: Matrix([]float64{})}, "Loss.Ground", "0 distances"},
		{Config{Name: EMD2, Classes: 2, Ground: Matrix([]float64{0, -1, 1, 0})}, "Loss.Ground",
			"-1 between classes 0 and 1"},
		{Config{Name: EMD2, Classes: 2, Ground: Matrix([]float64{0, 1, nan, 0})}, "Loss.Ground",
			"NaN between classes 1 and 0"},
		{Config{Name: Sinkhorn, Classes: 2, Ground: Matrix([]float64{1, 0, 0, 1})}, "Loss.Ground",
			"1 between class 0 and itself"},
		{Config{Name: EMD2, Classes: 3, Ground: GroundDistance{Positions: []float64{1, 2, 3}, Matrix: zero3}},
			"Loss.Ground", "both a matrix and positions"},
		{Config{Name: EMD2, Classes: 3, Ground: Positions([]float64{1, 2})}, "Loss.Ground.Positions", "2 positions"},
		{Config{Name: L2, Classes: 3, Ground: Positions([]float64{1, 3, 3})}, "Loss.Ground.Positions", "3 after 3"},
		{Config{Name: EMD2, Classes: 2, Ground: Positions([]float64{0, math.Inf(1)})}, "Loss.Ground.Positions",
			"+Inf for class 1"},
		{Config{Name: EMD2, Classes: 2, Ground: Positions([]float64{-1e16, 1})}, "Loss.Ground.Positions",
			"-1e+16 for class 0"},
		{Config{Name: EMD2, Classes: 3, Lambda: 2}, "Loss.Lambda", "2 with {Loss.Name} emd2"},
		{Config{Name: XEMD2, Classes: 3, Lambda: -1}, "Loss.Lambda", "-1"},
		{Config{Name: XEMD2, Classes: 3, Omega: 2}, "Loss.Omega", "2 with {Loss.Name} xemd2"},
		{Config{Name: XEMD2, Classes: 3, Ground: Matrix(zero3), Omega: -1}, "Loss.Omega", "-1"},
		{Config{Name: EMD2, Classes: 2, Ground: Matrix([]float64{0, 1e14, 0, 0}), Omega: 2}, "Loss.Omega",
			"2, which makes the largest distance 1e+28"},
		{Config{Name: Sinkhorn, Classes: 3, Mu: 0.5}, "Loss.Mu", "0.5 with {Loss.Name} sinkhorn"},
		{Config{Name: EMD2, Classes: 3, Ground: Matrix(zero3), Mu: nan}, "Loss.Mu", "NaN"},
		{Config{Name: EMD, Classes: 3, Exponent: 0.5}, "Loss.Exponent", "0.5"},
		{Config{Name: EMD, Classes: 3, Exponent: math.Inf(1)}, "Loss.Exponent", "+Inf"},
		{Config{Name: CORN, Classes: 3, Exponent: 1}, "Loss.Exponent", "1 with {Loss.Name} corn"},
		{Config{Name: Sinkhorn, Classes: 3, Gamma: -2}, "Loss.Gamma", "-2"},
		{Config{Name: Sinkhorn, Classes: 3, Gamma: 1e7}, "Loss.Gamma", "1e+07, which times the largest distance is 1e+07"},
		{Config{Name: Sinkhorn, Classes: 3, Ground: Matrix(zero3)}, "Loss.Gamma",
			"10, which times the largest distance is 0"},
		{Config{Name: CORAL, Classes: 3, Gamma: 10}, "Loss.Gamma", "10 with {Loss.Name} coral"},
	} {
		_, err := New[float32](c.cfg)
		m, ok := err.(*invalid.Error)
		if !ok {
			t.Errorf("%+v: error %v, want an invalid.Error about %s", c.cfg, err, c.subject)
			continue
		}
		if m.Field != c.subject || m.Found != c.found {
			t.Errorf("%+v: %q found %q, want %q found %q", c.cfg, m.Field, m.Found, c.subject, c.found)
		}
	}
}

func TestConfigDefaults(t *testing.T) {
	d := Matrix(Ordered().Distances(3))
	for _, c := range []struct{ in, want Config }{
		{Config{Classes: 3}, Config{Name: CrossEntropy, Classes: 3}},
		{Config{Name: EMD2, Classes: 3}, Config{Name: EMD2, Classes: 3}},
		{Config{Name: EMD2, Classes: 3, Ground: d}, Config{Name: EMD2, Classes: 3, Ground: d, Omega: 1}},
		{Config{Name: XEMD2, Classes: 3}, Config{Name: XEMD2, Classes: 3, Lambda: 1}},
		{Config{Name: XEMD2, Classes: 3, Ground: d, Lambda: 2, Omega: 3},
			Config{Name: XEMD2, Classes: 3, Ground: d, Lambda: 2, Omega: 3}},
		{Config{Name: EMD, Classes: 3}, Config{Name: EMD, Classes: 3, Exponent: 2}},
		{Config{Name: Sinkhorn, Classes: 3}, Config{Name: Sinkhorn, Classes: 3, Gamma: 10}},
	} {
		if got := c.in.WithDefaults(); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v: defaults %+v, want %+v", c.in, got, c.want)
		}
	}
}

func TestNames(t *testing.T) {
	names := Names()
	if want := strings.Fields("cross-entropy emd2 xemd2 emd sinkhorn l2 coral corn"); !slices.Equal(names, want) {
		t.Errorf("names %q, want %q", names, want)
	}
	outputs := map[string]int{L2: 1, CORAL: 4, CORN: 4}
	for _, name := range names {
		l := mustNew[float32](t, Config{Name: name, Classes: 5, Ground: Positions([]float64{1, 2, 4, 8, 16})})
		want, ok := outputs[name]
		if !ok {
			want = 5
		}
		if l.Classes() != 5 || l.Outputs() != want {
			t.Errorf("%s: %d classes and %d outputs, want 5 and %d", name, l.Classes(), l.Outputs(), want)
		}
	}
}

// FuzzConfig reads the JSON of a Config, which comes from a weight file: New makes a loss that works and
// whose Config survives a round trip, or returns an invalid.Error. Settings that pass
// give finite numbers in float32.
func FuzzConfig(f *testing.F) {
	for _, seed := range []string{
		`{"name":"emd2","classes":3}`,
		`{"name":"xemd2","classes":2,"ground":{"matrix":[0,1,2,0]},"omega":2,"mu":-0.25,"lambda":0.1}`,
		`{"name":"sinkhorn","classes":2,"ground":{"positions":[-1,5]},"gamma":1e5}`,
		`{"name":"emd","classes":4,"exponent":1e300}`,
		`{"name":"coral","classes":1000}`, `{"classes":-1}`,
		`{"name":"l2","classes":2,"ground":{"positions":[1e308,-1e308]}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var cfg Config
		if json.Unmarshal(data, &cfg) != nil || cfg.Classes > 50 && cfg.Name == Sinkhorn {
			t.Skip()
		}
		l, err := New[float32](cfg)
		if err != nil {
			if !invalid.Is(err) {
				t.Fatalf("%s: not an invalid.Error: %v", data, err)
			}
			return
		}
		target := make([]float32, cfg.Classes)
		for i := range target {
			target[i] = 1 / float32(cfg.Classes)
		}
		logits, grad := make([]float32, l.Outputs()), make([]float32, l.Outputs())
		logits[0] = 3
		value := l.Sample(logits, target, grad, NewWorkspace(l))
		for _, x := range append(grad, value) {
			if !finite(float64(x)) {
				t.Fatalf("%s: value %v, gradient %v", data, value, grad)
			}
		}
		text, err := json.Marshal(cfg)
		if err != nil {
			t.Fatal(err)
		}
		var again Config
		if err := json.Unmarshal(text, &again); err != nil {
			t.Fatal(err)
		}
		if _, err := New[float64](again); err != nil || !reflect.DeepEqual(again.WithDefaults(), cfg.WithDefaults()) {
			t.Errorf("%s came back as %+v (%v)", text, again, err)
		}
	})
}
