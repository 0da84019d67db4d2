package head_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"finetune/head"
	"finetune/label"
	"finetune/loss"
)

// Twelve items with two features and one of three grades.
var (
	features = head.Features{Rows: 12, Cols: 2, Data: []float32{
		0.1, 5, 0.2, 4, 0.3, 5, 0.2, 6,
		1.1, 5, 1.2, 6, 1.0, 4, 1.3, 5,
		2.2, 4, 2.0, 5, 2.1, 6, 2.3, 5,
	}}
	grades = []int{0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2}
)

// Train a linear head with squared EMD, save it and predict with it.
func Example() {
	space, err := label.New([]string{"poor", "fair", "good"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	targets, err := head.OneHot(grades, space.Len())
	if err != nil {
		log.Fatal(err)
	}
	cfg := head.Defaults(loss.Config{Name: loss.EMD2, Classes: space.Len()}, 0)
	cfg.LR, cfg.Epochs, cfg.Dropout = 0.5, 200, 0 // twelve items need more epochs than thousands
	result, err := head.Train(context.Background(), head.Examples{Features: features, Targets: targets},
		head.Examples{}, cfg, nil)
	if err != nil {
		log.Fatal(err)
	}
	trained, err := head.New(result.Network, head.Description{Space: space, Loss: result.Loss, Decision: head.Median})
	if err != nil {
		log.Fatal(err)
	}

	dir, err := os.MkdirTemp("", "head")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "head.safetensors")
	if err := trained.Save(path); err != nil {
		log.Fatal(err)
	}
	loaded, err := head.Load(path)
	if err != nil {
		log.Fatal(err)
	}
	items := head.Features{Rows: 3, Cols: 2, Data: []float32{0.0, 5, 1.2, 5, 2.4, 5}}
	probs := make([]float32, items.Rows*space.Len())
	if err := loaded.Probabilities(items, items.All(), 1, probs); err != nil {
		log.Fatal(err)
	}
	for i := range items.Rows {
		fmt.Println(loaded.Space().Class(loaded.Decide(probs[i*space.Len() : (i+1)*space.Len()])))
	}
	// Output:
	// poor
	// fair
	// good
}

// Folds share one feature matrix: a subset lists rows and copies none.
func ExampleExamples_Subset() {
	targets, err := head.OneHot(grades, 3)
	if err != nil {
		log.Fatal(err)
	}
	all := head.Examples{Features: features, Targets: targets}
	fold := all.Subset([]int{0, 4, 8})
	fmt.Println(fold.Len(), fold.Row(2), fold.Targets[6:9])
	// Output: 3 [2.2 4] [0 0 1]
}

// The decision rules differ where the distribution has two peaks.
func ExampleDecision_Decide() {
	probs := []float32{0.45, 0.1, 0.05, 0.4}
	for _, rule := range []head.Decision{head.Argmax, head.Median, head.Mean} {
		fmt.Println(rule, rule.Decide(probs, loss.Ordered()))
	}
	// Output:
	// argmax 0
	// median 1
	// mean 1
}
