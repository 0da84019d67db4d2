//go:build unix

package main

import (
	"context"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"finetune/head"
	"finetune/internal/store/npy"
	"finetune/label"
	"finetune/loss"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
	"finetune/pipeline/run"
	"finetune/pipeline/train"
)

// A stage is a part of the work.
type stage struct {
	name  string
	bound string // what bounds it
	needs []material
	run   func(ctx context.Context, s *scale, n int) (spent, error)
}

// network is a network of the tests: next to nothing to compute, 24 numbers an image.
const network = "backbone/testdata/squeezenet_size_9.onnx"

var stages = []stage{
	{"list a folder of classes", "system calls", []material{images}, func(ctx context.Context, s *scale, n int) (spent, error) {
		return timed(func() error { return s.load(ctx, dataset.Options{Path: s.imageFolder(n)}, n) })
	}},
	{"read a manifest", "parsing, allocation", []material{manifest}, func(ctx context.Context, s *scale, n int) (spent, error) {
		return timed(func() error { return s.load(ctx, dataset.Options{Path: s.manifest(n), NoFiles: true}, n) })
	}},
	{"split, stratified", "memory", []material{manifest}, func(ctx context.Context, s *scale, n int) (spent, error) {
		set, err := dataset.Load(ctx, dataset.Options{Path: s.manifest(n), NoFiles: true})
		if err != nil {
			return spent{}, err
		}
		return timed(func() error {
			_, err := dataset.Split(set, dataset.SplitOptions{Val: 0.15, Test: 0.2})
			return err
		})
	}},
	{"split, 1 group in 4 images", "memory", []material{manifest}, func(ctx context.Context, s *scale, n int) (spent, error) {
		set, err := dataset.Load(ctx, dataset.Options{Path: s.manifest(n), NoFiles: true})
		if err != nil {
			return spent{}, err
		}
		for i := range set.Items {
			set.Items[i].Group = strconv.Itoa(i / 4)
		}
		return timed(func() error {
			_, err := dataset.Split(set, dataset.SplitOptions{Val: 0.15, Test: 0.2})
			return err
		})
	}},
	{"predict, nothing cached", "system calls, decoding, ONNX Runtime", []material{images, trained}, func(ctx context.Context, s *scale, n int) (spent, error) {
		return timed(func() error { return s.predict(ctx, n, s.imageFolder(n), ".csv", features.Images{NoCache: true}) })
	}},
	{"extract, nothing cached", "the same, and writing", []material{images}, func(ctx context.Context, s *scale, n int) (spent, error) {
		if err := os.RemoveAll(s.cache(n)); err != nil {
			return spent{}, err
		}
		return timed(func() error { return s.extract(ctx, n) })
	}},
	{"extract, all cached", "system calls, SHA-256", []material{cached}, func(ctx context.Context, s *scale, n int) (spent, error) {
		return timed(func() error { return s.extract(ctx, n) })
	}},
	{"predict, all cached", "system calls, SHA-256", []material{cached, trained}, func(ctx context.Context, s *scale, n int) (spent, error) {
		return timed(func() error { return s.predict(ctx, n, s.imageFolder(n), ".csv", features.Images{Cache: s.cache(n)}) })
	}},
	{"train on images, all cached, with figures, report and files", "system calls, SHA-256, arithmetic", []material{cached}, func(ctx context.Context, s *scale, n int) (spent, error) {
		return timed(func() error {
			job := train.New(s.imageFolder(n))
			job.Images = small(features.Images{Backbone: network, Tap: features.Last, Cache: s.cache(n)})
			job.Out, job.Overwrite = filepath.Join(s.work, "trained"), true
			_, err := job.Run(ctx)
			return err
		})
	}},
	predictList(".csv"), predictList(".jsonl"), predictList(".parquet"),
	{"train 3 epochs, with figures, report and files", "the bootstrap: arithmetic", []material{featureFolder}, func(ctx context.Context, s *scale, n int) (spent, error) {
		return timed(func() error {
			_, err := s.train(ctx, n)
			return err
		})
	}},
	{"closed form on features in four parts, with figures, report and files", "memory, arithmetic", []material{featureParts}, func(ctx context.Context, s *scale, n int) (spent, error) {
		return timed(func() error {
			job := train.New("")
			job.Features, job.Out, job.Overwrite = s.featureParts(n), filepath.Join(s.work, "trained"), true
			_, err := job.Run(ctx)
			return err
		})
	}},
	{"3 epochs of a linear head, 256 features", "memory", []material{featureFolder}, func(ctx context.Context, s *scale, n int) (spent, error) {
		x, err := npy.Open(filepath.Join(s.features(n), features.MatrixFile))
		if err != nil {
			return spent{}, err
		}
		defer x.Close()
		return timed(func() error { return epochs(ctx, x) })
	}},
	{"figures with intervals from 1,000 draws", "arithmetic", nil, func(_ context.Context, _ *scale, n int) (spent, error) {
		in := predicted(n)
		return timed(func() error {
			_, err := metrics.Evaluate(in)
			return err
		})
	}},
}

// predictList predicts a list that names the same few images again and again, so that a million of them need no disk.
func predictList(ending string) stage {
	return stage{"predict a list to " + ending, "system calls, SHA-256", []material{few, list, trained},
		func(ctx context.Context, s *scale, n int) (spent, error) {
			return timed(func() error {
				return s.predict(ctx, n, s.list(n), ending, features.Images{Cache: s.cache(fewImages)})
			})
		}}
}

func (s *scale) load(ctx context.Context, o dataset.Options, n int) error {
	set, err := dataset.Load(ctx, o)
	if err == nil && len(set.Items) != n {
		err = unexpected(len(set.Items), n)
	}
	return err
}

func (s *scale) extract(ctx context.Context, n int) error {
	result, err := features.Extract{
		Data: dataset.Options{Path: s.imageFolder(n)}, Out: filepath.Join(s.work, "extracted"),
		Images: small(features.Images{Backbone: network, Tap: features.Last, Cache: s.cache(n)}),
	}.Run(ctx)
	if err == nil && result.Rows != n {
		err = unexpected(result.Rows, n)
	}
	return err
}

func (s *scale) predict(ctx context.Context, n int, path, ending string, i features.Images) error {
	out := filepath.Join(s.work, "predicted") // a complete table would be left as it is
	if err := os.RemoveAll(out); err != nil {
		return err
	}
	result, err := run.Predict{
		Model: s.trained(), Path: path, Images: i, Out: filepath.Join(out, "predicted"+ending),
	}.Run(ctx)
	if err == nil && result.Images != int64(n) {
		err = unexpected(int(result.Images), n)
	}
	return err
}

// train trains a linear head for three epochs on features that were generated.
func (s *scale) train(ctx context.Context, n int) (*train.Result, error) {
	job := train.New("")
	job.Features, job.Out, job.Overwrite = s.features(n), filepath.Join(s.work, "trained"), true
	job.Head.Epochs, job.Head.Optimizer = 3, head.SGD
	return job.Run(ctx)
}

// epochs trains a linear head for three epochs on the features alone.
func epochs(ctx context.Context, x *npy.Mapped) error {
	all := head.Examples{Features: head.Features{Rows: x.Rows, Cols: x.Cols, Data: x.Data}, Targets: make([]float32, x.Rows*classes)}
	for i := range x.Rows {
		all.Targets[i*classes+i%classes] = 1
	}
	c := head.Config{Loss: loss.Config{Name: loss.EMD2, Classes: classes}, Optimizer: head.SGD, LR: head.Auto, Epochs: 3,
		BatchSize: head.Auto, Threads: head.Auto}
	_, err := head.Train(ctx, all, head.Examples{}, c, nil)
	return err
}

// small is the network's own size of picture, for the images are no larger.
func small(i features.Images) features.Images {
	i.Overrides.ImageSize = side
	return i
}

// predicted is n random distributions over the classes, with labels.
func predicted(n int) metrics.Input {
	names := make([]string, classes)
	for c := range names {
		names[c] = strconv.Itoa(c)
	}
	space, err := label.New(names, nil)
	if err != nil {
		panic(err) // the names are fixed
	}
	r := rand.New(rand.NewPCG(1, uint64(n)))
	in := metrics.Input{Space: space, Labels: make([]int, n), Probabilities: make([]float64, 0, n*classes)}
	odds := make([]float64, classes)
	for i := range in.Labels {
		in.Labels[i] = r.IntN(classes)
		total := 0.0
		for c := range odds {
			odds[c] = math.Exp(r.NormFloat64() - math.Abs(float64(c-in.Labels[i])))
			total += odds[c]
		}
		for _, o := range odds {
			in.Probabilities = append(in.Probabilities, o/total)
		}
	}
	return in
}
