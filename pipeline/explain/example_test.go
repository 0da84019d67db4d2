package explain_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"finetune/internal/pipelinetest"
	"finetune/pipeline/explain"
	"finetune/pipeline/train"
)

// Which places of a photo make it look ruined?
func Example() {
	ctx, out := context.Background(), pipelinetest.TempFolder()
	defer os.RemoveAll(out)

	job := train.New("../../testdata/demo/demo.csv")
	job.Out = filepath.Join(out, "run")
	if _, err := job.Run(ctx); err != nil {
		log.Fatal(err)
	}
	explained, err := explain.Job{
		Model: job.Out,
		Paths: []string{"../../testdata/demo/images/coffee/0-grade4.jpg"},
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
