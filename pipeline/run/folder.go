package run

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"finetune/head"
	"finetune/invalid"
	"finetune/pipeline/artifact"
)

// The files of a run folder.
const (
	HeadFile           = "head.safetensors"
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

// OpenRun reads a run folder. The head alone (a .safetensors file) will do too: then Config is empty.
func Open(path string) (*Run, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, notARun(path, "it isn't there", err)
	}
	if !info.IsDir() {
		h, err := head.Load(path)
		return &Run{Folder: filepath.Dir(path), Head: h}, err
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

func notARun(path, found string, err error) error {
	return &invalid.Error{
		Field: "Model", Path: path, Found: found, Err: err,
		Want: "the folder of a training run, or its " + HeadFile, Hint: "give what {Out} of the training run said",
	}
}

// Kind is the run folder as an output folder.
var Kind = artifact.Kind{Name: "run", Mark: HeadFile, Patterns: []string{
	HeadFile, HeadONNXFile, ConfigFile, MetricsFile, HistoryFile, PredictionsFile, SuspectsFile, ReportFile, GroundDistanceFile,
	SearchFile, FeatureMeanFile, artifact.UnreadableFile, ExplainedFolder,
}}

// ExplainedFolder is where explanations of a run's mistakes go.
const ExplainedFolder = "explained"
