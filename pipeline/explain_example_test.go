package pipeline_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"finetune/pipeline"
)

// Which places of a photo make it look ruined?
func ExampleExplain() {
	ctx, out := context.Background(), tempFolder()
	defer os.RemoveAll(out)

	job := pipeline.NewTrain("../testdata/demo/demo.csv")
	job.Out = filepath.Join(out, "run")
	if _, err := job.Run(ctx); err != nil {
		log.Fatal(err)
	}
	explained, err := pipeline.Explain{
		Model: job.Out,
		Paths: []string{"../testdata/demo/images/coffee/0-grade4.jpg"},
		Out:   filepath.Join(out, "coffee.png"),
	}.Run(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("by", explained.Method+", compared with", explained.Compared)
	for _, m := range explained.Images[0].Maps {
		fmt.Println(m.Question, m.Class)
	}
	// Output:
	// by cam, compared with the average training picture
	// class 4
	// order
}
