package features

import (
	"context"
	"fmt"
	"slices"

	"finetune/internal/store/npy"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/pipeline/progress"
)

// Extract turns images into a feature folder: features.npy, index.csv and meta.json.
type Extract struct {
	Data   dataset.Options // labels are kept as they are written; Order, Positions and Bins are noted for training
	Images Images
	Out    string // the feature folder
	// SpreadsheetSafe guards the text in unreadable.csv; see artifact.Cell. The index is read again, so it has names as they are.
	SpreadsheetSafe bool
	Threads         int // 0: all cores
	Progress        progress.Reporter
}

// An ExtractResult says what was written.
type ExtractResult struct {
	Folder     string                `json:"folder"`
	Rows       int                   `json:"rows"`
	Views      int                   `json:"views,omitempty"` // rows of each image, where that isn't one
	Width      int                   `json:"width"`
	Backbone   *NetworkInfo          `json:"backbone"`
	Unreadable []artifact.Unreadable `json:"unreadable,omitempty"`
}

// folderKind is the feature folder as an output folder.
var folderKind = artifact.Kind{Name: "feature folder", Mark: MatrixFile, Patterns: []string{MatrixFile, IndexFile, MetaFile, NetworkFile, artifact.UnreadableFile}}

// Run does the job. Cancelling ctx stops it; features that were computed stay in the cache, and no half-written file is
// left.
func (e Extract) Run(ctx context.Context) (*ExtractResult, error) {
	e.Progress = progress.OrNone(e.Progress)
	if e.Out == "" {
		return nil, &invalid.Error{Field: "Out", Found: "nothing", Want: "the folder for the features"}
	}
	folder, err := folderKind.Claim(ctx, artifact.ClaimOptions{Dir: e.Out, Replace: true, Inputs: []string{e.Data.Path}})
	if err != nil {
		return nil, err
	}
	defer folder.Release()
	views := e.Images.views()
	if err := e.Images.plan().Check("Images.Views", views); err != nil {
		return nil, err
	}
	meta := Meta{Finetune: artifact.Version(), Order: e.Data.Order, Positions: e.Data.Positions, Bins: e.Data.Bins}
	set, err := e.load(ctx)
	if err != nil {
		return nil, err
	}
	if e.Images, err = e.Images.Lower(ctx, set.Items, 0, e.Threads, e.Progress); err != nil {
		return nil, err
	}
	x, err := StartExtractor(e.Images, e.Threads, len(set.Items)*views, e.Progress)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	if err := noteWhite(ctx, x, set.Items); err != nil {
		return nil, err
	}
	var matrix *npy.Writer
	defer func() {
		if matrix != nil {
			matrix.Abort()
		}
	}()
	var missing []int // items without rows
	next := 0         // the first item that isn't accounted for
	unreadable, err := x.Extract(ctx, set.Items, func(int) int { return views }, func(b Block) error {
		if matrix == nil {
			if matrix, err = e.Images.matrix(folder.Path(MatrixFile), b.Cols); err != nil {
				return err
			}
		}
		for i, item := range b.Read {
			for ; next < item; next++ {
				missing = append(missing, next)
			}
			next++
			for row := range slices.Chunk(b.RowsOf(i), b.Cols) {
				if err := matrix.WriteRow(row); err != nil {
					return err
				}
			}
		}
		meta.Width = b.Cols
		return nil
	})
	if err != nil {
		return nil, err
	}
	if matrix == nil {
		return nil, noneReadable(set)
	}
	for ; next < len(set.Items); next++ {
		missing = append(missing, next)
	}
	set.Items = without(set.Items, missing)
	meta.Rows, meta.Backbone, meta.Unreadable = len(set.Items)*views, x.Net.info(meta.Width), len(unreadable)
	meta.Blocks = x.Net.about.Blocks
	result := &ExtractResult{Folder: e.Out, Rows: meta.Rows, Width: meta.Width, Backbone: meta.Backbone, Unreadable: unreadable}
	if views > 1 {
		meta.Views, result.Views = &FolderViews{views, e.Images.plan()}, views
	}
	if e.Images.lowered != nil {
		if err := artifact.CopyFile(folder.Path(NetworkFile), x.Net.file); err != nil {
			return nil, err
		}
	}
	if err := e.write(ctx, folder, set, matrix, meta, unreadable); err != nil {
		return nil, err
	}
	return result, x.Close()
}

// without removes the items at rising places.
func without(items []dataset.Item, places []int) []dataset.Item {
	kept := items[:0]
	for i, item := range items {
		if len(places) > 0 && places[0] == i {
			places = places[1:]
			continue
		}
		kept = append(kept, item)
	}
	return kept
}

// matrix starts the file of the features.
func (i Images) matrix(path string, cols int) (*npy.Writer, error) {
	if i.half() {
		return npy.CreateHalf(path, cols)
	}
	return npy.Create(path, cols)
}

// load reads the labels where the user says how, and otherwise takes images as they come.
func (e Extract) load(ctx context.Context) (*dataset.Set, error) {
	o := e.Data
	o.Unlabelled = o.Order == nil && o.Positions == nil && o.Bins == nil && o.LabelRegex == ""
	set, err := dataset.Load(ctx, o)
	if err == nil {
		NoteData(e.Progress, set)
	}
	return set, err
}

func (e Extract) write(ctx context.Context, folder *artifact.Folder, set *dataset.Set, matrix *npy.Writer, meta Meta, unreadable []artifact.Unreadable) error {
	if err := matrix.Commit(); err != nil {
		return err
	}
	if err := writeIndex(folder.Path(IndexFile), set, e.Images.views()); err != nil {
		return err
	}
	if err := artifact.WriteUnreadable(folder.Path(artifact.UnreadableFile), unreadable, e.SpreadsheetSafe); err != nil {
		return err
	}
	if err := artifact.WriteJSON(folder.Path(MetaFile), meta); err != nil {
		return err
	}
	return folder.Publish(ctx)
}

func noneReadable(set *dataset.Set) error {
	return &invalid.Error{Path: set.Source, Found: fmt.Sprintf("%d images, none of which can be read", len(set.Items)), Want: "images"}
}

// NoteData notes the classes, their order and counts, so that a wrong order is seen before the work starts.
func NoteData(p progress.Reporter, set *dataset.Set) {
	for _, line := range append(set.Summary(), set.Notes...) {
		p.Note(line)
	}
	if set.Proposal != nil {
		p.Note("note: " + set.Proposal.Text("{Data.Bins}"))
	}
}
