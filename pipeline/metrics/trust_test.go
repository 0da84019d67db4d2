package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"finetune/label"
)

func three(t *testing.T) label.Space {
	t.Helper()
	s, err := label.New([]string{"0", "1", "2"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestExpectedRPS(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		p, sum := make([]float64, 2+rng.IntN(6)), 0.0
		for i := range p {
			p[i] = rng.ExpFloat64()
			sum += p[i]
		}
		for i := range p {
			p[i] /= sum
		}
		var rps, difference float64 // by their definitions
		for y := range p {
			one := make([]float64, len(p))
			one[y] = 1
			r, _, _ := scores(p, one)
			rps += p[y] * r
			difference += p[y] * ExpectedDistance(p, y)
		}
		if got := ExpectedRPS(p); math.Abs(got-rps) > 1e-12 || math.Abs(2*got-difference) > 1e-12 {
			t.Errorf("%v: %v; the expected score is %v, the expected difference %v", p, got, rps, difference)
		}
	}
	if got := ExpectedRPS([]float32{0.5, 0, 0, 0.5}); got != 0.75 {
		t.Errorf("half at either end: %v, not 3/4", got)
	}
}

func TestRiskCoverage(t *testing.T) {
	// Ten sure answers that are right, then ten doubtful ones of equal doubt of which four are wrong, two of them by two classes.
	in := Input{Space: three(t), Resamples: -1}
	for i := range 20 {
		p, y := []float64{0.98, 0.02, 0}, 0
		if i%2 == 1 { // the order of the input plays no part
			p = []float64{0.4, 0.3, 0.3}
			if i < 8 {
				y = []int{1, 1, 2, 2}[i/2]
			}
		}
		in.Labels, in.Probabilities = append(in.Labels, y), append(in.Probabilities, p...)
	}
	r, err := Evaluate(in)
	if err != nil {
		t.Fatal(err)
	}
	points := r.Risk.Points
	if len(points) != 20 || points[19].N != 20 || points[19].Error != 0.2 || points[19].MAE != 0.3 ||
		points[19].Aside.Defined() {
		t.Fatalf("%+v", points)
	}
	for i, p := range points {
		want, off := 0.0, 0.0
		if n := float64(i + 1); n > 10 { // ties share their errors
			want, off = (n-10)/10*4/n, (n-10)/10*6/n
		}
		if math.Abs(float64(p.Error)-want) > 1e-12 || math.Abs(float64(p.MAE)-off) > 1e-12 ||
			p.Coverage != float64(i+1)/20 {
			t.Errorf("%+v; the error should be %v, the MAE %v", p, want, off)
		}
	}
	if aside := points[9].Aside; math.Abs(float64(aside)-0.4) > 1e-12 {
		t.Errorf("of the others %v are wrong, not 0.4", aside)
	}
	var area float64
	for n := 11; n <= 20; n++ {
		area += float64(n-10) / 10 * 4 / float64(n) / 20
	}
	if math.Abs(float64(r.Risk.Area)-area) > 1e-12 {
		t.Errorf("the area is %v, not %v", r.Risk.Area, area)
	}
	slices.Reverse(in.Labels)
	for i := range 10 {
		for k := range 3 {
			a, b := &in.Probabilities[3*i+k], &in.Probabilities[3*(19-i)+k]
			*a, *b = *b, *a
		}
	}
	again, err := Evaluate(in)
	if err != nil || math.Abs(float64(again.Risk.Area-r.Risk.Area)) > 1e-12 {
		t.Errorf("in another order the area is %v, not %v (%v)", again.Risk.Area, r.Risk.Area, err)
	}
}

func TestRaters(t *testing.T) {
	answer := []float64{1, 0, 0}
	for _, c := range []struct {
		name   string
		votes  [][]float64 // shares by class
		sums   []float64
		n      int
		spread float64
		mae    float64
		shares bool
	}{
		// Two raters who say 0 and 2 differ by 2; three who say 0, 0, 1 by 2/3 on average.
		{"two raters", [][]float64{{0.5, 0, 0.5}}, []float64{2}, 1, 2, 1, false},
		{"three raters", [][]float64{{2. / 3, 1. / 3, 0}}, []float64{3}, 1, 2. / 3, 1. / 3, false},
		{"one rater is passed over", [][]float64{{0, 1, 0}, {0.5, 0, 0.5}}, []float64{1, 2}, 1, 2, 1, false},
		{"nobody", [][]float64{{1, 0, 0}}, []float64{0}, 0, 0, 0, false},
		{"shares", [][]float64{{0.5, 0.5, 0}}, []float64{1}, 1, 0.5, 0.5, true},
	} {
		in := Input{Space: three(t), Votes: c.sums, Resamples: -1}
		for i := range c.votes {
			in.Labels, in.Probabilities = append(in.Labels, 0), append(in.Probabilities, answer...)
			in.Targets = append(in.Targets, c.votes[i]...)
		}
		r, err := Evaluate(in)
		if err != nil {
			t.Fatal(c.name, err)
		}
		if c.n == 0 {
			if r.Raters != nil {
				t.Errorf("%s: %+v", c.name, r.Raters)
			}
			continue
		}
		if s := r.Raters; s.N != c.n || math.Abs(float64(s.Spread)-c.spread) > 1e-9 ||
			math.Abs(float64(s.MAE)-c.mae) > 1e-9 ||
			s.Shares != c.shares {
			t.Errorf("%s: %+v", c.name, s)
		}
	}
	in := Input{Space: three(t), Labels: []int{0}, Probabilities: answer, Targets: answer, Votes: []float64{1, 2}}
	if _, err := Evaluate(in); err == nil {
		t.Error("two sums of votes for one item are accepted")
	}
}

func TestParts(t *testing.T) {
	in := Input{
		Space:     three(t),
		Labels:    []int{0, 1, 2, 2},
		Predicted: []int{0, 1, 0, 2},
		Groups:    []string{"a", "b", "", ""},
		Low:       []int{0, 0, 0, 2},
		High:      []int{0, 1, 1, 2},
		Coverage:  0.9,
		Votes:     []float64{1, 1, 1, 1},
	}
	for range in.Labels {
		in.Probabilities = append(in.Probabilities, 0.5, 0.3, 0.2)
		in.Targets = append(in.Targets, 0.2, 0.3, 0.5)
	}
	parts, err := Parts(in, []string{"south", "north", "south", "north"})
	if err != nil || len(parts) != 2 {
		t.Fatal(parts, err)
	}
	north, south := parts[0], parts[1]
	if north.Value != "north" || north.N != 2 || north.Accuracy != 1 || north.Coverage != 1 {
		t.Errorf("%+v", north)
	}
	if south.Value != "south" || south.Accuracy != 0.5 || south.MAE != 1 || south.Coverage != 0.5 {
		t.Errorf("%+v", south)
	}
	if _, err := Parts(in, []string{"a"}); err == nil {
		t.Error("one value for four items is accepted")
	}
}
