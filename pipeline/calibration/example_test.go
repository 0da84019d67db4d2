package calibration_test

import (
	"fmt"
	"log"

	"finetune/loss"
	"finetune/pipeline/calibration"
)

// A model that says 98 % and is right three times of four is told to be less sure.
func ExampleFitTemperature() {
	rule, err := loss.New[float64](loss.Config{Name: loss.CrossEntropy, Classes: 2})
	if err != nil {
		log.Fatal(err)
	}
	said := calibration.Logits{
		Values: []float32{4, 0, 4, 0, 4, 0, 4, 0}, Outputs: 2,
		Targets: []float64{1, 0, 1, 0, 1, 0, 0, 1}, Classes: 2,
		Rule: rule.Probabilities,
	}
	t, err := calibration.FitTemperature(said)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("temperature %.2f, NLL %.2f before and %.2f after\n", t, said.NLL(1), said.NLL(t))
	// Output: temperature 3.64, NLL 1.02 before and 0.56 after
}

// Nineteen images say how far ranges must grow to hold the true class 80 times of 100.
func ExampleThreshold() {
	probs := []float64{0.05, 0.5, 0.25, 0.15, 0.05} // here of every image, for brevity
	var scores []float64
	for i := range 19 {
		truth := []int{1, 1, 1, 2, 2, 0, 3}[i%7]
		scores = append(scores, calibration.Score(probs, 1, truth))
	}
	threshold, units, err := calibration.Threshold(scores, nil, 0.8)
	if err != nil {
		log.Fatal(err)
	}
	low, high := calibration.Interval(probs, 1, threshold)
	fmt.Printf("threshold %.2f of %d images: classes %d to %d\n", threshold, units, low, high)
	// Output: threshold 0.75 of 19 images: classes 1 to 3
}
