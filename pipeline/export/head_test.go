package export

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"testing"

	"finetune/head"
	"finetune/internal/onnx/deploy"
	"finetune/internal/ort/verify"
	"finetune/loss"
	"finetune/pipeline/calibration"
)

// matrix is a ground distance that lies on no line.
var matrix = []float64{
	0, 1, 9, 9, 9,
	1, 0, 1, 4, 9,
	2, 1, 0, 1, 2,
	9, 3, 1, 0, 1,
	9, 9, 9, 5, 0,
}

// headSpecs are heads with every loss, with and without a hidden layer, and every decision, among them with
// temperatures, positions, matrices and prediction sets.
func headSpecs() []headSpec {
	var list []headSpec
	for i, name := range loss.Names() {
		for j, d := range head.Decisions() {
			for hidden := 0; hidden <= 8; hidden += 8 {
				s := headSpec{loss: name, decision: d, hidden: hidden, t: 1, threshold: 0.5 + 0.1*float64((i+j)%5)}
				if (i+j)%2 == 0 {
					s.t = 1.9
				}
				if j%2 == 1 || name == loss.L2 {
					s.positions = []float64{-3, 0, 1.5, 2, 7}
				}
				if name == loss.EMD2 && d == head.LeastDistance {
					s.positions, s.matrix = nil, matrix
				}
				if hidden > 0 {
					s.values = []float64{5, 20, 35, 50, 80}
				}
				list = append(list, s)
			}
		}
	}
	return list
}

// openHead exports the head alone.
func openHead(t testing.TB, h *head.Head) *verify.Model {
	t.Helper()
	path := filepath.Join(t.TempDir(), "head.onnx")
	if _, err := ONNX(t.Context(), path, h, nil, Options{Input: deploy.Features}); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

func open(t testing.TB, path string) *verify.Model {
	t.Helper()
	m, err := verify.Open(t.Context(), path, verify.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

// A head that is exported alone must answer as package head and package calibration do.
func TestHead(t *testing.T) {
	const n, width = 300, 12
	r := rand.New(rand.NewPCG(4, 2))
	rows := make([]float32, n*width)
	for i := range rows {
		rows[i] = float32(r.NormFloat64())
	}
	for _, spec := range headSpecs() {
		t.Run(fmt.Sprintf("%s %s %d", spec.loss, spec.decision, spec.hidden), func(t *testing.T) {
			h := trained(t, spec, rows, width, head.Origin{})
			got, err := openHead(t, h).Floats(t.Context(), rows, n, width)
			if err != nil {
				t.Fatal(err)
			}
			logits := make([]float32, n*h.Outputs())
			f := head.Features{Rows: n, Cols: width, Data: rows}
			if err := h.Logits(f, f.All(), 1, logits); err != nil {
				t.Fatal(err)
			}
			near(t, "logits", got.Logits, logits, 1e-4)
			near(t, "probabilities", got.Probabilities, probabilities(t, h, rows), 2e-6)
			checkDecisions(t, h, spec, got)
		})
	}
}

func near(t *testing.T, what string, got, want []float32, bound float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d %s, want %d", len(got), what, len(want))
	}
	for i := range got {
		if !(math.Abs(float64(got[i])-float64(want[i])) <= bound) {
			t.Fatalf("%s: number %d is %v, want %v", what, i, got[i], want[i])
		}
	}
}

// checkDecisions compares what the model makes of its own probabilities. The classes taken must vary, or the test
// would say little.
func checkDecisions(t *testing.T, h *head.Head, spec headSpec, got *verify.Answers) {
	t.Helper()
	values := spec.values
	if values == nil {
		values = positions(h.Description())
	}
	taken := map[int64]bool{}
	for i, class := range got.Class {
		p := got.Probabilities[i*classes : (i+1)*classes]
		taken[class] = true
		if want := h.Decide(p); int(class) != want {
			t.Errorf("class %d, want %d of %v", class, want, p)
		}
		var expected float64
		for k, v := range values {
			expected += v * float64(p[k])
		}
		if math.Abs(float64(got.Expected[i])-expected) > 1e-4 {
			t.Errorf("expected value %v, want %v of %v", got.Expected[i], expected, p)
		}
		low, high := calibration.Interval(p, int(class), spec.threshold)
		if int(got.Low[i]) != low || int(got.High[i]) != high {
			t.Errorf("%d to %d, want %d to %d of %v around %d", got.Low[i], got.High[i], low, high, p, class)
		}
	}
	if len(taken) < 2 {
		t.Errorf("%d classes are taken", len(taken))
	}
}

// Prediction sets of distributions with many equal probabilities, whose sums are exact, must be those of package
// calibration, at thresholds that sums are equal to, too.
func TestSets(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	for _, k := range []int{2, 3, 4, 7, 12, 33} {
		for _, threshold := range []float64{0, 0.25, 0.5, 0.8125, 1} {
			const n = 60
			m := identity(t, k, threshold)
			rows := make([]float32, n*k)
			for i := range n {
				for range 32 { // thirty-seconds
					rows[i*k+r.IntN(k)] += 1. / 32
				}
			}
			logs := make([]float32, len(rows))
			for i, p := range rows {
				logs[i] = float32(math.Log(max(float64(p), 1e-30)))
			}
			got, err := m.Floats(t.Context(), logs, n, int64(k))
			if err != nil {
				t.Fatal(err)
			}
			near(t, "probabilities", got.Probabilities, rows, 1e-6)
			for i, class := range got.Class {
				p := rows[i*k : (i+1)*k]
				low, high := calibration.Interval(p, int(class), threshold)
				if int(got.Low[i]) != low || int(got.High[i]) != high {
					t.Errorf("threshold %v: %d to %d, want %d to %d of %v around %d",
						threshold, got.Low[i], got.High[i], low, high, p, class)
				}
			}
		}
	}
}

// identity is a model whose probabilities are the softmax of its input.
func identity(t *testing.T, k int, threshold float64) *verify.Model {
	t.Helper()
	layer := deploy.Dense{In: k, Out: k, Weight: make([]float32, k*k), Bias: make([]float32, k)}
	for i := range k {
		layer.Weight[i*k+i] = 1
	}
	h := deploy.Head{Rule: deploy.Softmax, Decision: deploy.Median, Threshold: &threshold}
	h.Layers = []deploy.Dense{layer}
	m, err := deploy.Build("identity", deploy.Design{Input: deploy.Features, Head: h})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "identity.onnx")
	if _, err := deploy.Write(t.Context(), path, m, "", 0); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}
