package metrics

import (
	"math"
	"reflect"

	"gonum.org/v1/gonum/stat"
)

// MeanStd returns the mean and the sample standard deviation of each metric over several sets of predictions, such as
// folds. It skips undefined values. The mean of no values and the standard deviation of fewer than two are NaN.
func MeanStd(sets []Figures) (mean, std Figures) {
	m, s := reflect.ValueOf(&mean).Elem(), reflect.ValueOf(&std).Elem()
	for field := range m.NumField() {
		var values []float64
		for _, f := range sets {
			if v := reflect.ValueOf(f).Field(field).Float(); Number(v).Defined() {
				values = append(values, v)
			}
		}
		average, deviation := math.NaN(), math.NaN()
		if len(values) > 0 {
			average = stat.Mean(values, nil)
		}
		if len(values) > 1 {
			deviation = stat.StdDev(values, nil)
		}
		m.Field(field).SetFloat(average)
		s.Field(field).SetFloat(deviation)
	}
	return mean, std
}
