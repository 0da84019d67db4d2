package dataset_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"finetune/pipeline/dataset"
)

func Example() {
	dir, err := os.MkdirTemp("", "faces")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	for _, age := range []int{1, 2, 4, 5, 9, 10, 30, 40, 41} {
		for shot := range 2 {
			// The content doesn't matter here: images aren't opened.
			if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d_%d.jpg", age, shot)), nil, 0o666); err != nil {
				log.Fatal(err)
			}
		}
	}

	set, err := dataset.Load(context.Background(), dataset.Options{
		Path:       dir,
		LabelRegex: `^(\d+)_`,
		GroupRegex: `^(\d+)_`, // both shots of a face stay together
		Bins:       []float64{0, 3, 7, 20},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, line := range set.Summary()[1:] {
		fmt.Println(line)
	}
	parts, err := dataset.Split(set, dataset.SplitOptions{Test: 0.4, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(parts.Train), "to train on,", len(parts.Test), "held out")
	// Output:
	// 4 classes, lowest first:
	//   0-2   4 (22.2 %)
	//   3-6   4 (22.2 %)
	//   7-19  4 (22.2 %)
	//   20+   6 (33.3 %)
	// 10 to train on, 8 held out
}
