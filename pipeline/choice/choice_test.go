package choice

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// drawn returns scores of candidates with the given means on n images: a part that all share, and a small one of their own.
func drawn(n int, means ...float64) Scores {
	r := rand.New(rand.NewPCG(1, 2))
	s := Scores{Of: make([][]float64, len(means)), Units: make([]int, n)}
	for i := range n {
		s.Units[i] = i
		shared := r.NormFloat64()
		for c, m := range means {
			s.Of[c] = append(s.Of[c], m+shared+0.1*r.NormFloat64())
		}
	}
	return s
}

func TestChoose(t *testing.T) {
	for name, c := range map[string]struct {
		scores       Scores
		chosen, best int
	}{
		"a gain beyond its error":      {drawn(400, 0.5, 0.4), 1, 1},
		"a gain within its error":      {drawn(400, 0.5, 0.4999, 0.4996), 0, -1},
		"the simpler of two equals":    {drawn(400, 0.5, 0.4001, 0.4), 1, -1},
		"nothing is better":            {drawn(400, 0.3, 0.4, 0.5), 0, 0},
		"the first has no scores":      {Scores{Of: [][]float64{nil, {2, 2}, {1, 1.1}}, Units: []int{0, 1}}, 2, 2},
		"images of one unit tell less": {Scores{Of: [][]float64{{1, 1, 1, 0}, {0, 0, 0, 1.5}}, Units: []int{0, 0, 0, 1}}, 0, 1},
	} {
		v, ok := c.scores.Choose(nil)
		if !ok || v.Chosen != c.chosen || c.best >= 0 && v.Best != c.best {
			t.Errorf("%s: %+v", name, v)
		}
	}
	if _, ok := (Scores{Of: [][]float64{nil, nil}}).Choose(nil); ok {
		t.Error("a choice without scores")
	}
}

// The standard error is that of the mean of paired differences, which what all share doesn't enlarge.
func TestGain(t *testing.T) {
	s := drawn(1000, 0.5, 0.4)
	v, _ := s.Choose(nil)
	var sum, square float64
	for i := range 1000 {
		d := s.Of[0][i] - s.Of[1][i]
		sum += d
		square += d * d
	}
	want := math.Sqrt((square-sum*sum/1000)/999) / math.Sqrt(1000)
	if math.Abs(v.Gain-sum/1000) > 1e-12 || math.Abs(v.Error-want) > 1e-12 || want > 0.006 {
		t.Errorf("%+v, want %g ± %g", v, sum/1000, want)
	}
}

// Images that aren't in use have no say.
func TestChooseByOthers(t *testing.T) {
	s := Scores{Of: [][]float64{{0, 0.1, 9, 9}, {1, 1.1, 0, 0}}, Units: []int{0, 1, 2, 3}}
	first := func(i int) bool { return i < 2 }
	if v, _ := s.Choose(first); v.Chosen != 0 {
		t.Errorf("by the first two: %+v", v)
	}
	if v, _ := s.Choose(func(i int) bool { return !first(i) }); v.Chosen != 1 {
		t.Errorf("by the last two: %+v", v)
	}
	if kept := s.Keep(1, first); !reflect.DeepEqual(kept, []bool{true, false}) {
		t.Errorf("kept %v", kept)
	}
}

func TestKeep(t *testing.T) {
	s := Scores{Of: [][]float64{{9}, {1}, nil, {3}, {2}}, Units: []int{0}}
	for most, want := range map[int][]bool{
		1: {true, true, false, false, false}, 2: {true, true, false, false, true}, 9: {true, true, false, true, true},
	} {
		if kept := s.Keep(most, nil); !reflect.DeepEqual(kept, want) {
			t.Errorf("%d: %v", most, kept)
		}
	}
}

func TestRungs(t *testing.T) {
	for _, c := range []struct {
		n, candidates, least int
		want                 []int
	}{
		{1000, 2, 100, []int{1000}}, {1000, 4, 100, []int{500, 1000}}, {1000, 20, 100, []int{125, 250, 500, 1000}},
		{150, 20, 100, []int{150}}, {5000, 5, 200, []int{1250, 2500, 5000}},
	} {
		if got := Rungs(c.n, c.candidates, c.least); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%+v: %v", c, got)
		}
	}
}
