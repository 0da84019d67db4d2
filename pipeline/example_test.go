package pipeline_test

import (
	"context"
	"fmt"
	"image"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"

	"finetune/backbone"
	"finetune/head"
	"finetune/internal/pipelinetest"
	"finetune/label"
	"finetune/loss"
	"finetune/models"
	"finetune/pipeline/check"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
	"finetune/pipeline/train"
	"finetune/preprocess"
)

// The main job: train on labelled images, look at the figures, label other images.
func Example() {
	ctx, out := context.Background(), pipelinetest.TempFolder()
	defer os.RemoveAll(out)

	job := train.New("../testdata/demo/demo.csv")
	job.Out = filepath.Join(out, "run")
	trained, err := job.Run(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("better than the commonest class:", trained.Metrics.QWK > trained.Metrics.Baseline.QWK+0.5)

	labels, err := run.Predict{
		Model: job.Out,
		Path:  "../testdata/demo/images",
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

// Images that aren't files, such as those of a database, are trained on without a folder: they become features one by
// one, and the head that is saved can be used like a run.
func Example_ownImages() {
	ctx := context.Background()
	network, err := backbone.OpenBytes(models.Default().Name, models.Default().Data, backbone.Options{})
	if err != nil {
		log.Fatal(err)
	}
	defer network.Close()
	spec := models.Default().Spec
	transformer, err := preprocess.NewTransformer(spec, preprocess.NCHW)
	if err != nil {
		log.Fatal(err)
	}

	const images = 60
	rows := head.Features{Rows: images, Cols: network.Dim(), Data: make([]float32, images*network.Dim())}
	labels := make([]int, images)
	tensor := make([]float32, transformer.Len())
	for i := range images {
		labels[i] = i % 3
		if err := transformer.TensorOf(tensor, stripes(labels[i], i)); err != nil { // Tensor takes the bytes of a file
			log.Fatal(err)
		}
		if err := network.Features(ctx, tensor, 1, rows.Row(i)); err != nil {
			log.Fatal(err)
		}
	}

	space, err := label.New([]string{"coarse", "medium", "fine"}, nil)
	if err != nil {
		log.Fatal(err)
	}
	targets, err := head.OneHot(labels, space.Len())
	if err != nil {
		log.Fatal(err)
	}
	cfg := head.Defaults(loss.Config{Name: loss.EMD2, Classes: space.Len()}, 0)
	trained, err := head.Train(ctx, head.Examples{Features: rows, Targets: targets}, head.Examples{}, cfg, nil)
	if err != nil {
		log.Fatal(err)
	}
	h, err := head.New(trained.Network, head.Description{
		Space: space, Loss: trained.Loss, Decision: head.Median,
		Origin: head.Origin{Backbone: network.Digest(), Tap: network.Feature().Text, Preprocessing: spec.String()},
	})
	if err != nil {
		log.Fatal(err)
	}
	folder := pipelinetest.TempFolder()
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, run.HeadFile)
	if err := h.Save(path); err != nil {
		log.Fatal(err)
	}

	model, err := run.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	predictor, err := model.Predictor(run.PredictorOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer predictor.Close()
	answer, err := predictor.PredictImage(ctx, stripes(2, 1000))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(answer.Predicted)
	// Output: fine
}

// stripes draws an image of a class with some noise.
func stripes(class, number int) image.Image {
	random := rand.New(rand.NewPCG(1, uint64(number)))
	img := image.NewGray(image.Rect(0, 0, 64, 64))
	for i := range img.Pix {
		img.Pix[i] = uint8(40 + random.IntN(60))
		if (i%64)*(class+1)/12%2 == 0 {
			img.Pix[i] += 120
		}
	}
	return img
}

// Check labelled images before training.
func Example_check() {
	found, err := check.New("../testdata/demo/demo.csv").Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	for _, f := range found.Findings {
		if f.Severity == check.Problem {
			fmt.Println(f.Message, "–", f.Advice)
		}
	}
	fmt.Println("no problems:", found.MaxSeverity() != check.Problem)
	// Output:
	// no problems: true
}

// Features on disk train any number of heads without an image being read again.
func Example_extract() {
	ctx, out := context.Background(), pipelinetest.TempFolder()
	defer os.RemoveAll(out)

	folder, err := features.Extract{
		Data: dataset.Options{Path: "../testdata/demo/demo.csv"},
		Out:  filepath.Join(out, "features"),
	}.Run(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(folder.Rows, "×", folder.Width)

	for _, hidden := range []int{0, 32} {
		job := train.New("")
		job.Features, job.Head.Hidden = folder.Folder, hidden
		job.Out = filepath.Join(out, fmt.Sprint("hidden-", hidden))
		trained, err := job.Run(ctx)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println("hidden", hidden, trained.Metrics.QWK > 0.4)
	}
	// Output:
	// 360 × 11520
	// hidden 0 true
	// hidden 32 true
}

// With few images one split says little: here each is held out once, and the head that is kept is trained on all of them.
func Example_folds() {
	out := pipelinetest.TempFolder()
	defer os.RemoveAll(out)

	job := train.New("../testdata/demo/images/coffee")
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
func Example_views() {
	out := pipelinetest.TempFolder()
	defer os.RemoveAll(out)

	job := train.New("../testdata/demo/images/coffee")
	job.Data.LabelRegex = `grade(\d)`
	job.Images.Views, job.TTA = 2, features.AllViews
	job.Out = filepath.Join(out, "run")
	if _, err := job.Run(context.Background()); err != nil {
		log.Fatal(err)
	}
	model, err := run.Open(job.Out)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(model.Config.Views)
	// Output:
	// trained on 2 views of each image, predictions are the mean over 2 (flip, crop, scale, colour; seed 0)
}
