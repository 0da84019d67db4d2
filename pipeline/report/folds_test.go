package report

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"finetune/pipeline/metrics"
)

// withFolds adds a cross-validation to the sample.
func withFolds(d Data, repeats int) Data {
	d.HeldOut = "folds"
	d.Folds = &Folds{Count: 2, Repeats: repeats, Images: d.Metrics.N}
	var figures []metrics.Figures
	for i := range 2 * repeats {
		f := d.Metrics.Figures
		f.MAE += metrics.Number(i) / 10
		figures = append(figures, f)
		d.Folds.Each = append(d.Folds.Each, Fold{Name: fmt.Sprintf("fold no. %d", i+1), Images: 30, Best: i + 1,
			Figures: f, History: d.History})
	}
	d.Folds.Mean, d.Folds.Std = metrics.MeanStd(figures)
	return d
}

// TestWriteFolds checks the wording of a page with a cross-validation.
func TestWriteFolds(t *testing.T) {
	for repeats, also := range map[int]string{1: "out-of-fold predictions, each by a head",
		3: "out-of-fold predictions, averaged over the 3 heads"} {
		d := withFolds(sample(t, grades, 60), repeats)
		page := written(t, d)
		for _, part := range []string{also, `href="#folds"`, "fold no. 2: ", "training of each fold",
			"This covers all images, by out-of-fold predictions.", "trained on all of these images",
			"the final head was trained for 2 epochs", plain.spread(d.Folds.Mean.MAE, d.Folds.Std.MAE)} {
			if !strings.Contains(page, part) {
				t.Errorf("%d repeats: the page lacks %q", repeats, part)
			}
		}
		for _, part := range []string{"the test part", "validation (early stopping)", "</svg> held out"} {
			if strings.Contains(page, part) {
				t.Errorf("%d repeats: the page contains %q", repeats, part)
			}
		}
		shape(t, page)
	}
	d := withFolds(sample(t, grades, 60), 1)
	d.Folds.Each = d.Folds.Each[:1]
	if err := Write(io.Discard, d); err == nil {
		t.Error("one fold of two was shown")
	}
	if page := written(t, sample(t, grades, 60)); strings.Contains(page, `id="folds"`) ||
		strings.Contains(page, "thin\"") {
		t.Error("folds on a page without any")
	}
}

// The plot of two folds runs from the lowest tick at x = 22 to the highest at 198.
func TestFoldPlot(t *testing.T) {
	folds := []Fold{{Name: "a", Figures: metrics.Figures{Accuracy: .6}},
		{Name: "b", Figures: metrics.Figures{Accuracy: 1}}, {Name: "c", Figures: metrics.Figures{Accuracy: nan}}}
	f := newFoldPlot("right", percent, true, folds, func(f *Fold) metrics.Number { return f.Figures.Accuracy }, .8,
		.28)
	if len(f.Dots) != 2 || f.Dots[1].X != "198" || f.High != "198" ||
		f.Spread != "80.0"+nbsp+"%"+nbsp+"±"+nbsp+"28.0"+nbsp+"%" {
		t.Errorf("%+v", f)
	}
	if last := f.Ticks[len(f.Ticks)-1].Text; last != "100"+nbsp+"%" {
		t.Errorf("a share up to %s", last)
	}
	if f := newFoldPlot("right", plain, true, folds[:1], func(f *Fold) metrics.Number { return f.Figures.Accuracy },
		.6, nan); f.Low != f.Mean || f.Dots[0].X != f.Mean || f.Spread != "0.600" {
		t.Errorf("%+v", f)
	}
}
