package report_test

import (
	"bytes"
	"fmt"
	"strings"

	"finetune/label"
	"finetune/pipeline/metrics"
	"finetune/pipeline/report"
)

func ExampleWrite() {
	space, err := label.New([]string{"ripe", "rotten"}, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	figures, err := metrics.Evaluate(metrics.Input{Space: space, Labels: []int{0, 1, 1},
		Probabilities: []float64{.9, .1, .2, .8, .6, .4}})
	if err != nil {
		fmt.Println(err)
		return
	}
	var page bytes.Buffer
	err = report.Write(&page, report.Data{
		Source: "fruit/", HeldOut: "test", Metrics: figures,
		Classes: []report.Class{{Name: "ripe", Train: 5, HeldOut: 1}, {Name: "rotten", Train: 5, HeldOut: 2}},
		Soft:    [][]float64{{.9, .1}, {.8, 1.2}},
	})
	fmt.Println(strings.Contains(page.String(), "<h1>fruit/</h1>"), err)
	// Output: true <nil>
}
