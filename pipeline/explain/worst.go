package explain

import (
	"cmp"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"finetune/invalid"
	"finetune/pipeline/dataset"
	"finetune/pipeline/metrics"
	"finetune/pipeline/report"
	"finetune/pipeline/run"
)

// worst lists the images of a run's held-out part that were answered wrongly, the furthest off first, as the report does.
func (e *Job) worst(ctx context.Context, model *run.Run) ([]dataset.Item, error) {
	if e.Most < 0 {
		return nil, &invalid.Error{Field: "Most", Found: fmt.Sprint(e.Most), Want: "a whole number from 1 up"}
	}
	if features := model.Config.Features; features != "" {
		return nil, &invalid.Error{Field: "Paths", Found: "nothing, and the run was trained on features (" + features + "), which don't say where their images are",
			Want: "an image, a folder or a manifest"}
	}
	path := filepath.Join(model.Folder, run.PredictionsFile)
	wrong, err := readMistakes(path, model)
	if err != nil {
		return nil, err
	}
	if len(wrong) == 0 {
		return nil, &invalid.Error{Path: path, Found: "no mistake to explain", Hint: "give {Paths}"}
	}
	most := e.Most
	if most == 0 {
		most = report.GallerySize
	}
	wrong = wrong[:min(most, len(wrong))]
	d := model.Config.Data
	set, err := dataset.Load(ctx, dataset.Options{Path: d.Path, LabelRegex: d.LabelRegex, Unlabelled: true})
	if invalid.Is(err) {
		return nil, &invalid.Error{Field: "Paths", Found: "nothing, and the images that the run was measured on can't be had from here", Err: err,
			Hint: "give {Paths}, or call from the folder that the run was trained in"}
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
			return nil, &invalid.Error{Path: d.Path, Found: "no " + w.path + ", which the run was measured on", Hint: "bring it back, or give {Paths}"}
		}
		item.Label = w.label
		items = append(items, item)
	}
	return items, nil
}

// A mistaken is a row of predictions.csv whose answer isn't its label.
type mistaken struct {
	path       string
	label, off int     // classes
	distance   float64 // expected, from the label
}

// readMistakes reads the wrong answers of predictions.csv, those furthest off first; of equals, those whose whole
// distribution lies further from the label.
func readMistakes(path string, model *run.Run) ([]mistaken, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &invalid.Error{Field: "Paths", Found: "nothing, and no " + path + " to take the worst mistakes from", Want: "an image, a folder or a manifest"}
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	bad := func(err error) error {
		return &invalid.Error{Path: path, Found: "not the predictions of this run", Err: err, Hint: "restore the file or train again"}
	}
	space := model.Head.Space()
	table := csv.NewReader(f)
	header, err := table.Read()
	if err != nil {
		return nil, bad(err)
	}
	wanted := run.ProbabilityNames([]string{"path", "label", "predicted"}, space)
	columns := make([]int, len(wanted)) // folds and ranges may stand between and after them
	for i, name := range wanted {
		if columns[i] = slices.Index(header, name); columns[i] < 0 {
			return nil, bad(fmt.Errorf("no column %s", name))
		}
	}
	var list []mistaken
	for {
		row, err := table.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, bad(err)
		}
		label, ok := space.Index(row[columns[1]])
		predicted, known := space.Index(row[columns[2]])
		if !ok || !known {
			return nil, bad(fmt.Errorf("the classes %q and %q", row[columns[1]], row[columns[2]]))
		}
		probs := make([]float64, space.Len())
		for k := range probs {
			if probs[k], err = strconv.ParseFloat(row[columns[3+k]], 64); err != nil {
				return nil, bad(err)
			}
		}
		if label != predicted {
			list = append(list, mistaken{row[columns[0]], label, int(math.Abs(float64(label - predicted))), metrics.ExpectedDistance(probs, label)})
		}
	}
	slices.SortStableFunc(list, func(a, b mistaken) int { return cmp.Or(cmp.Compare(b.off, a.off), cmp.Compare(b.distance, a.distance)) })
	return list, nil
}
