package export

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"

	"finetune/backbone"
	"finetune/head"
	"finetune/internal/onnx/deploy"
	"finetune/pipeline/artifact"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
)

// bundleKind is the folder that a bundle is written to.
var bundleKind = artifact.Kind{Name: "bundle", Mark: run.NetworkFile, Patterns: []string{
	run.NetworkFile, run.NetworkFile + deploy.DataSuffix, run.HeadFile, run.ConfigFile, run.MetricsFile,
	run.FeatureMeanFile, run.FamiliarityFile,
}}

// bundle writes a run folder with the part of the network that the head needs, and compares it with the run. Files that
// show or list the training images are left out.
func (j *Job) bundle(ctx context.Context, r *run.Run) (*Result, error) {
	p, err := j.predictor(r)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	inputs := []string{j.Data, filepath.Join(r.Folder, run.HeadFile), p.NetworkFile()}
	folder, err := bundleKind.Claim(ctx, artifact.ClaimOptions{Dir: j.Out, Replace: j.Overwrite, Inputs: inputs})
	if err != nil {
		return nil, err
	}
	defer folder.Release()
	names, err := j.fill(ctx, r, p, folder)
	if err != nil {
		return nil, err
	}
	result := &Result{Format: j.Format}
	if result.Check, err = j.compareBundle(ctx, r, p, filepath.Dir(folder.Path(run.HeadFile))); err != nil {
		return nil, err
	}
	if err := folder.Publish(ctx); err != nil {
		return nil, err
	}
	for _, name := range names {
		result.Files = append(result.Files, folder.Name(name))
	}
	return result, p.Close()
}

// fill writes the files of a bundle and returns their names.
func (j *Job) fill(ctx context.Context, r *run.Run, p *run.Predictor, folder *artifact.Folder) ([]string, error) {
	about := r.Head.Description()
	network, err := networkOf(ctx, p)
	if err != nil {
		return nil, err
	}
	part, feature, err := network.Model.Part(network.Feature, map[string]string{
		backbone.PreprocessingKey: about.Origin.Preprocessing, features.CutFromKey: about.Origin.Backbone,
	})
	if err != nil {
		return nil, err
	}
	files, err := deploy.Write(ctx, folder.Path(run.NetworkFile), part, network.Dir, j.maxFile)
	if err != nil {
		return nil, err
	}
	info := features.NetworkInfo{CutFrom: about.Origin.Backbone, Tap: feature.Text, Width: feature.Width, Features: r.FeaturePrecision()}
	if info.Digest, err = backbone.FileDigest(ctx, files[0]); err != nil {
		return nil, err
	}
	about.Origin.Backbone, about.Origin.Tap = info.Digest, info.Tap
	h, err := head.New(r.Head.Network(), about)
	if err != nil {
		return nil, err
	}
	if err := h.Save(folder.Path(run.HeadFile)); err != nil {
		return nil, err
	}
	names := []string{run.HeadFile}
	for _, file := range files {
		names = append(names, filepath.Base(file))
	}
	more, err := writeRecords(r, info, folder)
	return append(names, more...), err
}

// writeRecords writes config.json without paths of the machine that trained, and copies what else explanations and
// inspections use.
func writeRecords(r *run.Run, network features.NetworkInfo, folder *artifact.Folder) (names []string, err error) {
	if config := r.Config; config.Finetune != "" {
		if b := config.Backbone; b != nil {
			network.Name, network.Preprocessing, network.From, network.Runtime = b.Name, b.Preprocessing, b.From, b.Runtime
		}
		network.FileFromRun = run.NetworkFile
		config.Backbone, config.Features = &network, ""
		config.Data.Path = filepath.Base(config.Data.Path)
		config.Command = nil // it names files of the machine that trained
		if err := artifact.WriteJSON(folder.Path(run.ConfigFile), config); err != nil {
			return nil, err
		}
		names = append(names, run.ConfigFile)
	}
	for _, name := range []string{run.MetricsFile, run.FeatureMeanFile, run.FamiliarityFile} {
		err := artifact.CopyFile(folder.Path(name), filepath.Join(r.Folder, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// compareBundle compares the answers of the bundle in a folder with those of the run.
func (j *Job) compareBundle(ctx context.Context, r *run.Run, p *run.Predictor, folder string) (*Comparison, error) {
	b, err := run.Open(folder)
	if err != nil {
		return nil, err
	}
	images := j.Images
	images.Backbone = ""
	q, err := b.Predictor(run.PredictorOptions{Images: images, TTA: j.TTA, Workers: j.Threads})
	if err != nil {
		return nil, fmt.Errorf("open the bundle: %w", err)
	}
	defer q.Close()
	c := &Comparison{Bound: j.Bound}
	err = j.each(ctx, r, p, c, func(s sample) error {
		got, err := q.Predict(ctx, s.file)
		if err != nil {
			return err
		}
		for k, want := range s.probs {
			c.Difference = max(c.Difference, math.Abs(float64(got.Probabilities[k])-float64(want)))
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return c, c.check(j.Format)
}
