package explain

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"path/filepath"
	"strings"

	"finetune/internal/cores"
	"finetune/internal/image/overlay"
	"finetune/internal/store/atomicfile"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
	"finetune/preprocess"
)

// A drawing is the work on a list of pictures.
type drawing struct {
	*Job
	folder *artifact.Folder // nil for a single picture
	run    *run.Run
	net    *features.Network
	asker  *TargetBuilder
	teller attributor
	class  int // that the user asks about, -1 for none
	result *Result
}

// explanation is the folder that an explanation leaves.
var explanation = artifact.Kind{Name: "explanation", Mark: ResultFile, Patterns: []string{ResultFile, "*.png", "*.npy"}}

// claim decides where the pictures go and claims the folder; it is nil for a single picture.
func (e *Job) claim(model *run.Run, items []dataset.Item) (*artifact.Folder, error) {
	if isPNG(e.Out) {
		if len(items) != 1 {
			return nil, &invalid.Error{Field: "Out", Path: e.Out, Found: fmt.Sprintf("one file for %d images", len(items)), Want: "a folder"}
		}
		return nil, artifact.NotAnInput(e.Out, items[0].File)
	}
	if e.Out == "" && len(e.Paths) == 0 {
		e.Out = filepath.Join(model.Folder, run.ExplainedFolder)
	}
	folder, err := explanation.Claim(artifact.ClaimOptions{Dir: e.Out, Base: "finetune-explain", Replace: true, Inputs: e.Paths})
	if err == nil {
		e.Out = folder.Dir
	}
	return folder, err
}

func isPNG(path string) bool { return strings.EqualFold(filepath.Ext(path), ".png") }

// single reports whether there is one picture and nothing beside it.
func (d *drawing) single() bool { return isPNG(d.Out) }

// all explains every item, in their order, on all cores. Memory doesn't grow with their number.
func (d *drawing) all(ctx context.Context, items []dataset.Item) error {
	workers := cores.Of(d.Threads)
	stage := d.Progress.Start("explained", len(items), "image")
	if o, ok := d.teller.(*occluder); ok {
		workers = 1 // it uses all cores itself
		stage.Done()
		stage = progress.None{}
		defer o.stage.Done()
	}
	defer stage.Done()
	files := fileNames(items)
	return features.InOrder(ctx, len(items), 1, workers,
		func() *Worker { return &Worker{} },
		func(ctx context.Context, w *Worker, i, _ int) (*Image, error) {
			if d.single() {
				return d.explain(ctx, w, items[i], d.Out, d.Out)
			}
			return d.explain(ctx, w, items[i], filepath.Join(d.Out, files[i]), d.folder.Path(files[i]))
		},
		func(i int, done *Image) error {
			stage.Add(1)
			if done.Picture != "" {
				d.result.Images = append(d.result.Images, *done)
				return nil
			}
			d.result.Unreadable = append(d.result.Unreadable, artifact.Unreadable{Path: done.Path, Reason: done.unreadable.Error()})
			if d.Images.Strict {
				return &invalid.Error{Path: done.Path, Found: done.unreadable.Error(), Want: "an image"}
			}
			return nil
		})
}

// longestStem bounds a file's name, which file systems bound too.
const longestStem = 150

// fileNames returns a name for each item's picture: its path below the data with the slashes gone, and a number where that comes twice.
func fileNames(items []dataset.Item) []string {
	names, taken := make([]string, len(items)), map[string]bool{}
	for i, item := range items {
		path := item.Path
		if filepath.IsAbs(path) || strings.HasPrefix(path, "..") {
			path = filepath.Base(path)
		}
		stem := strings.TrimSuffix(strings.NewReplacer("/", "_", "\\", "_", ":", "_").Replace(path), filepath.Ext(path))
		stem = strings.ToValidUTF8(stem[max(0, len(stem)-longestStem):], "")
		if stem == "" {
			stem = "image"
		}
		name := stem
		for n := 2; taken[name]; n++ {
			name = fmt.Sprintf("%s-%d", stem, n)
		}
		names[i], taken[name] = name+".png", true
	}
	return names
}

// An explainWorker is what one worker keeps to itself.
type Worker struct {
	files     features.ImageReader
	transform *preprocess.Transformer
	Tensor    []float32
}

// picture decodes a picture and makes its tensor. The picture is valid until the next one.
func (w *Worker) Load(ctx context.Context, net *features.Network, item dataset.Item) (*image.NRGBA, error) {
	data, err := w.files.Read(ctx, item)
	if err != nil {
		return nil, err
	}
	if w.transform == nil {
		if w.transform, err = net.Transformer(); err != nil {
			return nil, err
		}
		w.Tensor = make([]float32, w.transform.Len())
	}
	picture, err := w.transform.Decode(data)
	if err != nil {
		return nil, err
	}
	return picture, w.transform.TensorOf(w.Tensor, picture)
}

// encoder takes a fifth of the default's time for files a tenth larger.
var encoder = png.Encoder{CompressionLevel: png.BestSpeed}

// explain draws the sheet of one item to file, which will be named so.
func (d *drawing) explain(ctx context.Context, w *Worker, item dataset.Item, name, file string) (*Image, error) {
	picture, err := w.Load(ctx, d.net, item)
	if err != nil {
		return &Image{Path: item.Path, unreadable: err}, nil
	}
	a, err := d.teller.Attribute(ctx, w.Tensor, func(predicted int) []Target { return d.asker.ask(predicted, item.Label, d.class) })
	if err != nil {
		return nil, fmt.Errorf("explain %s: %w", item.Path, err)
	}
	size := picture.Bounds().Size()
	view := overlay.View(d.net.Spec.View(size.X, size.Y))
	sheet := d.sheet(picture, view, item, a)
	if err := atomicfile.Write(file, func(out io.Writer) error { return encoder.Encode(out, sheet.Draw()) }); err != nil {
		return nil, err
	}
	done := d.describe(item, a, view)
	done.Picture = name
	if d.Maps {
		err = writeMaps(strings.TrimSuffix(file, filepath.Ext(file)), a)
	}
	return done, err
}
