package export

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"finetune/backbone"
	"finetune/internal/onnx/deploy"
	"finetune/internal/onnx/graph"
	"finetune/internal/ort/verify"
	"finetune/internal/store/atomicfile"
	"finetune/internal/store/lockfile"
	"finetune/internal/store/userfile"
	"finetune/models"
	"finetune/pipeline/artifact"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
)

// onnx writes an ONNX model to a folder beside Out, compares it with the pipeline, and puts it in place.
func (j *Job) onnx(ctx context.Context, r *run.Run) (*Result, error) {
	p, err := j.predictor(r)
	if err != nil {
		return nil, err
	}
	if p != nil {
		defer p.Close()
	}
	folder := filepath.Dir(j.Out)
	if err := os.MkdirAll(folder, 0o777); err != nil {
		return nil, err
	}
	stage, release, err := claimStage(stageOf(j.Out))
	if err != nil {
		return nil, err
	}
	defer release()
	files, err := j.stage(ctx, r, p, filepath.Join(stage, filepath.Base(j.Out)))
	if err != nil {
		return nil, err
	}
	result := &Result{Format: j.Format}
	if result.Check, err = j.compare(ctx, r, p, files[0]); err != nil {
		return nil, err
	}
	if err := result.describe(ctx, files[0]); err != nil {
		return nil, err
	}
	if result.Files, err = j.place(files); err != nil {
		return nil, err
	}
	if p == nil {
		return result, release()
	}
	if err := p.Close(); err != nil {
		return nil, err
	}
	return result, release()
}

func stageOf(out string) string {
	return filepath.Join(filepath.Dir(out), ".finetune-export-"+filepath.Base(out))
}

// claimStage claims the folder that files are written to first, and empties it of what a killed export left. release removes it.
func claimStage(dir string) (stage string, release func() error, err error) {
	claim, err := lockfile.Acquire(dir)
	if err != nil {
		return "", nil, artifact.CannotWrite(filepath.Dir(dir), err)
	}
	release = sync.OnceValue(func() error {
		err := os.RemoveAll(dir) // with the lock file, while it is locked
		return errors.Join(err, claim.Abandon())
	})
	stage = filepath.Join(dir, "files")
	if err = os.RemoveAll(stage); err == nil {
		err = os.Mkdir(stage, 0o777)
	}
	if err != nil {
		release()
		return "", nil, err
	}
	return stage, release, nil
}

// predictor starts the pipeline. A head alone is exported also where its network can't be found: then it is nil.
func (j *Job) predictor(r *run.Run) (*run.Predictor, error) {
	p, err := r.Predictor(run.PredictorOptions{Images: j.Images, TTA: j.TTA, Workers: j.Threads})
	if err != nil && j.Format == HeadONNX && j.Images.Backbone == "" {
		j.Progress.Note("the model is compared on generated features: " + err.Error())
		return nil, nil
	}
	return p, err
}

// stage writes the model.
func (j *Job) stage(ctx context.Context, r *run.Run, p *run.Predictor, path string) ([]string, error) {
	o := Options{Input: deploy.Input(j.Input), Version: artifact.Version(), MaxFile: j.maxFile}
	if j.Format == HeadONNX {
		o.Input = deploy.Features
	}
	views, err := features.ParseAverage(r.Head.Description().Origin.Views)
	if err != nil {
		return nil, err
	}
	if p != nil {
		views = p.Views()
	}
	o.Views, o.Plan = views.Predict, views.Plan
	if j.Format == HeadONNX {
		return ONNX(ctx, path, r.Head, nil, o)
	}
	network, err := networkOf(ctx, p)
	if err != nil {
		return nil, err
	}
	network.Half = r.FeaturePrecision() == backbone.Float16
	return ONNX(ctx, path, r.Head, network, o)
}

// networkOf reads the network that a predictor runs.
func networkOf(ctx context.Context, p *run.Predictor) (*Network, error) {
	name, data, dir := p.NetworkFile(), models.Default().Data, ""
	if name != "" {
		var err error
		if data, err = userfile.Read(ctx, name, maxNetwork); err != nil {
			return nil, err
		}
		dir = filepath.Dir(name)
	} else {
		name = models.Default().Name
	}
	m, err := graph.Parse(name, data)
	if err != nil {
		return nil, err
	}
	return &Network{Model: m, Feature: p.Feature(), Dir: dir}, nil
}

// maxNetwork bounds the bytes of a network's file, as package backbone does.
const maxNetwork = 1<<31 - 1

// describe fills in the inputs and outputs of a model.
func (result *Result) describe(ctx context.Context, path string) error {
	data, err := userfile.Read(ctx, path, maxNetwork)
	if err != nil {
		return err
	}
	m, err := graph.Parse(path, data)
	if err != nil {
		return err
	}
	list := func(values []graph.Value) (out []Tensor) {
		for _, v := range values {
			out = append(out, Tensor{v.Name, v.Type, v.Shape.String()})
		}
		return out
	}
	result.Inputs, result.Outputs = list(m.Inputs()), list(m.Outputs())
	return nil
}

// place moves the files of a model from the folder where they were written. The model comes last: while it is missing,
// nothing refers to a file of weights.
func (j *Job) place(files []string) ([]string, error) {
	var placed []string
	options := j.placed()
	if j.Overwrite && len(files) > 1 {
		if err := os.Remove(j.Out); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	for i := len(files) - 1; i >= 0; i-- {
		path := filepath.Join(filepath.Dir(j.Out), filepath.Base(files[i]))
		err := atomicfile.Move(files[i], path, options...)
		if err == nil {
			placed = append([]string{path}, placed...)
			continue
		}
		for _, done := range placed {
			os.Remove(done)
		}
		if errors.Is(err, fs.ErrExist) {
			err = run.OutExists(path)
		}
		return nil, err
	}
	return placed, nil
}

// verifyOptions are those of a check.
func (j *Job) verifyOptions() verify.Options {
	return verify.Options{Library: j.Images.Library, Threads: j.Threads}
}
