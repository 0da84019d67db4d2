package pipeline

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"finetune/head"
	"finetune/internal/store/atomicfile"
	"finetune/invalid"
	"finetune/pipeline/dataset"
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
	UnreadableFile     = "unreadable.csv"      // only where images were skipped
)

// A RunConfig is config.json: every setting of a training run, resolved, so that the run can be understood and repeated
// from it. It holds no time and no figure, so equal runs have equal bytes.
type RunConfig struct {
	Finetune string        `json:"finetune"` // version
	Data     DataConfig    `json:"data"`
	Split    SplitConfig   `json:"split"`
	Backbone *NetworkInfo  `json:"backbone,omitempty"` // none for a run on a feature folder without meta.json
	Features string        `json:"features,omitempty"` // the feature folder, where the run began with one
	Views    *ViewConfig   `json:"views,omitempty"`    // of the images; none where it was the pictures alone
	Head     head.Config   `json:"head"`
	Soften   *Softening    `json:"soften,omitempty"` // of labels in training
	Search   *SearchConfig `json:"search,omitempty"` // where Head was searched for
	// Calibrate is what was asked to be fitted to the trained head; Head.Decision is the rule of the training, and of the head where
	// no metric chose another.
	Calibrate Calibrate     `json:"calibrate"`
	Classes   []ClassConfig `json:"classes"`
}

// DataConfig is the part of a RunConfig that says what was read.
type DataConfig struct {
	Path       string    `json:"path"`
	Layout     string    `json:"layout"`
	Images     int       `json:"images"`
	Unreadable int       `json:"unreadable"`
	Digest     string    `json:"digest"` // of the paths, labels, targets, weights, groups and parts
	Order      []string  `json:"order,omitempty"`
	LabelRegex string    `json:"label_regex,omitempty"`
	GroupRegex string    `json:"group_regex,omitempty"`
	Bins       []float64 `json:"bins,omitempty"`
}

// SplitConfig is the part of a RunConfig that says how the data was cut.
type SplitConfig struct {
	dataset.SplitOptions
	Train   int    `json:"train_images"`
	Val     int    `json:"val_images"`
	Test    int    `json:"test_images"`
	HeldOut string `json:"held_out"`          // what metrics.json is about: test; val or folds where there is no test part
	Folds   int    `json:"folds,omitempty"`   // of a cross-validation; Train then counts the images in its folds
	Repeats int    `json:"repeats,omitempty"` // of the cross-validation
	// FoldEpochs are those that the heads of folds were given. Those of the head of the run follow from them.
	FoldEpochs int `json:"fold_epochs,omitempty"`
}

// SearchConfig is the part of a RunConfig that says how its head's settings were found.
type SearchConfig struct {
	Search
	From head.Config `json:"from"` // the settings that were given
}

// ClassConfig is one class as the run saw it.
type ClassConfig struct {
	Name  string   `json:"name"`
	Value *float64 `json:"value,omitempty"`
	Count int      `json:"images"`
}

// A Run is a trained run, read back from its folder.
type Run struct {
	Folder string
	Head   *head.Head
	Config RunConfig
}

// OpenRun reads a run folder. The head alone (a .safetensors file) will do too: then Config is empty.
func OpenRun(path string) (*Run, error) {
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
	if err := readJSON(filepath.Join(path, ConfigFile), &run.Config); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return run, nil
}

func notARun(path, found string, err error) error {
	return &invalid.Error{
		Field: "--model " + path, Found: found, Err: err,
		Want: "the folder of a training run, or its " + HeadFile, Hint: "give what --out of the training run said",
	}
}

// claimRunFolder makes sure that dir can take a new run: it is missing or empty, or it holds a run that may be replaced. It
// changes no file: an earlier run stays whole until the new one is written.
func claimRunFolder(dir string, replace bool) error {
	return claimFolder(dir, replace, "run", ConfigFile, HeadFile)
}

// claimFolder does so for the folder of any job. What the job leaves is known by the files of those names.
func claimFolder(dir string, replace bool, what string, marks ...string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return &invalid.Error{Field: "--out " + dir, Found: "a folder that can't be made", Err: err, Hint: "give another --out"}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return &invalid.Error{Field: "--out " + dir, Found: "a folder that can't be read", Err: err, Hint: "give another --out"}
	}
	marked := slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return slices.Contains(marks, e.Name()) })
	switch {
	case len(entries) == 0 || replace && marked:
		return nil
	case marked:
		return &invalid.Error{Field: "--out " + dir, Found: "an earlier " + what, Want: "a new or empty folder", Hint: "give another --out, or --overwrite to replace the " + what}
	}
	return &invalid.Error{Field: "--out " + dir, Found: "a folder with other files in it", Want: "a new or empty folder", Hint: "give another --out"}
}

// freeFolder returns the first of base-1, base-2 … that isn't there or is empty.
func freeFolder(base string) string {
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s-%d", base, n)
		entries, err := os.ReadDir(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
			return name
		}
	}
}

func readJSON(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return &invalid.Error{Field: path, Found: "not the JSON that finetune writes", Err: err, Hint: "restore the file or run the job again"}
	}
	return nil
}

func writeJSON(path string, v any) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	})
}
