package run

import (
	"context"
	"os"
	"path/filepath"
	"strings"

	"finetune/backbone"
	"finetune/head"
	"finetune/internal/remote"
	"finetune/internal/store/seal"
	"finetune/models"
	"finetune/pipeline/artifact"
	"finetune/pipeline/features"
)

// Inspect tells what a network or a trained run holds. It runs nothing and needs no native library.
type Inspect struct {
	Path string // an ONNX file, a run folder or a head.safetensors; "" is the embedded network
	Tap  string // for a network: the feature to take, as in Images
	Pool []int  // for a network: grids to average maps over, as in Images

	PoolStat []string // for a network: statistics of maps, as in Images
}

// An InspectResult describes a network or a run; the other field is nil.
type InspectResult struct {
	Network *NetworkDescription `json:"network,omitempty"`
	Run     *RunDescription     `json:"run,omitempty"`
}

// A NetworkDescription is what a file says of itself, and how its pictures would be prepared.
type NetworkDescription struct {
	*backbone.Description
	Preprocessing string `json:"preprocessing"`
	From          string `json:"preprocessing_from"`
}

// A RunDescription is everything that a run folder holds.
type RunDescription struct {
	Folder  string           `json:"folder"`
	Head    head.Description `json:"head"`
	Inputs  int              `json:"inputs"`
	Hidden  int              `json:"hidden"`
	Outputs int              `json:"outputs"`
	Config  *Config          `json:"config,omitempty"`
	Metrics *Metrics         `json:"metrics,omitempty"`
	Files   Integrity        `json:"files"`
}

// Integrity is the comparison of a run folder with the list of its files, files.json.
type Integrity struct {
	Listed  bool          `json:"listed"` // false: a run without a list, written by an older version, or a head alone
	Count   int           `json:"count"`  // files in the list
	Changed []ChangedFile `json:"changed,omitempty"`
}

// A ChangedFile differs from what was written.
type ChangedFile struct {
	Name  string `json:"name"`
	Found string `json:"found"` // such as "missing"
}

// Run does the job.
func (i Inspect) Run(ctx context.Context) (*InspectResult, error) {
	if remote.Is(i.Path) {
		run, err := i.run(ctx, !strings.HasSuffix(remote.Path(i.Path), filepath.Ext(HeadFile)))
		return &InspectResult{Run: run}, err
	}
	info, err := os.Stat(i.Path)
	if i.Path != "" && err == nil && (info.IsDir() || filepath.Ext(i.Path) == filepath.Ext(HeadFile)) {
		run, err := i.run(ctx, info.IsDir())
		return &InspectResult{Run: run}, err
	}
	network, err := i.OpenNetwork()
	return &InspectResult{Network: network}, err
}

func (i Inspect) OpenNetwork() (*NetworkDescription, error) {
	name, images := i.Path, features.Images{Backbone: i.Path, Tap: i.Tap, Pool: i.Pool, PoolStat: i.PoolStat}
	if name == "" {
		name = models.Default().Name
	}
	about, err := features.Describe(&images, 1)
	if err != nil {
		return nil, err
	}
	d := &NetworkDescription{Description: about}
	spec, from, err := features.ResolvePreprocessing(name, about.Preprocessing, "", features.Overrides{})
	if err != nil {
		return nil, err
	}
	if about.Image != nil {
		spec = features.SizedFor(spec, about.Image)
	}
	d.Preprocessing, d.From = spec.String(), from
	return d, nil
}

// run describes a run. A head alone has no list of files.
func (i Inspect) run(ctx context.Context, folder bool) (*RunDescription, error) {
	run, err := OpenContext(ctx, i.Path)
	if err != nil {
		return nil, err
	}
	d := &RunDescription{
		Folder: run.Folder, Head: run.Head.Description(),
		Inputs: run.Head.Inputs(), Hidden: run.Head.Network().Hidden(), Outputs: run.Head.Outputs(),
	}
	if run.Config.Finetune != "" {
		d.Config = &run.Config
	}
	var m Metrics
	if err := artifact.ReadJSON(filepath.Join(run.Folder, MetricsFile), &m); err == nil {
		d.Metrics = &m
	}
	if folder {
		d.Files, err = integrity(ctx, run.Folder)
	}
	return d, err
}

func integrity(ctx context.Context, folder string) (Integrity, error) {
	status, err := seal.Verify(ctx, folder)
	if err != nil {
		return Integrity{}, err
	}
	out := Integrity{Listed: status.Listed, Count: len(status.Files)}
	for _, d := range status.Differences {
		out.Changed = append(out.Changed, ChangedFile(d))
	}
	return out, nil
}
