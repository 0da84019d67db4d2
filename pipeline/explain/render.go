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
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
	"finetune/preprocess"
)

// A renderer explains images and draws their sheets.
type renderer struct {
	*Job
	folder     *artifact.Folder // nil if Out is a single file
	run        *run.Run
	net        *features.Network
	targets    *TargetBuilder
	attributor attributor
	class      int // the extra class, -1 for none
	result     *Result
}

// outputFolder is the kind of folder that a Job writes.
var outputFolder = artifact.Kind{Name: "explanation", Mark: ResultFile,
	Patterns: []string{ResultFile, "*.png", "*.npy"}}

// claim chooses and claims the output folder. The folder is nil if Out is a single file.
func (e *Job) claim(ctx context.Context, model *run.Run, items []dataset.Item) (*artifact.Folder, error) {
	if isPNG(e.Out) {
		if len(items) != 1 {
			return nil, &invalid.Error{Field: "Out", Path: e.Out,
				Found: fmt.Sprintf("one file for %d images", len(items)), Want: "a folder"}
		}
		return nil, e.mayWrite(ctx, model, items[0].File)
	}
	if e.Out == "" && len(e.Paths) == 0 {
		e.Out = filepath.Join(model.Folder, run.ExplainedFolder)
	}
	folder, err := outputFolder.Claim(ctx, artifact.ClaimOptions{Dir: e.Out, Base: "finetune-explain", Replace: true,
		Inputs: e.Paths})
	if err == nil {
		e.Out = folder.Dir
	}
	return folder, err
}

// mayWrite refuses a sheet, or a matrix beside it, that must not be written over.
func (e *Job) mayWrite(ctx context.Context, model *run.Run, image string) error {
	files := []string{e.Out}
	if e.Maps {
		stem := stemOf(e.Out)
		files = append(files, matrixFile(stem, Target{kind: TargetOrder}))
		for class := range model.Head.Space().Len() {
			files = append(files, matrixFile(stem, Target{kind: TargetClass, class: class}))
		}
	}
	inputs := append([]string{image, e.Model, e.Images.Backbone, e.Images.Library}, e.Paths...)
	for _, file := range files {
		if err := model.MayWrite(ctx, file, e.Overwrite, inputs...); err != nil {
			return err
		}
	}
	return nil
}

func stemOf(file string) string { return strings.TrimSuffix(file, filepath.Ext(file)) }

func isPNG(path string) bool { return strings.EqualFold(filepath.Ext(path), ".png") }

// singleFile reports whether the job writes one sheet and no other file.
func (r *renderer) singleFile() bool { return isPNG(r.Out) }

// renderAll explains every item on all cores and records results in the order of items. Memory doesn't grow with
// their number.
func (r *renderer) renderAll(ctx context.Context, items []dataset.Item) error {
	workers := cores.Of(r.Threads)
	stage := r.Progress.Start("explained", len(items), "image")
	if o, ok := r.attributor.(*occluder); ok {
		workers = 1 // the occluder uses all cores itself
		stage.Done()
		stage = progress.None{}
		defer o.stage.Done()
	}
	defer stage.Done()
	files := fileNames(items)
	return features.InOrder(ctx, len(items), 1, workers,
		func() *Worker { return &Worker{} },
		func(ctx context.Context, w *Worker, i, _ int) (*Image, error) {
			name, file := r.Out, r.Out
			if !r.singleFile() {
				name, file = r.folder.Name(files[i]), r.folder.Path(files[i])
			}
			done, err := r.render(ctx, w, items[i], name, file)
			if err == nil && r.unseen != nil {
				done.Unseen = className(r.run.Head.Space(), r.unseen[i])
			}
			return done, err
		},
		func(i int, done *Image) error {
			stage.Add(1)
			if done.Picture != "" {
				r.result.Images = append(r.result.Images, *done)
				return nil
			}
			r.result.Unreadable = append(r.result.Unreadable,
				artifact.Unreadable{Path: done.Path, Reason: done.unreadable.Error()})
			if r.Images.Strict {
				return &invalid.Error{Path: done.Path, Found: done.unreadable.Error(), Want: "an image"}
			}
			return nil
		})
}

// maxStem is the maximum length of a file name without its extension, in bytes, below the limits of file systems.
const maxStem = 150

// fileNames returns a file name for each item's sheet: the item's relative path with separators replaced by
// underscores. A name that repeats gets a number.
func fileNames(items []dataset.Item) []string {
	names, taken := make([]string, len(items)), map[string]bool{}
	for i, item := range items {
		path := item.Path
		if filepath.IsAbs(path) || strings.HasPrefix(path, "..") {
			path = filepath.Base(path)
		}
		stem := strings.TrimSuffix(strings.NewReplacer("/", "_", "\\", "_", ":", "_").Replace(path),
			filepath.Ext(path))
		stem = strings.ToValidUTF8(stem[max(0, len(stem)-maxStem):], "")
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

// A Worker decodes and preprocesses images for one goroutine. The zero value is ready to use.
type Worker struct {
	files     features.ImageReader
	transform *preprocess.Transformer
	Tensor    []float32 // the input tensor of the image that Load read last
}

// Load reads and decodes the image of an item, upright, and computes its Tensor. The returned image is valid until
// the next call.
func (w *Worker) Load(ctx context.Context, net *features.Network, item dataset.Item) (*image.NRGBA, error) {
	data, err := w.files.Read(ctx, item)
	if err != nil {
		return nil, err
	}
	return w.decode(ctx, net, data)
}

// decode is Load for the bytes of a file.
func (w *Worker) decode(ctx context.Context, net *features.Network, data []byte) (_ *image.NRGBA, err error) {
	if w.transform == nil {
		if w.transform, err = net.Transformer(); err != nil {
			return nil, err
		}
		w.Tensor = make([]float32, w.transform.Len())
	}
	w.transform.Stop = ctx.Err
	picture, err := w.transform.Decode(data)
	if err != nil {
		return nil, err
	}
	return picture, w.transform.TensorOf(w.Tensor, picture)
}

// encoder takes a fifth of the time of the default compression level for files that are a tenth larger.
var encoder = png.Encoder{CompressionLevel: png.BestSpeed}

// render explains one item and writes its sheet to file. The result names the sheet as name.
func (r *renderer) render(ctx context.Context, w *Worker, item dataset.Item, name, file string) (*Image, error) {
	picture, err := w.Load(ctx, r.net, item)
	if err != nil {
		reason, fault := features.Fault(err)
		if !fault {
			return nil, fmt.Errorf("%s: %w", item.Path, err)
		}
		return &Image{Path: item.Path, unreadable: reason}, nil
	}
	a, err := r.attributor.Attribute(ctx, w.Tensor, func(predicted int) []Target {
		return r.targets.targets(predicted,
			item.Label, r.class)
	})
	if err != nil {
		return nil, fmt.Errorf("explain %s: %w", item.Path, err)
	}
	size := picture.Bounds().Size()
	view := overlay.View(r.net.Spec.View(size.X, size.Y))
	sheet := r.sheet(picture, view, item, a)
	overwrite := r.Overwrite || !r.singleFile()
	if err := run.WriteOut(file, overwrite, func(out io.Writer) error {
		return encoder.Encode(out, sheet.Draw())
	}); err != nil {
		return nil, err
	}
	image := describe(r.run.Head.Space(), a, view)
	image.Path, image.Label = item.Path, className(r.run.Head.Space(), item.Label)
	image.Picture = name
	if r.Maps {
		err = writeMaps(stemOf(file), a)
	}
	return image, err
}
