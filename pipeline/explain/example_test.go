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

// Explain which places of a photo raise its predicted degradation grade.
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
	fmt.Println("method", explained.Method+", reference", explained.Reference)
	for _, m := range explained.Images[0].Maps {
		fmt.Println(m.Target, m.Class)
	}
	// Output:
	// method cam, reference the average training image
	// class 3
	// order
}
