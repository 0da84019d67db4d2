package pipeline_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"finetune/pipeline"
	"finetune/pipeline/dataset"
)

// The main job: train on labelled images, look at the figures, label other images.
func Example() {
	ctx, out := context.Background(), tempFolder()
	defer os.RemoveAll(out)

	job := pipeline.NewTrain("../testdata/demo/demo.csv")
	job.Out = filepath.Join(out, "run")
	trained, err := job.Run(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("better than the commonest class:", trained.Metrics.QWK > trained.Metrics.Baseline.QWK+0.5)

	labels, err := pipeline.Predict{
		Model: job.Out,
		Data:  dataset.Options{Path: "../testdata/demo/images"},
		Out:   filepath.Join(out, "labels.csv"),
	}.Run(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("images labelled:", labels.Images)
	// Output:
	// better than the commonest class: true
	// images labelled: 360
}

// What is wrong with data is better known before training.
func ExampleCheck() {
	found, err := pipeline.NewCheck("../testdata/demo/demo.csv").Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range found.Findings {
		if f.Severity == pipeline.Trouble {
			fmt.Println(f.Found, "–", f.Do)
		}
	}
	fmt.Println("fit to train on:", found.Worst() != pipeline.Trouble)
	// Output:
	// fit to train on: true
}

// Features on disk train any number of heads without an image being read again.
func ExampleExtract() {
	ctx, out := context.Background(), tempFolder()
	defer os.RemoveAll(out)

	features, err := pipeline.Extract{
		Data: dataset.Options{Path: "../testdata/demo/demo.csv"},
		Out:  filepath.Join(out, "features"),
	}.Run(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(features.Rows, "×", features.Width)

	for _, hidden := range []int{0, 32} {
		job := pipeline.NewTrain("")
		job.Features, job.Head.Hidden = features.Folder, hidden
		job.Out = filepath.Join(out, fmt.Sprint("hidden-", hidden))
		trained, err := job.Run(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(trained.Head.Network().Hidden(), "hidden units:", trained.Metrics.QWK > 0.4)
	}
	// Output:
	// 360 × 11520
	// 0 hidden units: true
	// 32 hidden units: true
}

// With few images one split says little: here each is held out once, and the head that is kept is trained on all of them.
func ExampleTrain_folds() {
	out := tempFolder()
	defer os.RemoveAll(out)

	job := pipeline.NewTrain("../testdata/demo/images/coffee")
	job.Data.LabelRegex = `grade(\d)`
	job.Folds, job.Split.Test = 5, 0 // no image is kept out of the folds
	job.Out = filepath.Join(out, "run")
	trained, err := job.Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range trained.CrossValidation.Folds {
		fmt.Printf("fold %d: %d images held out\n", f.Fold, f.HeldOut)
	}
	fmt.Println("measured on images:", trained.Metrics.N)
	// Output:
	// fold 1: 6 images held out
	// fold 2: 6 images held out
	// fold 3: 6 images held out
	// fold 4: 6 images held out
	// fold 5: 6 images held out
	// measured on images: 30
}

// A head may be trained on views of the images, and predict the mean over them.
func ExampleTrain_views() {
	out := tempFolder()
	defer os.RemoveAll(out)

	job := pipeline.NewTrain("../testdata/demo/images/coffee")
	job.Data.LabelRegex = `grade(\d)`
	job.Images.Views, job.TTA = 2, pipeline.AllViews
	job.Out = filepath.Join(out, "run")
	if _, err := job.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	run, err := pipeline.OpenRun(job.Out)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(run.Config.Views)
	// Output:
	// trained on 2 views of each image, predictions are the mean over 2 (flip, crop, scale, colour; seed 0)
}

func tempFolder() string {
	dir, err := os.MkdirTemp("", "finetune-example-")
	if err != nil {
		log.Fatal(err)
	}
	return dir
}
