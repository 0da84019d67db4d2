package metrics

import (
	"math"
	"reflect"
	"testing"
)

func TestMeanStd(t *testing.T) {
	nan := Number(math.NaN())
	sets := []Figures{{Accuracy: .5, MAE: 1, QWK: nan, ECE: nan}, {Accuracy: .7, MAE: 2, QWK: .25, ECE: nan},
		{Accuracy: .9, MAE: 6, QWK: nan, ECE: nan}}
	mean, std := MeanStd(sets)
	for name, c := range map[string][2]Number{ // got, want
		"mean accuracy": {mean.Accuracy, .7}, "deviation of accuracy": {std.Accuracy, .2}, "mean error": {mean.MAE, 3},
		"deviation of error": {std.MAE, Number(math.Sqrt(7))},
		"mean of one":        {mean.QWK, .25}, "deviation of one": {std.QWK, nan}, "mean of none": {mean.ECE, nan},
	} {
		if got, want := float64(c[0]), float64(c[1]); !(math.Abs(got-want) < 1e-12) &&
			!(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	// Every figure is summed up, also those that are yet to come.
	var one Figures
	v := reflect.ValueOf(&one).Elem()
	for i := range v.NumField() {
		v.Field(i).SetFloat(float64(i + 1))
	}
	if mean, _ := MeanStd([]Figures{one, one}); mean != one {
		t.Errorf("means %+v of %+v twice", mean, one)
	}
}
