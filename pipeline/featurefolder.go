package pipeline

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"

	"path/filepath"
	"strconv"

	"finetune/backbone"
	"finetune/head"
	"finetune/internal/mistake"
	"finetune/internal/npy"
	"finetune/pipeline/dataset"
)

// The files of a feature folder.
const (
	FeaturesFile = "features.npy"
	IndexFile    = "index.csv"
	MetaFile     = "meta.json"
)

// A FeatureMeta is meta.json: where the features come from, and how the labels were to be read, so that it need not be said again.
type FeatureMeta struct {
	Finetune   string       `json:"finetune"`
	Rows       int          `json:"rows"`
	Width      int          `json:"width"`
	Backbone   *NetworkInfo `json:"backbone"`
	Order      []string     `json:"order,omitempty"`
	Positions  []float64    `json:"positions,omitempty"`
	Bins       []float64    `json:"bins,omitempty"`
	Unreadable int          `json:"unreadable"`

	// Blocks say which numbers of a row come from which depth and place of the network.
	Blocks []backbone.Block `json:"blocks,omitempty"`
}

// openFeatureFolder maps the features of a folder and reads its index. Only features.npy and index.csv are needed.
func openFeatureFolder(ctx context.Context, folder string, o dataset.Options) (_ *table, err error) {
	matrix, err := npy.Open(filepath.Join(folder, FeaturesFile))
	if err != nil {
		return nil, &mistake.Error{Subject: "--features " + folder, Found: "no " + FeaturesFile + " that can be read", Err: err,
			Expected: "a folder that finetune extract wrote", Do: "run finetune extract first"}
	}
	defer func() {
		if err != nil {
			matrix.Close()
		}
	}()
	var meta FeatureMeta
	if err := readJSON(filepath.Join(folder, MetaFile), &meta); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	o.Path, o.NoFiles, o.LabelRegex = filepath.Join(folder, IndexFile), true, ""
	if o.Space == nil && o.Order == nil && o.Positions == nil && o.Bins == nil {
		o.Order, o.Positions, o.Bins = meta.Order, meta.Positions, meta.Bins
	}
	set, err := dataset.Load(ctx, o)
	if err != nil {
		return nil, err
	}
	if len(set.Items) != matrix.Rows {
		return nil, &mistake.Error{Subject: o.Path, Found: fmt.Sprintf("%d rows", len(set.Items)),
			Expected: fmt.Sprintf("%d, as many as %s has", matrix.Rows, FeaturesFile), Do: "run finetune extract again"}
	}
	return &table{
		set: set, labels: o, network: meta.Backbone, blocks: meta.Blocks, close: matrix.Close,
		features: head.Features{Rows: matrix.Rows, Cols: matrix.Cols, Data: matrix.Data},
	}, nil
}

// writeIndex writes index.csv: the row of each feature, then what a manifest has.
func writeIndex(path string, set *dataset.Set) error {
	return writeCSV(path, func(w *csv.Writer) error {
		if err := w.Write(append([]string{"row"}, set.Header()...)); err != nil {
			return err
		}
		record := set.Records()
		for i := range set.Items {
			if err := w.Write(append([]string{strconv.Itoa(i)}, record(i)...)); err != nil {
				return err
			}
		}
		return nil
	})
}
