package run_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"finetune/internal/pipelinetest"
	"finetune/pipeline/run"
	"finetune/pipeline/train"
)

// A trained run labels images that a program has in memory, from as many goroutines as it likes.
func ExampleRun_Predictor() {
	folder := pipelinetest.TempFolder()
	defer os.RemoveAll(folder)
	job := train.New("../../testdata/demo/demo.csv")
	job.Out = filepath.Join(folder, "run")
	if _, err := job.Run(context.Background()); err != nil {
		log.Fatal(err)
	}

	model, err := run.Open(job.Out)
	if err != nil {
		log.Fatal(err)
	}
	predictor, err := model.Predictor(run.PredictorOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer predictor.Close()

	file, err := os.ReadFile("../../testdata/demo/images/coffee/1-grade1.jpg") // or the body of a request
	if err != nil {
		log.Fatal(err)
	}
	answer, err := predictor.Predict(context.Background(), file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("grade %s, confident: %v\n", answer.Predicted, answer.Confidence > 0.5)
	// Output: grade 1, confident: true
}
