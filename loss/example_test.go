package loss_test

import (
	"fmt"
	"log"

	"finetune/loss"
)

// Probability further from the label costs more.
func ExampleNew() {
	l, err := loss.New[float64](loss.Config{Name: loss.EMD2, Classes: 4})
	if err != nil {
		log.Fatal(err)
	}
	target := make([]float64, 4)
	loss.OneHot(target, 0)
	ws := loss.NewWorkspace(l)
	near, far := []float64{0, 3, 0, 0}, []float64{0, 0, 0, 3}
	fmt.Printf("one class off %.2f, three off %.2f\n", l.Sample(near, target, nil, ws), l.Sample(far, target, nil, ws))
	// Output: one class off 0.92, three off 2.51
}

// A batch of two samples, the second with twice the weight.
func ExampleMean() {
	l, err := loss.New[float32](loss.Config{Name: loss.XEMD2, Classes: 3, Lambda: 0.5})
	if err != nil {
		log.Fatal(err)
	}
	logits := []float32{2, 0, 0, 0, 1, 0}
	targets := []float32{1, 0, 0, 0, 0.5, 0.5}
	grad := make([]float32, len(logits))
	mean := loss.Mean(l, logits, targets, []float32{1, 2}, grad, loss.NewWorkspace(l))
	fmt.Printf("%.4f\n%.3f\n", mean, grad)
	// Output:
	// 0.8329
	// [-0.086 0.041 0.045 0.174 0.057 -0.230]
}

// A cumulative loss has one output fewer than classes.
func ExampleLoss_probabilities() {
	l, err := loss.New[float64](loss.Config{Name: loss.CORAL, Classes: 3})
	if err != nil {
		log.Fatal(err)
	}
	probs := make([]float64, l.Classes())
	l.Probabilities([]float64{1.5, -1}, probs)
	fmt.Printf("%d outputs, P = %.3f\n", l.Outputs(), probs)
	// Output: 2 outputs, P = [0.182 0.549 0.269]
}

// Positions of classes at unequal distances: "0-2", "3-9", "10-19", "60+".
func ExamplePositions() {
	ages := loss.Positions([]float64{1, 6, 14.5, 70})
	_, err := loss.New[float64](loss.Config{Name: loss.EMD2, Classes: 3, Ground: ages})
	fmt.Println(err)
	// Output: Loss.Ground.Positions: 4 positions; expected one for each of 3 classes
}

// The ground distance measured on features: those of classes 0 and 1 are similar, those of 2 are different.
func ExampleSelfGuided() {
	features := []float32{
		1, 9,
		2, 8,
		9, 1,
	}
	d, err := loss.SelfGuided(features, 2, []int{0, 1, 2}, 3)
	if err != nil {
		log.Fatal(err)
	}
	for i := range 3 {
		fmt.Println(d[3*i : 3*i+3])
	}
	// Output:
	// [0 0.5 1]
	// [0.5 0 0.75]
	// [1 0.75 0]
}

func ExampleExponential() {
	target := make([]float64, 5)
	loss.Exponential(target, 3, 0.5, 1)
	fmt.Printf("%.3f\n", target)
	loss.Mix(target, 3, 0.2) // four fifths stay on the label
	fmt.Printf("%.3f\n", target)
	// Output:
	// [0.002 0.014 0.105 0.774 0.105]
	// [0.000 0.003 0.021 0.955 0.021]
}
