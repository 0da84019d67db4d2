package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"sync"
	"time"

	"finetune/backbone"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/preprocess"
)

// Lite0 is the embedded network as a file, for peers; what it takes is (v − 127) / 128 at 224 × 224.
const (
	lite0     = "models/efficientnet_lite0.onnx"
	lite0Size = 224
)

// imageRows compare what happens to a picture: to pixels alone, and on the way from file to features.
func (b *bench) imageRows() []*row {
	photos := func() ([]string, error) { return b.pictures(32, 4000, 3000) }
	small := func() ([]string, error) { return b.pictures(256, 640, 480) }
	faces := func() ([]string, error) { return b.pictures(512, 200, 200) }
	return []*row{
		b.pixelRow("640 × 480 JPEG to tensor, one thread", small, false, 1, 0),
		b.pixelRow("12-megapixel JPEG to tensor, one thread", photos, false, 1.5, 3),
		b.pixelRow("the same, Pillow decoding at a smaller scale", photos, true, 0, 0),
		b.pixelRow("12-megapixel progressive JPEG to tensor, one thread", b.inFormat("progressive.jpg"), false, 1, 0),
		b.pixelRow("12-megapixel PNG to tensor, one thread", b.inFormat("png"), false, 1, 0),
		b.pixelRow("12-megapixel lossy WebP to tensor, one thread", b.inFormat("lossy.webp"), false, 1, 0),
		b.pixelRow("12-megapixel lossless WebP to tensor, one thread", b.inFormat("lossless.webp"), false, 1, 0),
		b.networkRow("ResNet-50, 640 × 480 JPEGs", b.resnet50, small, 0.9, 0.95),
		b.extractionRow("ResNet-50, 640 × 480 JPEGs", b.resnet50, small, 1, 0),
		b.networkRow("EfficientNet-Lite0, 640 × 480 JPEGs", embedded, small, 0, 0),
		b.extractionRow("EfficientNet-Lite0, 640 × 480 JPEGs", embedded, small, 1, 0),
		b.extractionRow("EfficientNet-Lite0, 12-megapixel JPEGs", embedded, photos, 1.5, 3),
		b.precisionRow("ResNet-50 in int8, 640 × 480 JPEGs", b.resnet50, small, 2.5),
		b.int8Row("ResNet-50 in int8, 640 × 480 JPEGs", b.resnet50, small, 1),
		b.precisionRow("EfficientNet-Lite0 in int8, 200 × 200 JPEGs", embedded, faces, 1.4),
		b.int8Row("EfficientNet-Lite0 in int8, 200 × 200 JPEGs", embedded, faces, 1),
	}
}

// inFormat returns a few large pictures as files that Pillow writes in that format, by the name's end.
func (b *bench) inFormat(end string) func() ([]string, error) {
	const count = 4
	return func() ([]string, error) {
		photos, err := b.pictures(32, 4000, 3000)
		if err != nil {
			return nil, err
		}
		paths := make([]string, count)
		for i := range paths {
			paths[i] = filepath.Join(b.work, fmt.Sprintf("%d.%s", i, end))
			if _, err := os.Stat(paths[i]); err == nil {
				continue
			}
			if _, _, err := b.peer.ask("save", map[string]any{"path": photos[i], "out": paths[i]}); err != nil {
				return nil, err
			}
		}
		return paths, nil
	}
}

func embedded() (string, error) { return lite0, nil }

// pixelRow compares the way from file to tensor on one thread.
func (b *bench) pixelRow(name string, paths func() ([]string, error), draft bool, required, aim float64) *row {
	return &row{
		group: "pixels", name: name, unit: milliseconds, required: required, aim: aim, peerName: "Pillow",
		ours: func(context.Context) (float64, string, error) {
			files, err := paths()
			if err != nil {
				return 0, "", err
			}
			seconds, err := tensorSeconds(files)
			return seconds, "", err
		},
		peer: func(context.Context) (float64, string, error) {
			files, err := paths()
			if err != nil {
				return 0, "", err
			}
			return b.peer.ask("pixels", map[string]any{"paths": files, "size": lite0Size, "draft": draft, "repeats": 1})
		},
	}
}

func tensorSeconds(files []string) (float64, error) {
	spec, err := preprocess.Preset("efficientnet-lite")
	if err != nil {
		return 0, err
	}
	spec = spec.Sized(lite0Size, lite0Size)
	spec.Resize = preprocess.Squash
	t, err := preprocess.NewTransformer(spec, preprocess.NCHW)
	if err != nil {
		return 0, err
	}
	tensor := make([]float32, t.Len())
	start := time.Now()
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			return 0, err
		}
		if err := t.Tensor(tensor, data); err != nil {
			return 0, err
		}
	}
	return time.Since(start).Seconds() / float64(len(files)), nil
}

// networkRow compares the whole way from file to features with the network alone on tensors that are ready.
func (b *bench) networkRow(name string, network func() (string, error), paths func() ([]string, error), required, aim float64) *row {
	return &row{
		group: "extraction", name: name, unit: imagesPerSecond, required: required, aim: aim, peerName: "ONNX Runtime on ready tensors",
		ours: b.extraction(network, paths),
		peer: func(context.Context) (float64, string, error) {
			model, err := network()
			if err != nil {
				return 0, "", err
			}
			return b.peer.ask("network", map[string]any{"model": model, "size": lite0Size, "threads": b.threads, "count": 64})
		},
	}
}

// onPictures is a figure of a network and pictures, which are made when they are first needed.
func onPictures(network func() (string, error), paths func() ([]string, error),
	do func(ctx context.Context, model string, files []string) (float64, string, error)) figure {
	return func(ctx context.Context) (float64, string, error) {
		model, err := network()
		if err != nil {
			return 0, "", err
		}
		files, err := paths()
		if err != nil {
			return 0, "", err
		}
		return do(ctx, model, files)
	}
}

// extractionRow compares the whole way from file to features.
func (b *bench) extractionRow(name string, network func() (string, error), paths func() ([]string, error), required, aim float64) *row {
	return &row{
		group: "extraction", name: name, unit: imagesPerSecond, required: required, aim: aim, peerName: "Pillow + ONNX Runtime",
		ours: b.extraction(network, paths),
		peer: onPictures(network, paths, func(_ context.Context, model string, files []string) (float64, string, error) {
			return b.peer.ask("extraction", map[string]any{"model": model, "paths": files, "size": lite0Size, "mean": 127.0, "std": 128.0,
				"threads": b.threads, "batch": 16})
		}),
	}
}

// extraction is the job Extract on pictures that no cache knows, for the last features as the peers take them.
func (b *bench) extraction(network func() (string, error), paths func() ([]string, error)) figure {
	return onPictures(network, paths, func(ctx context.Context, model string, files []string) (float64, string, error) {
		seconds, err := b.extract(ctx, files, lastFeatures(model))
		return seconds, "", err
	})
}

// lastFeatures are the last features of a network as the peers take them.
func lastFeatures(model string) features.Images {
	i := features.Images{Backbone: model, Tap: features.Last, Preset: "efficientnet-lite", NoCache: true}
	i.Overrides.Resize = preprocess.Squash
	return i
}

// extract returns the seconds an image takes.
func (b *bench) extract(ctx context.Context, files []string, i features.Images) (float64, error) {
	clock := &stopwatch{}
	job := features.Extract{
		Data:     dataset.Options{Path: filepath.Dir(files[0])},
		Images:   i,
		Threads:  b.threads,
		Out:      filepath.Join(b.work, "features"),
		Progress: clock,
	}
	_, err := job.Run(ctx)
	return clock.perThing(), err
}

// precisionRow compares the whole way from file to features in int8 with that in float32. Making the network doesn't count.
func (b *bench) precisionRow(name string, network func() (string, error), paths func() ([]string, error), required float64) *row {
	return &row{
		group: "precision", name: name, unit: imagesPerSecond, required: required, peerName: "finetune in float32",
		ours: b.int8Extraction(network, paths), peer: b.extraction(network, paths),
	}
}

// int8Row compares it with Pillow and a network that ONNX Runtime's own quantiser made from the same images.
func (b *bench) int8Row(name string, network func() (string, error), paths func() ([]string, error), required float64) *row {
	return &row{
		group: "precision", name: name, unit: imagesPerSecond, required: required, peerName: "Pillow + ONNX Runtime in int8",
		ours: b.int8Extraction(network, paths),
		peer: onPictures(network, paths, func(_ context.Context, model string, files []string) (float64, string, error) {
			low := filepath.Join(b.work, filepath.Base(model)+".int8.onnx")
			how := map[string]any{"model": model, "paths": files, "size": lite0Size, "mean": 127.0, "std": 128.0}
			if _, err := os.Stat(low); err != nil {
				how["out"] = low
				if _, _, err := b.peer.ask("int8", how); err != nil {
					return 0, "", err
				}
				delete(how, "out")
			}
			how["model"], how["threads"], how["batch"] = low, b.threads, 16
			return b.peer.ask("extraction", how)
		}),
	}
}

// int8Extraction is extraction with a network that is made from some of the pictures first.
func (b *bench) int8Extraction(network func() (string, error), paths func() ([]string, error)) figure {
	made := map[string]features.Images{}
	return onPictures(network, paths, func(ctx context.Context, model string, files []string) (float64, string, error) {
		low, ok := made[model]
		if !ok {
			i := lastFeatures(model)
			i.Precision, i.Cache, i.NoCache = backbone.Int8, filepath.Join(b.work, "cache"), false
			set, err := dataset.Load(ctx, dataset.Options{Path: filepath.Dir(files[0]), Unlabelled: true})
			if err != nil {
				return 0, "", err
			}
			if low, err = i.Lower(ctx, set.Items, 0, b.threads, progress.None{}); err != nil {
				return 0, "", err
			}
			low.NoCache = true
			made[model] = low
		}
		seconds, err := b.extract(ctx, files, low)
		return seconds, "", err
	})
}

// A stopwatch is a Progress that times the things of a stage. What happens before the first is done, such as loading the
// network, isn't a rate and doesn't count: the peers have their networks loaded as well.
type stopwatch struct {
	progress.None
	mu          sync.Mutex
	first, last time.Time
	atFirst     int
	done        int
}

func (s *stopwatch) Start(string, int, string) progress.Stage { return s }

// Add notes that n more are done.
func (s *stopwatch) Add(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done += n
	s.last = time.Now()
	if s.first.IsZero() {
		s.first, s.atFirst = s.last, s.done
	}
}

func (s *stopwatch) perThing() float64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.done == s.atFirst {
		return math.Inf(1)
	}
	return s.last.Sub(s.first).Seconds() / float64(s.done-s.atFirst)
}
