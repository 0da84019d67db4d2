package closedform

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"

	"finetune/internal/linalg/dense"
	"finetune/invalid"
	"finetune/loss"
)

// golden are problems that numpy and scipy solved, leave-one-out predictions by refits.
type golden struct {
	Classes         int
	Lambda, Penalty float64
	EMDWeight       float64 `json:"emd_weight"`
	Problems        []goldenProblem
}

type goldenProblem struct {
	Columns                    int
	Features, Targets, Weights []float32
	Groups                     []int
	Scores, Weight, Bias       []float64
}

func TestGolden(t *testing.T) {
	text, err := os.ReadFile("testdata/closed_form.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	for i, want := range g.Problems {
		p := Problem{
			Cols: want.Columns, Data: want.Features, Targets: want.Targets, Weights: want.Weights, Groups: want.Groups,
			Loss: loss.Config{Name: loss.XEMD2, Classes: g.Classes, Lambda: g.EMDWeight},
		}
		checkScores(t, p, g.Lambda, want.Scores)
		r, err := Fit(context.Background(), p, Options{Lambdas: []float64{g.Lambda}, Penalties: []float64{g.Penalty}})
		if err != nil {
			t.Fatal(err)
		}
		for j, v := range append(append([]float32(nil), r.Weight...), r.Bias...) {
			if w := slices.Concat(want.Weight, want.Bias)[j]; !(math.Abs(float64(v)-w) < 1e-5*(1+math.Abs(w))) {
				t.Errorf("problem %d: number %d of the head is %g, want %g", i, j, v, w)
			}
		}
	}
}

func checkScores(t *testing.T, p Problem, relative float64, want []float64) {
	t.Helper()
	ctx := context.Background()
	pool := dense.NewPool(1)
	defer pool.Close()
	r, err := newRows(ctx, pool, &p, 0)
	if err != nil {
		t.Fatal(err)
	}
	s, err := newRidge(ctx, pool, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.fit(ctx, relative*r.squaredLength); err != nil {
		t.Fatal(err)
	}
	got, err := s.leaveOut(ctx, allOf(r.groups))
	if err != nil {
		t.Fatal(err)
	}
	for place, e := range r.order {
		ours, theirs := got[place*r.outputs:(place+1)*r.outputs], want[e*r.outputs:(e+1)*r.outputs]
		if !floats.EqualApprox(ours, theirs, 1e-9) {
			t.Errorf("example %d: scores %g, want %g", e, ours, theirs)
		}
	}
}

// TestSameBytes compares results on one and on three threads, of both systems.
func TestSameBytes(t *testing.T) {
	for _, cols := range []int{7, 90} {
		p := variants(60, cols, 5)["all"]
		var results []*Result
		for _, threads := range []int{1, 3} {
			r, err := Fit(context.Background(), p, Options{Threads: threads, Seed: 4})
			if err != nil {
				t.Fatal(err)
			}
			results = append(results, r)
		}
		a, b := results[0], results[1]
		if !slices.Equal(a.Weight, b.Weight) || !slices.Equal(a.Bias, b.Bias) ||
			!slices.Equal(a.Probabilities, b.Probabilities) || !slices.Equal(a.Table, b.Table) {
			t.Errorf("%d columns: other bytes on three threads", cols)
		}
	}
}

// TestNarrow chooses λ on half of many groups, and expects of the rest what fitting with that λ alone gives.
func TestNarrow(t *testing.T) {
	const n = 2*enoughGroups + 7
	p := made(n, n+3, 3, 6)
	var results []*Result
	var scores []Score
	for _, threads := range []int{1, 3} {
		scores = nil
		r, err := Fit(context.Background(), p, Options{Threads: threads, Lambdas: []float64{0.03, 0.3, 3},
			Progress: func(s Score) { scores = append(scores, s) }})
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, r)
	}
	a, b := results[0], results[1]
	if !slices.Equal(a.Weight, b.Weight) || !slices.Equal(a.Probabilities, b.Probabilities) {
		t.Error("other bytes on three threads")
	}
	if last := len(scores) - 1; last < 2 || scores[last] != (Score{a.Lambda, a.Penalty, a.RPS}) {
		t.Errorf("scores %v, chosen λ = %g with an RPS of %g", scores, a.Lambda, a.RPS)
	}
	only, err := Fit(context.Background(), p, Options{Lambdas: []float64{a.Lambda}, Penalties: []float64{a.Penalty}})
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range only.Probabilities {
		if math.Abs(float64(v-a.Probabilities[i])) > 0.01 { // links are fitted roughly, from other starts
			t.Fatalf("probability %d is %g, with that λ alone %g", i, a.Probabilities[i], v)
		}
	}
	if !slices.Equal(only.Folds, a.Folds) {
		t.Error("other folds")
	}
}

// TestLosses fits every loss, and checks that out-of-fold probabilities are distributions that beat the class shares.
func TestLosses(t *testing.T) {
	for _, name := range loss.Names() {
		p := made(120, 12, 4, 2)
		p.Loss = loss.Config{Name: name, Classes: 4}
		r, err := Fit(context.Background(), p, Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for i := range 120 {
			if s := sum(r.Probabilities[i*4 : i*4+4]); math.Abs(s-1) > 1e-5 {
				t.Fatalf("%s: probabilities of example %d sum to %g", name, i, s)
			}
		}
		const shares = 0.6 // of four equally frequent classes, about
		if !(r.NestedRPS < 0.7*shares) || !(r.RPS <= r.NestedRPS+0.02) {
			t.Errorf("%s: RPS %g, nested %g", name, r.RPS, r.NestedRPS)
		}
	}
}

func sum(values []float32) float64 {
	var s float64
	for _, v := range values {
		s += float64(v)
	}
	return s
}

// TestCopies checks that groups keep copies from letting the search choose too small a λ and report too small an
// error.
func TestCopies(t *testing.T) {
	const n, cols, classes = 60, 80, 4
	p := made(n, cols, classes, 6)
	p.Data, p.Targets = append(p.Data, p.Data...), append(p.Targets, p.Targets...)
	alone, err := Fit(context.Background(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 2 * n {
		p.Groups = append(p.Groups, i%n)
	}
	grouped, err := Fit(context.Background(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if !(alone.Lambda < grouped.Lambda) || !(alone.RPS < grouped.RPS/2) {
		t.Errorf("λ %g and RPS %g without groups, %g and %g with", alone.Lambda, alone.RPS, grouped.Lambda, grouped.RPS)
	}
}

// TestNoInformation checks that features without any give the class shares.
func TestNoInformation(t *testing.T) {
	p := made(400, 3, 3, 1)
	clear(p.Data)
	r, err := Fit(context.Background(), p, Options{Penalties: []float64{0.1}})
	if err != nil {
		t.Fatal(err)
	}
	l, err := loss.New[float64](p.Loss)
	if err != nil {
		t.Fatal(err)
	}
	probabilities := make([]float64, 3)
	l.Probabilities([]float64{float64(r.Bias[0]), float64(r.Bias[1]), float64(r.Bias[2])}, probabilities)
	var shares [3]float64
	for i, v := range p.Targets {
		shares[i%3] += float64(v) / 400
	}
	if !floats.EqualApprox(probabilities, shares[:], 0.01) || slices.Max(r.Weight) != 0 {
		t.Errorf("%v, want the shares %v", probabilities, shares)
	}
}

func TestFitErrors(t *testing.T) {
	for name, change := range map[string]func(*Problem, *Options){
		"negative weight": func(p *Problem, _ *Options) { p.Weights = slices.Repeat([]float32{-1}, 30) },
		"no weight":       func(p *Problem, _ *Options) { p.Weights = make([]float32, 30) },
		"one group":       func(p *Problem, _ *Options) { p.Groups = make([]int, 30) },
		"NaN":             func(p *Problem, _ *Options) { p.Data[7] = float32(math.NaN()) },
		"infinite":        func(p *Problem, _ *Options) { p.Data[0] = float32(math.Inf(1)) },
		"no λ":            func(_ *Problem, o *Options) { o.Lambdas = []float64{} },
		"λ of 0":          func(_ *Problem, o *Options) { o.Lambdas = []float64{0} },
		"penalty":         func(_ *Problem, o *Options) { o.Penalties = []float64{math.Inf(1)} },
		"one fold":        func(_ *Problem, o *Options) { o.Folds = 1 },
		"loss":            func(p *Problem, _ *Options) { p.Loss.Name = "other" },
		"target":          func(p *Problem, _ *Options) { p.Targets[0] = 3 },
	} {
		p, o := made(30, 4, 3, 1), Options{}
		change(&p, &o)
		if _, err := Fit(context.Background(), p, o); !invalid.Is(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	p := made(30, 4, 3, 1)
	p.Index = []int{0, 30}
	p.Targets = p.Targets[:6]
	if _, err := Fit(context.Background(), p, Options{}); err == nil {
		t.Error("no error for a row that isn't there")
	}
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, cols := range []int{5, 80} {
		if _, err := Fit(ctx, made(50, cols, 3, 1), Options{}); !errors.Is(err, context.Canceled) {
			t.Errorf("%d columns: %v", cols, err)
		}
	}
}

// TestSample compares a fit whose links see some of the examples with one whose links see all.
func TestSample(t *testing.T) {
	p := made(600, 12, 4, 3)
	for i := range 600 {
		p.Groups = append(p.Groups, i/2)
	}
	all, err := Fit(context.Background(), p, Options{})
	if err != nil {
		t.Fatal(err)
	}
	pool := dense.NewPool(2)
	defer pool.Close()
	f := &fit{problem: &p, options: Options{}.withDefaults(), pool: pool, mostLinked: 301}
	some, err := f.run(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.search.sample.weights); n != 302 {
		t.Errorf("links see %d examples", n)
	}
	if !(math.Abs(some.NestedRPS-all.NestedRPS) < 0.1*all.NestedRPS) {
		t.Errorf("RPS %g of all examples, %g where links see all", some.NestedRPS, all.NestedRPS)
	}
	for i := range 600 {
		if s := sum(some.Probabilities[i*4 : i*4+4]); math.Abs(s-1) > 1e-5 {
			t.Fatalf("probabilities of example %d sum to %g", i, s)
		}
	}
}
