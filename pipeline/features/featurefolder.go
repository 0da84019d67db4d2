package features

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"finetune/augment"
	"finetune/backbone"
	"finetune/head"
	"finetune/internal/store/lockfile"
	"finetune/internal/store/npy"
	"finetune/internal/store/scratch"
	"finetune/internal/store/seal"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
)

// The files of a feature folder.
const (
	MatrixFile = "features.npy"
	IndexFile  = "index.csv"
	MetaFile   = "meta.json"
	// NetworkFile is the network, where it was made for these images (Images.Precision); a run that is trained on them gets it, too.
	NetworkFile = "backbone.onnx"
)

// A Meta is meta.json: the origin of the features, and how the labels are read.
type Meta struct {
	Finetune   string       `json:"finetune"`
	Rows       int          `json:"rows"`
	Width      int          `json:"width"`
	Backbone   *NetworkInfo `json:"backbone"`
	Order      []string     `json:"order,omitempty"`
	Positions  []float64    `json:"positions,omitempty"`
	Bins       []float64    `json:"bins,omitempty"`
	Unreadable int          `json:"unreadable"`

	// Views are the views of an image that follow each other in its rows; nil if each image has one row.
	Views *FolderViews `json:"views,omitempty"`

	// Blocks are the parts of a row: which columns come from which tensor and region.
	Blocks []backbone.Block `json:"blocks,omitempty"`
}

// FolderViews is the part of a Meta with the views of an image that have rows.
type FolderViews struct {
	Count int `json:"count"`
	augment.Plan
}

// checkFolder refuses a folder whose matrix or description isn't what was extracted, and one that an extraction is writing or was
// killed while writing. An index may have been edited. A folder that another program wrote has no list of files to check.
func checkFolder(ctx context.Context, folder string) error {
	names := []string{MatrixFile}
	for _, name := range []string{MetaFile, NetworkFile} { // a folder is used without them, too
		if _, err := os.Lstat(filepath.Join(folder, name)); err == nil {
			names = append(names, name)
		}
	}
	status, err := seal.Verify(ctx, folder, names...)
	if err != nil {
		return err
	}
	if !status.Listed {
		if _, err := os.Lstat(filepath.Join(folder, lockfile.Name)); err != nil {
			return nil
		}
	}
	return status.Err()
}

// OpenFolder maps the features of a folder and reads its index. Only features.npy and index.csv are needed. The features may lie in
// parts: folder may be a folder of feature folders or of Parquet tables, a Parquet table with a column features, or a list of these as
// filepath.SplitList takes it. Feature folders of float32 aren't copied. Parquet, parts of float16, and float16 that would fill more than
// half of the memory are decoded into a temporary file.
func OpenFolder(ctx context.Context, folder string, o dataset.Options) (*Table, error) {
	parts, err := partsOf(ctx, folder)
	if err != nil {
		return nil, err
	}
	if len(parts) == 1 && !isParquet(parts[0]) && !tooLarge(ctx, filepath.Join(parts[0], MatrixFile)) {
		return openFolder(ctx, parts[0], o)
	}
	return openParts(ctx, parts, o)
}

// tooLarge reports whether opening a matrix would fill more than half of the memory.
func tooLarge(ctx context.Context, matrix string) bool {
	most := scratch.Memory() / 2
	return most > 0 && npy.InMemory(ctx, matrix) > most
}

func openFolder(ctx context.Context, folder string, o dataset.Options) (_ *Table, err error) {
	if err := checkFolder(ctx, folder); err != nil {
		return nil, err
	}
	matrix, err := npy.Open(filepath.Join(folder, MatrixFile))
	if err != nil {
		return nil, &invalid.Error{Field: "Features", Path: folder, Found: "no " + MatrixFile + " that can be read", Err: err,
			Want: "a folder that finetune extract wrote", Hint: "run finetune extract first"}
	}
	defer func() {
		if err != nil {
			matrix.Close()
		}
	}()
	var meta Meta
	if err := artifact.ReadJSON(filepath.Join(folder, MetaFile), &meta); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err := checkBlocks(meta.Blocks, matrix.Cols); err != nil {
		return nil, &invalid.Error{Path: filepath.Join(folder, MetaFile), Found: err.Error(), Want: fmt.Sprintf("blocks that cover the %d columns of %s",
			matrix.Cols, MatrixFile), Hint: "remove the file, or run finetune extract again"}
	}
	o.Path, o.NoFiles, o.LabelRegex = filepath.Join(folder, IndexFile), true, ""
	if o.Space == nil && o.Order == nil && o.Positions == nil && o.Bins == nil {
		o.Order, o.Positions, o.Bins = meta.Order, meta.Positions, meta.Bins
	}
	set, err := dataset.Load(ctx, o)
	if err != nil {
		return nil, err
	}
	if err := orderByRow(ctx, o.Path, set); err != nil {
		return nil, err
	}
	t := &Table{
		Set: set, Labels: o, Network: meta.Backbone, Blocks: meta.Blocks, close: matrix.Close, check: matrix.Check, PerItem: set.Views,
		Features: head.Features{Rows: matrix.Rows, Cols: matrix.Cols, Data: matrix.Data},
	}
	if rows := len(set.Items) * set.Views; rows != matrix.Rows {
		return nil, &invalid.Error{Path: o.Path, Found: fmt.Sprintf("%d rows", rows),
			Want: fmt.Sprintf("%d, as many as %s has", matrix.Rows, MatrixFile), Hint: "run finetune extract again"}
	}
	t.Views = ViewConfig{Train: set.Views, Predict: 1}
	if meta.Views != nil {
		t.Views.Plan = meta.Views.Plan
	}
	if b := meta.Backbone; b != nil && b.Precision != nil {
		t.NetworkFile = filepath.Join(folder, NetworkFile)
	}
	return t, nil
}

// checkBlocks returns an error unless blocks follow each other and cover all columns. No blocks at all are fine.
func checkBlocks(blocks []backbone.Block, cols int) error {
	at := 0
	for i, b := range blocks {
		if b.Offset != at || b.Width < 1 || b.Width > cols-at {
			return fmt.Errorf("block %d of %d columns from column %d", i, b.Width, b.Offset)
		}
		at += b.Width
	}
	if len(blocks) > 0 && at != cols {
		return fmt.Errorf("blocks of %d columns", at)
	}
	return nil
}

// use checks the requested views against those of a feature folder, and records what they are used for.
func (t *Table) use(i Images, tta int) error {
	if i.Views != 0 && i.Views != t.PerItem {
		return &invalid.Error{Field: "Images.Views", Found: fmt.Sprintf("%d for %s", i.Views, viewsOfEach(t.PerItem)),
			Hint: "leave it out, or give it to finetune extract"}
	}
	if tta == AllViews {
		tta = max(2, t.PerItem)
	}
	if tta > t.PerItem {
		return &invalid.Error{Field: "TTA", Found: viewsOfEach(t.PerItem),
			Want: fmt.Sprintf("%d or more", tta), Hint: fmt.Sprintf("run finetune extract with {Images.Views} %d, or give {TTA} off", tta)}
	}
	t.Views.Predict = max(1, tta)
	return nil
}

// viewsOfEach describes the views of a feature folder.
func viewsOfEach(n int) string {
	if n == 1 {
		return "features of 1 view of each image"
	}
	return fmt.Sprintf("features of %d views of each image", n)
}

// writeIndex writes index.csv: the row of each feature, the view where there are several of an image, then what a manifest has.
func writeIndex(path string, set *dataset.Set, views int) error {
	return artifact.WriteCSV(path, func(w *csv.Writer) error {
		first := []string{"row", dataset.ViewColumn}
		if views == 1 {
			first = first[:1]
		}
		if err := w.Write(append(first, set.Header()...)); err != nil {
			return err
		}
		record := set.Records()
		for row := range len(set.Items) * views {
			at := []string{strconv.Itoa(row), strconv.Itoa(row % views)}
			if err := w.Write(append(at[:len(first)], record(row/views)...)); err != nil {
				return err
			}
		}
		return nil
	})
}
