package report

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"finetune/pipeline/metrics"
)

// withFolds makes the sample one of a cross-validation.
func withFolds(d Data, repeats int) Data {
	d.HeldOut = "folds"
	d.Folds = &Folds{Count: 2, Repeats: repeats, Images: d.Metrics.N}
	var figures []metrics.Figures
	for i := range 2 * repeats {
		f := d.Metrics.Figures
		f.MAE += metrics.Number(i) / 10
		figures = append(figures, f)
		d.Folds.Each = append(d.Folds.Each, Fold{Name: fmt.Sprintf("fold no. %d", i+1), Images: 30, Best: i + 1, Figures: f, History: d.History})
	}
	d.Folds.Mean, d.Folds.Std = metrics.MeanStd(figures)
	return d
}

// What the page says of a cross-validation must be true of one.
func TestWriteFolds(t *testing.T) {
	for repeats, also := range map[int]string{1: "each is judged by a head that was trained without it", 3: "by the average of 3 heads that were trained without it"} {
		d := withFolds(sample(t, grades, 60), repeats)
		page := written(t, d)
		for _, part := range []string{also, `href="#folds"`, "fold no. 2: ", "training of each fold", "Every image is judged by a head that", "trained on all of these images",
			"the head trained on all had 2 epochs", plain.spread(d.Folds.Mean.MAE, d.Folds.Std.MAE)} {
			if !strings.Contains(page, part) {
				t.Errorf("%d repeats: the page lacks %q", repeats, part)
			}
		}
		for _, part := range []string{"the test part", "for early stopping, ", "Images that were trained on"} {
			if strings.Contains(page, part) {
				t.Errorf("%d repeats: the page says %q", repeats, part)
			}
		}
		shape(t, page)
	}
	d := withFolds(sample(t, grades, 60), 1)
	d.Folds.Each = d.Folds.Each[:1]
	if err := Write(io.Discard, d); err == nil {
		t.Error("one fold of two was shown")
	}
	if page := written(t, sample(t, grades, 60)); strings.Contains(page, `id="folds"`) || strings.Contains(page, "thin\"") {
		t.Error("folds on a page without any")
	}
}

// The plot of two folds runs from the lowest tick at x = 22 to the highest at 198.
func TestFoldFigure(t *testing.T) {
	folds := []Fold{{Name: "a", Figures: metrics.Figures{Accuracy: .6}}, {Name: "b", Figures: metrics.Figures{Accuracy: 1}}, {Name: "c", Figures: metrics.Figures{Accuracy: nan}}}
	f := newFoldFigure("right", percent, true, folds, func(f *Fold) metrics.Number { return f.Figures.Accuracy }, .8, .28)
	if len(f.Dots) != 2 || f.Dots[1].X != "198" || f.High != "198" || f.Spread != "80.0"+nbsp+"%"+nbsp+"±"+nbsp+"28.0"+nbsp+"%" {
		t.Errorf("%+v", f)
	}
	if last := f.Ticks[len(f.Ticks)-1].Text; last != "100"+nbsp+"%" {
		t.Errorf("a share up to %s", last)
	}
	if f := newFoldFigure("right", plain, true, folds[:1], func(f *Fold) metrics.Number { return f.Figures.Accuracy }, .6, nan); f.Low != f.Mean || f.Dots[0].X != f.Mean || f.Spread != "0.600" {
		t.Errorf("%+v", f)
	}
}
