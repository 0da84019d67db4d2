package run

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"finetune/head"
	"finetune/internal/remote"
	"finetune/internal/store/seal"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/features"
)

// The files of a run folder.
const (
	HeadFile           = "head.safetensors"
	NetworkFile        = features.NetworkFile // of a bundle, and of a run whose network was made for it
	HeadONNXFile       = "head.onnx"
	ConfigFile         = "config.json"
	MetricsFile        = "metrics.json"
	HistoryFile        = "history.csv"
	PredictionsFile    = "predictions.csv"
	SuspectsFile       = "suspects.csv" // labels that may be wrong
	ReportFile         = "report.html"
	GroundDistanceFile = "ground_distance.csv" // only of a self-guided loss
	SearchFile         = "search.csv"          // only where settings were searched for
)

// A Run is a trained run, read back from its folder.
type Run struct {
	Folder string
	Head   *head.Head
	Config Config
}

// Open reads a run folder, or the head alone (a .safetensors file): then Config is empty. Where the folder has a list of
// its files, those that predictions depend on must be as they were written. What the user can correct is an
// *invalid.Error.
//
// A path may be an address, s3://bucket/run or https://host/run: the run is then brought into the user's cache folder, and every file
// must have the digest that the run's list has for it.
func Open(path string) (*Run, error) { return OpenContext(context.Background(), path) }

// OpenContext is Open until ctx ends.
func OpenContext(ctx context.Context, path string) (*Run, error) {
	if remote.Is(path) {
		local, err := fetch(ctx, path)
		if err != nil {
			return nil, err
		}
		path = local
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil, notARun(path, "it isn't there", err)
	}
	if !info.IsDir() {
		h, err := head.Load(path)
		return &Run{Folder: filepath.Dir(path), Head: h}, err
	}
	if err := verify(path); err != nil {
		return nil, err
	}
	h, err := head.Load(filepath.Join(path, HeadFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, notARun(path, "it holds no "+HeadFile, nil)
	}
	if err != nil {
		return nil, err
	}
	run := &Run{Folder: path, Head: h}
	if err := artifact.ReadJSON(filepath.Join(path, ConfigFile), &run.Config); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return run, nil
}

// verify compares the files that predictions depend on with the folder's list. Older runs have none.
func verify(folder string) error {
	if _, err := os.Lstat(filepath.Join(folder, seal.Name)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	var names []string
	for _, name := range []string{HeadFile, ConfigFile, FeatureMeanFile} {
		if _, err := os.Lstat(filepath.Join(folder, name)); err == nil {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil // not a run folder
	}
	status, err := seal.Verify(context.Background(), folder, names...)
	if err != nil {
		return err
	}
	return status.Err()
}

func notARun(path, found string, err error) error {
	return &invalid.Error{
		Field: "Model", Path: path, Found: found, Err: err,
		Want: "the folder of a training run, or its " + HeadFile, Hint: "give what {Out} of the training run said",
	}
}

// Kind is the run folder as an output folder.
var Kind = artifact.Kind{Name: "run", Mark: HeadFile, Patterns: []string{
	HeadFile, NetworkFile, HeadONNXFile, ConfigFile, MetricsFile, HistoryFile, PredictionsFile, SuspectsFile, ReportFile, GroundDistanceFile,
	SearchFile, FeatureMeanFile, FamiliarityFile, artifact.UnreadableFile, ExplainedFolder,
}}

// ExplainedFolder is where explanations of a run's mistakes go.
const ExplainedFolder = "explained"
