package closedform

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"finetune/internal/linalg/dense"
	"finetune/internal/linalg/symmetric"
	"finetune/loss"
)

// made returns n examples of some ordered classes, whose features depend on the class.
func made(n, cols, classes int, seed uint64) Problem {
	r := rand.New(rand.NewPCG(seed, 1))
	p := Problem{Cols: cols, Loss: loss.Config{Name: loss.XEMD2, Classes: classes}}
	p.Data, p.Targets = make([]float32, n*cols), make([]float32, n*classes)
	for i := range n {
		label := r.IntN(classes)
		p.Targets[i*classes+label] = 1
		for j := range cols {
			p.Data[i*cols+j] = float32(3 + 2*r.NormFloat64() + float64(label)*math.Sin(float64(j)))
		}
	}
	return p
}

// variants are the same examples with weights, soft targets, groups, an index and all of these.
func variants(n, cols, classes int) map[string]Problem {
	plain := made(n, cols, classes, 3)
	r := rand.New(rand.NewPCG(5, 5))
	weights, groups, index, soft := make([]float32, n), make([]int, n), make([]int, n), slices.Clone(plain.Targets)
	for i := range n {
		weights[i] = float32(0.2 + 3*r.Float64())
		groups[i] = r.IntN(n/2) * 7
		index[i] = (i*5 + 2) % n
		loss.Exponential(soft[i*classes:(i+1)*classes], r.IntN(classes), 1, 1)
	}
	weights[3], weights[8] = 0, 0
	weighted, grouped, indexed, softened := plain, plain, plain, plain
	weighted.Weights, grouped.Groups, indexed.Index, softened.Targets = weights, groups, index, soft
	all := plain
	all.Weights, all.Groups, all.Index, all.Targets = weights, groups, index, soft
	return map[string]Problem{
		"plain": plain, "weights": weighted, "groups": grouped, "index": indexed, "soft": softened, "all": all,
	}
}

// refitted predicts the given places by a regression on all others, with an intercept of its own, solved by gonum.
func refitted(t *testing.T, r *rows, lambda float64, out symmetric.Span) *mat.Dense {
	t.Helper()
	cols := r.problem.Cols
	normal := mat.NewSymDense(cols+1, nil)
	right := mat.NewDense(cols+1, r.outputs, nil)
	x := mat.NewVecDense(cols+1, nil)
	scaled := func(place int) {
		for j, v := range r.problem.row(r.order[place]) {
			x.SetVec(j, (float64(v)-r.mean[j])*r.inverse[j])
		}
		x.SetVec(cols, 1)
	}
	for place, root := range r.root {
		if place >= out.First && place < out.End {
			continue
		}
		scaled(place)
		normal.SymRankOne(normal, root*root, x)
		for c := range r.outputs {
			for j := range cols + 1 {
				right.Set(j, c, right.At(j, c)+root*root*x.AtVec(j)*r.targets[place*r.outputs+c])
			}
		}
	}
	for j := range cols {
		normal.SetSym(j, j, normal.At(j, j)+lambda)
	}
	var factor mat.Cholesky
	if !factor.Factorize(normal) {
		t.Fatal("gonum finds no factor")
	}
	var b mat.Dense
	if err := factor.SolveTo(&b, right); err != nil {
		t.Fatal(err)
	}
	predicted := mat.NewDense(out.Len(), r.outputs, nil)
	for i := range out.Len() {
		scaled(out.First + i)
		var row mat.Dense
		row.Mul(x.T(), &b)
		predicted.SetRow(i, row.RawRowView(0))
	}
	return predicted
}

// TestLeaveOut compares leave-one-out predictions of both systems with as many refits as there are groups.
func TestLeaveOut(t *testing.T) {
	const n = 40
	for _, cols := range []int{9, 70} {
		for name, p := range variants(n, cols, 4) {
			for _, relative := range []float64{0.01, 0.3, 3} {
				t.Run(fmt.Sprintf("%d/%s/%g", cols, name, relative), func(t *testing.T) { compareLeaveOut(t, &p, relative) })
			}
		}
	}
}

// TestLeaveLargeGroupsOut does so where some groups have far more rows than there are columns.
func TestLeaveLargeGroupsOut(t *testing.T) {
	for name, p := range variants(700, 9, 4) {
		p.Groups = make([]int, 700)
		for i := range p.Groups {
			switch {
			case i%5 < 2:
				p.Groups[i] = 1
			case i%5 == 2:
				p.Groups[i] = 2 + i/5%3
			case i%7 == 0:
				p.Groups[i] = 5
			default:
				p.Groups[i] = 10 + i
			}
		}
		for i := range 250 {
			p.Groups[450+i] = 6
		}
		t.Run(name, func(t *testing.T) { compareLeaveOut(t, &p, 0.3) })
	}
}

func compareLeaveOut(t *testing.T, p *Problem, relative float64) {
	ctx := context.Background()
	pool := dense.NewPool(2)
	defer pool.Close()
	r, err := newRows(ctx, pool, p, 0)
	if err != nil {
		t.Fatal(err)
	}
	lambda := relative * r.squaredLength
	d, err := newDual(ctx, pool, r)
	if err != nil {
		t.Fatal(err)
	}
	q, err := newPrimal(ctx, pool, r)
	if err != nil {
		t.Fatal(err)
	}
	var solutions [2][][]float64
	for way, s := range []ridge{d, q} {
		solution, err := s.fit(ctx, lambda)
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.leaveOut(ctx, allOf(r.groups))
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range r.groups {
			want := refitted(t, r, lambda, g).RawMatrix().Data
			for i, v := range got[g.First*r.outputs : g.End*r.outputs] {
				if !(math.Abs(v-want[i]) < 1e-7) {
					t.Fatalf("%T, group %v: %g, refitted %g", s, g, v, want[i])
				}
			}
		}
		if solutions[way], err = s.coefficients(ctx, solution); err != nil {
			t.Fatal(err)
		}
	}
	for c, b := range solutions[0] {
		for j, v := range b {
			if !(math.Abs(v-solutions[1][c][j]) < 1e-9) {
				t.Fatalf("output %d, column %d: coefficients %g and %g", c, j, v, solutions[1][c][j])
			}
		}
	}
}

// TestSingle compares predictions from products in float32 with those in float64.
func TestSingle(t *testing.T) {
	p := made(manyRows, manyRows+100, 4, 9)
	ctx := context.Background()
	pool := dense.NewPool(2)
	defer pool.Close()
	r, err := newRows(ctx, pool, &p, 0)
	if err != nil {
		t.Fatal(err)
	}
	single, err := newDual(ctx, pool, r)
	if err != nil {
		t.Fatal(err)
	}
	double := &dual{rows: r, pool: pool, algebra: single.algebra, gram: symmetric.New(manyRows), factor: single.factor}
	if err := double.algebra.Rows(ctx, double.gram, p.Cols, r.segment); err != nil {
		t.Fatal(err)
	}
	if slices.Equal(single.gram.Data, double.gram.Data) {
		t.Fatal("both ways have the same products")
	}
	for _, relative := range []float64{0.01, 1} {
		var scores [2][]float64
		for i, d := range []*dual{single, double} {
			if _, err := d.fit(ctx, relative*r.squaredLength); err != nil {
				t.Fatal(err)
			}
			if scores[i], err = d.leaveOut(ctx, allOf(r.groups)); err != nil {
				t.Fatal(err)
			}
		}
		if off := floats.Distance(scores[0], scores[1], math.Inf(1)); !(off < 1e-5) {
			t.Errorf("λ = %g: off by %g", relative, off)
		}
	}
}

// TestLeaveOutSome checks that the predictions of some groups are those among all.
func TestLeaveOutSome(t *testing.T) {
	p := variants(60, 9, 4)["all"]
	ctx := context.Background()
	pool := dense.NewPool(2)
	defer pool.Close()
	r, err := newRows(ctx, pool, &p, 0)
	if err != nil {
		t.Fatal(err)
	}
	q, err := newPrimal(ctx, pool, r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := q.fit(ctx, 3); err != nil {
		t.Fatal(err)
	}
	all, err := q.leaveOut(ctx, allOf(r.groups))
	if err != nil {
		t.Fatal(err)
	}
	some := []int{1, 4, 5, len(r.groups) - 1}
	got, err := q.leaveOut(ctx, some)
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range some {
		s := r.groups[g]
		want := all[s.First*r.outputs : s.End*r.outputs]
		if !slices.Equal(got[:len(want)], want) {
			t.Errorf("group %d has other predictions alone", g)
		}
		got = got[len(want):]
	}
}

// TestConstantColumns checks that a column without variance has no say, however large it is.
func TestConstantColumns(t *testing.T) {
	p := made(30, 5, 3, 1)
	for i := range 30 {
		p.Data[i*5+2] = 1e6
	}
	r := prepared(t, &p)
	if r.inverse[2] != 0 || r.squaredLength != 4 {
		t.Errorf("inverse %g, squared length %g", r.inverse[2], r.squaredLength)
	}
}

// prepared returns the rows of a problem.
func prepared(t *testing.T, p *Problem) *rows {
	t.Helper()
	pool := dense.NewPool(1)
	defer pool.Close()
	r, err := newRows(context.Background(), pool, p, 0)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// allOf lists the numbers of all groups.
func allOf(groups []symmetric.Span) []int {
	all := make([]int, len(groups))
	for i := range all {
		all[i] = i
	}
	return all
}
