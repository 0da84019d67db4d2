package run

import (
	"context"

	"finetune/head"
	"finetune/internal/cores"
	"finetune/internal/store/pagefault"
	"finetune/pipeline/artifact"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
)

// A Scan brings the features and the predictions of unlabelled images, one image after the other in their order,
// whatever their number: memory grows with the list of images alone. Jobs on unlabelled images embed it.
type Scan struct {
	Model    string          // the run folder, or its head.safetensors; the job opens it
	Data     dataset.Options // only Path counts: a folder, a manifest or a list of files
	Features string          // a feature folder, instead of Data.Path and Images
	Images   features.Images // Backbone "" is the one that the run was trained with; Views and Augment are the run's
	Threads  int             // 0: all cores
	Progress progress.Reporter
}

// A Scanned image is what a run says of it. Row and Probabilities are valid until the next image comes.
type Scanned struct {
	Item          dataset.Item
	Row           []float32 // the feature of the picture itself
	Probabilities []float32
	Class         int // by the rule of the head
}

// Run hands every readable image to emit, with the predictions of r, and returns those that couldn't be read.
func (s Scan) Run(ctx context.Context, r *Run, emit func(Scanned) error) (_ []artifact.Unreadable, err error) {
	defer pagefault.Catch(&err)()
	s.Progress = progress.OrNone(s.Progress)
	s.Data.Unlabelled = true
	views, err := r.views(0)
	if err != nil {
		return nil, err
	}
	if s.Features != "" {
		return nil, s.folder(ctx, r, views, emit)
	}
	set, err := dataset.Load(ctx, s.Data)
	if err != nil {
		return nil, err
	}
	features.NoteData(s.Progress, set)
	x, err := r.extractor(s.Images, views, s.Threads, s.Progress)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	unreadable, err := x.Extract(
		ctx,
		set.Items,
		func(int) int { return views.Predict },
		func(b features.Block) error {
			items := make([]dataset.Item, len(b.Read))
			for i, item := range b.Read {
				items[i] = set.Items[item]
			}
			f := head.Features{Rows: len(items) * views.Predict, Cols: b.Cols, Data: b.Rows}
			return scanRows(r.Head, f, items, views.Predict, views.Predict, 1, emit)
		},
	)
	if err != nil {
		return nil, err
	}
	for _, u := range unreadable {
		s.Progress.Note("skipped " + u.Path + ": " + u.Reason)
	}
	return unreadable, x.Close()
}

// folder scans ready features, so many images at a time.
func (s Scan) folder(ctx context.Context, r *Run, views features.ViewConfig, emit func(Scanned) error) (err error) {
	const atOnce = 256
	t, err := features.OpenFolder(ctx, s.Features, s.Data)
	if err != nil {
		return err
	}
	defer t.End(&err)
	if err := r.sameOrigin(t); err != nil {
		return err
	}
	if err := t.UseAs(views); err != nil {
		return err
	}
	for first := 0; first < len(t.Set.Items); {
		if err := ctx.Err(); err != nil {
			return err
		}
		f, n := t.Together(first, atOnce)
		items := t.Set.Items[first : first+n]
		if err := scanRows(r.Head, f, items, t.PerItem, t.Views.Predict, cores.Of(s.Threads), emit); err != nil {
			return err
		}
		first += len(items)
	}
	return t.Check()
}

// scanRows predicts from the first few of the perItem rows of each item.
func scanRows(
	h *head.Head,
	f head.Features,
	items []dataset.Item,
	perItem, few, threads int,
	emit func(Scanned) error,
) error {
	k := h.Space().Len()
	probs := make([]float32, len(items)*k)
	if err := crossval.Probabilities(h, f, perItem, few, nil, threads, probs); err != nil {
		return err
	}
	for i, item := range items {
		row := probs[i*k : (i+1)*k]
		if err := emit(Scanned{Item: item, Row: f.Row(i * perItem), Probabilities: row, Class: h.Decide(row)}); err != nil {
			return err
		}
	}
	return nil
}
