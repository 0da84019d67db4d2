package metrics_test

import (
	"fmt"
	"log"

	"finetune/label"
	"finetune/pipeline/metrics"
)

func ExampleEvaluate() {
	grades, err := label.New([]string{"poor", "fair", "good"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	report, err := metrics.Evaluate(metrics.Input{
		Space:  grades,
		Labels: []int{0, 0, 1, 2},
		Probabilities: []float64{
			0.8, 0.1, 0.1,
			0.3, 0.6, 0.1,
			0.1, 0.8, 0.1,
			0.0, 0.3, 0.7,
		},
		Seed: 1,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("accuracy", report.Accuracy, "mae", report.MAE, "qwk", report.QWK, "rps", report.RPS)
	fmt.Println("always", report.Baseline.Class, "has mae", report.Baseline.MAE)
	fmt.Println("confusion", report.Confusion)
	// Output:
	// accuracy 0.750 mae 0.250 qwk 0.800 rps 0.165
	// always poor has mae 0.750
	// confusion [[1 1 0] [0 1 0] [0 0 1]]
}
