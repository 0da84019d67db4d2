package loss

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// plan returns the transport plan that the last Sample left in ws, K × K.
func plan(ws *Workspace[float64], k int) []float64 {
	w := ws.transport
	m := len(w.columns)
	full := make([]float64, k*k)
	for i := range k {
		for j, column := range w.columns {
			full[i*k+column] = ws.p[i] * w.q[i*m+j]
		}
	}
	return full
}

// TestSinkhornPlan checks the optimum by its definition: the plan has the margins p and t, and the primal
// value of that plan, ⟨Π, D⟩ + Σ Π (log Π − 1)/γ, is the value returned, which is the dual one.
func TestSinkhornPlan(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for _, k := range []int{2, 3, 8, 40} {
		for _, gamma := range []float64{0.1, 1, 10, 100, 1000, 1e4} {
			for _, scale := range []float64{0.5, 3, 30} {
				t.Run(fmt.Sprintf("K=%d/γ=%v/logits=%v", k, gamma, scale), func(t *testing.T) {
					_, matrix := randomGround(rng, k)
					l := mustNew[float64](t, Config{Name: Sinkhorn, Classes: k, Ground: matrix, Gamma: gamma})
					ws := NewWorkspace(l)
					target := make([]float64, k)
					softTargets(rng, target)
					value := l.Sample(randomLogits(rng, k, scale), target, nil, ws)
					pi := plan(ws, k)
					var primal, wrong float64
					for j := range k {
						var column float64
						for i := range k {
							x := pi[i*k+j]
							column += x
							if x > 0 {
								primal += x*matrix.Matrix[i*k+j] + x*(math.Log(x)-1)/gamma
							}
						}
						wrong += math.Abs(column - target[j])
					}
					if !(wrong < 1e-10) {
						t.Errorf("the plan's columns are off by %v", wrong)
					}
					if !(math.Abs(primal-value) <= 1e-10*(1+math.Abs(value))) {
						t.Errorf("primal value %.15g, returned %.15g", primal, value)
					}
				})
			}
		}
	}
}

// TestSinkhornExact: for large γ the value approaches the cost of exact transport, which on a line is the area
// between the cumulative distributions, from below and by no more than the entropy term can be, (2 log K + 1)/γ.
func TestSinkhornExact(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 6))
	for range 20 {
		const k = 7
		positions, _ := randomGround(rng, k)
		s := positions.Positions
		logits, target, p := randomLogits(rng, k, 2), make([]float64, k), make([]float64, k)
		softTargets(rng, target)
		softmax(logits, p)
		var exact, cumulative float64
		for i := range k - 1 {
			cumulative += p[i] - target[i]
			exact += math.Abs(cumulative) * (s[i+1] - s[i]) / (s[k-1] - s[0])
		}
		before := math.Inf(1)
		for _, gamma := range []float64{10, 100, 1e3, 1e4} {
			off := exact - sampleOf(t, Config{Name: Sinkhorn, Ground: positions, Gamma: gamma}, logits, target)
			if off < 0 || off > (2*math.Log(k)+1)/gamma || off >= before {
				t.Errorf("γ = %v: below the exact cost %v by %v (before by %v)", gamma, exact, off, before)
			}
			before = off
		}
	}
}

// TestSinkhornSymmetry: with a symmetric distance, exchanging prediction and target doesn't change the cost.
func TestSinkhornSymmetry(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	const k = 6
	logP, logT := randomLogits(rng, k, 1), randomLogits(rng, k, 1)
	p, q := make([]float64, k), make([]float64, k)
	softmax(logP, p)
	softmax(logT, q)
	there := sampleOf(t, Config{Name: Sinkhorn}, logP, q)
	back := sampleOf(t, Config{Name: Sinkhorn}, logT, p)
	if math.Abs(there-back) > 1e-13 {
		t.Errorf("%v there, %v back", there, back)
	}
}

// TestSinkhornNearlyOneHot compares the solver near one-hot targets with their closed form.
func TestSinkhornNearlyOneHot(t *testing.T) {
	logits := []float64{1, -2, 0.5, 3}
	exact := sampleOf(t, Config{Name: Sinkhorn}, logits, []float64{0, 1, 0, 0})
	for _, eps := range []float64{1e-4, 1e-8, 1e-12} {
		near := sampleOf(t, Config{Name: Sinkhorn}, logits, []float64{0, 1 - eps, 0, eps})
		if off := math.Abs(near - exact); off > 10*eps*(1-math.Log(eps)) {
			t.Errorf("share %v elsewhere moves the value by %v", eps, off)
		}
	}
}

// TestSinkhornRoundedTarget: a target whose sum is off by what CheckTarget allows still has a plan.
func TestSinkhornRoundedTarget(t *testing.T) {
	l := mustNew[float64](t, Config{Name: Sinkhorn, Classes: 3})
	ws := NewWorkspace(l)
	target := []float64{0.2, 0.3, 0.5 + 0.9*sumTolerance}
	if err := l.CheckTarget(target); err != nil {
		t.Fatal(err)
	}
	l.Sample([]float64{1, 0, -1}, target, nil, ws)
	if off := ws.transport.mismatch(); !(off < 1e-12) {
		t.Errorf("the plan's columns are off by %v", off)
	}
}
