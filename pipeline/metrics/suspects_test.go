package metrics

import (
	"math"
	"reflect"
	"testing"
)

func TestSuspects(t *testing.T) {
	in := Input{Space: space(t, 4, nil),
		Labels: []int{0, 0, 3, 3, 3, 1},
		Probabilities: []float64{
			.9, .1, 0, 0, // at its label
			.8, .2, 0, 0,
			0, 0, .1, .9,
			1, 0, 0, 0, // labelled 3, surely 0
			.1, .2, .4, .3, // off its label, but no closer to 2 than … there is nothing labelled 2 to compare with
			.9, .1, 0, 0, // labelled 1, surely 0, but no further from 1 than is usual there: it is the only one
		}}
	got, err := Suspects(in)
	if err != nil {
		t.Fatal(err)
	}
	// Of class 0 predictions lie 0.1 and 0.2 away.
	want := []Suspect{{Item: 3, Class: 0, FromLabel: 3, FromClass: 0, OfClass: (.1 + .2) / 2,
		OfLabel: (.1 + 3 + 1.1) / 3}}
	if len(got) != 1 || math.Abs(got[0].OfClass-want[0].OfClass) > 1e-12 ||
		math.Abs(got[0].OfLabel-want[0].OfLabel) > 1e-12 {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	got[0].OfClass, got[0].OfLabel = want[0].OfClass, want[0].OfLabel
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Labels that were moved by two classes or more must head the list.
func TestSuspectsFindsPlantedErrors(t *testing.T) {
	const n, k = 500, 6
	in := forecast(t, n, k, 1, 5)
	for i := range n { // a model that knows: nearly all mass at the label
		p := in.Probabilities[i*k : (i+1)*k]
		for c := range p {
			p[c] = .02
		}
		p[in.Labels[i]] = 1 - .02*(k-1)
	}
	planted := map[int]bool{}
	for i := 0; i < n; i += 25 {
		in.Labels[i] = (in.Labels[i] + 3) % k
		planted[i] = true
	}
	found, err := Suspects(in)
	if err != nil {
		t.Fatal(err)
	}
	if len(found) != len(planted) {
		t.Errorf("%d suspects for %d planted errors", len(found), len(planted))
	}
	for _, s := range found {
		if !planted[s.Item] {
			t.Errorf("item %d is suspect and its label is right: %+v", s.Item, s)
		}
	}
	in.Labels[0] = k
	if _, err := Suspects(in); err == nil {
		t.Error("a class outside the space was taken")
	}
}
