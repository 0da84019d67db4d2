package explain

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"

	"finetune/invalid"
	"finetune/pipeline/dataset"
	"finetune/pipeline/metrics"
	"finetune/pipeline/report"
	"finetune/pipeline/run"
)

// items returns the images to explain, with their labels where those are known.
func (e *Job) items(ctx context.Context, model *run.Run) ([]dataset.Item, error) {
	if len(e.Paths) == 0 {
		return e.mistakes(ctx, model)
	}
	if e.LabelRegex == "" {
		e.LabelRegex = model.Config.Data.LabelRegex
	}
	var items []dataset.Item
	for _, path := range e.Paths {
		set, err := dataset.Load(ctx, dataset.Options{Path: path, LabelRegex: e.LabelRegex, Unlabelled: true})
		if err != nil {
			return nil, err
		}
		items = append(items, set.Items...)
	}
	for i := range items {
		items[i].Label = model.ParseLabel(items[i].Text)
	}
	return items, nil
}

// mistakes returns the images of a run that heads without them predicted wrongly, the largest errors first, as the
// report does.
func (e *Job) mistakes(ctx context.Context, model *run.Run) ([]dataset.Item, error) {
	limit := report.GallerySize
	if e.MaxMistakes != nil {
		limit = *e.MaxMistakes
	}
	if err := Numbers.MaxMistakes.Check(float64(limit)); err != nil {
		return nil, err
	}
	if limit == 0 {
		return nil, nil
	}
	if features := model.Config.Features; features != "" {
		return nil, &invalid.Error{Field: "Paths", Found: "nothing, and the run was trained on features (" + features +
			"), which don't name image files",
			Want: "an image, a folder or a manifest"}
	}
	path := filepath.Join(model.Folder, run.PredictionsFile)
	wrong, err := readMistakes(ctx, path, model)
	if err != nil {
		return nil, err
	}
	if len(wrong) == 0 {
		return nil, &invalid.Error{Path: path, Found: "no mistake to explain", Hint: "give {Paths}"}
	}
	wrong = wrong[:min(limit, len(wrong))]
	d := model.Config.Data
	set, err := dataset.Load(ctx, dataset.Options{Path: d.Path, LabelRegex: d.LabelRegex, Unlabelled: true})
	if invalid.Is(err) {
		return nil, &invalid.Error{Field: "Paths", Found: "nothing, and the images of the run can't be read from here",
			Err:  err,
			Hint: "give {Paths}, or run this in the folder in which the run was trained"}
	}
	if err != nil {
		return nil, fmt.Errorf("the images of %s: %w", model.Folder, err)
	}
	byPath := map[string]dataset.Item{}
	for _, item := range set.Items {
		byPath[item.Path] = item
	}
	var items []dataset.Item
	for _, w := range wrong {
		item, ok := byPath[w.path]
		if !ok {
			return nil, &invalid.Error{Path: d.Path, Found: "no " + w.path + ", on which the run was evaluated",
				Hint: "restore it, or give {Paths}"}
		}
		item.Label = w.label
		items = append(items, item)
		e.unseen = append(e.unseen, w.predicted)
	}
	return items, nil
}

// A mistake is a row of predictions.csv whose predicted class differs from its label.
type mistake struct {
	path      string
	label     int
	predicted int
	off       int     // classes between label and prediction
	distance  float64 // expected distance of the distribution from the label, in classes
}

// readMistakes returns the wrong predictions of predictions.csv, by falling off and then by falling distance.
func readMistakes(ctx context.Context, path string, model *run.Run) ([]mistake, error) {
	var list []mistake
	err := run.ReadPredictions(ctx, path, model.Head.Space(), model.Config.SpreadsheetSafe, func(p run.PredictionRow) {
		if p.Label != p.Predicted {
			list = append(list, mistake{p.Path, p.Label, p.Predicted, max(p.Label-p.Predicted, p.Predicted-p.Label),
				metrics.ExpectedDistance(p.Probabilities, p.Label)})
		}
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &invalid.Error{Field: "Paths", Found: "nothing, and there is no " + path +
			" to take mistakes from", Want: "an image, a folder or a manifest"}
	}
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(list, func(a, b mistake) int {
		return cmp.Or(cmp.Compare(b.off, a.off),
			cmp.Compare(b.distance, a.distance))
	})
	return list, nil
}
