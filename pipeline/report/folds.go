package report

import (
	"fmt"
	"math"
	"slices"

	"finetune/internal/axis"
	"finetune/pipeline/metrics"
)

// A foldView is a cross-validation as it is shown.
type foldView struct {
	About   string
	Figures []foldFigure
	Rows    []foldRow
	Open    bool // the table of folds is short enough to stand open
}

// A foldFigure is one figure over the folds, and the plot of it.
type foldFigure struct {
	Name, Spread          string // mean ± standard deviation
	Width, Height, Middle int
	From, To              string // x of the ends of the axis
	Ticks                 []tick
	Dots                  []point
	Mean, Low, High       string // x of the mean, and of a standard deviation to either side of it
	Title                 string
}

// A foldRow is one fold in the table.
type foldRow struct {
	Name         string
	Images, Kept int
	Cells        []string
}

// inFolds are the figures that folds are shown by.
var inFolds = []string{"accuracy", "one_off_accuracy", "mae", "qwk", "rps"}

// The size of the plot of a figure, and how many folds the table shows without being opened.
const (
	foldWidth, foldHeight = 220, 44
	foldMargin            = 22
	fewFolds              = 12
)

// newFolds lays out a cross-validation; nil of none.
func newFolds(f *Folds) *foldView {
	if f == nil {
		return nil
	}
	v := &foldView{About: aboutFolds(f), Open: len(f.Each) <= fewFolds}
	for _, fold := range f.Each {
		v.Rows = append(v.Rows, foldRow{Name: fold.Name, Images: fold.Images, Kept: fold.Best})
	}
	for _, m := range measured {
		if !slices.Contains(inFolds, m.key) {
			continue
		}
		mean, std := m.of(&f.Mean), m.of(&f.Std)
		of := func(fold *Fold) metrics.Number { return m.of(&fold.Figures) }
		if mean.Defined() {
			v.Figures = append(v.Figures, newFoldFigure(m.name, m.unit, m.higher, f.Each, of, mean, std))
		}
		for i := range f.Each {
			v.Rows[i].Cells = append(v.Rows[i].Cells, m.unit.number(of(&f.Each[i])))
		}
	}
	return v
}

// Names are the heads of the columns of figures in the table.
func (*foldView) Names() []string {
	var names []string
	for _, m := range measured {
		if slices.Contains(inFolds, m.key) {
			names = append(names, m.name)
		}
	}
	return names
}

// aboutFolds says how to read folds.
func aboutFolds(f *Folds) string {
	text := fmt.Sprintf("The %d images were cut into %d folds. ", f.Images, f.Count)
	if f.Repeats > 1 {
		text = fmt.Sprintf("The %d images were cut into %d folds, %d times over. ", f.Images, f.Count, f.Repeats)
	}
	return text + "For each fold a head was trained without it and measured on it: a dot. The line is the mean over folds with one standard deviation to either side. " +
		"Folds differ by the luck of their few images and of training. The heads share most of their training images, so the deviation is no error of the mean; the interval of the figures above is the better guide to that."
}

// spread writes a mean with its standard deviation.
func (u unit) spread(mean, std metrics.Number) string {
	if !std.Defined() {
		return u.number(mean)
	}
	return u.number(mean) + nbsp + "±" + nbsp + u.number(std)
}

func newFoldFigure(name string, u unit, higher bool, folds []Fold, of func(*Fold) metrics.Number, mean, std metrics.Number) foldFigure {
	reach := 0.0
	if std.Defined() {
		reach = float64(std)
	}
	least, most := float64(mean), float64(mean)
	for i := range folds {
		if value := of(&folds[i]); value.Defined() {
			least, most = min(least, float64(value)), max(most, float64(value))
		}
	}
	low, high := min(least, float64(mean)-reach), max(most, float64(mean)+reach)
	if high-low < 1e-6 {
		low, high = low-0.05, high+0.05
	}
	ticks := axis.Ticks(low, high, 4)
	// No figure is beyond what it can be, whatever a deviation reaches to.
	ticks = slices.DeleteFunc(ticks, func(v float64) bool { return v < -1e-9 && least >= 0 || v > 1+1e-9 && higher })
	low, high = min(ticks[0], least), max(ticks[len(ticks)-1], most)
	x := func(value float64) string {
		return px(foldMargin + (foldWidth-2*foldMargin)*(min(max(value, low), high)-low)/(high-low))
	}
	f := foldFigure{Name: name, Spread: u.spread(mean, std), Width: foldWidth, Height: foldHeight, Middle: foldHeight/2 - 8,
		From: x(low), To: x(high), Mean: x(float64(mean)), Low: x(float64(mean) - reach), High: x(float64(mean) + reach)}
	f.Title = fmt.Sprintf("%s: mean over folds %s", name, f.Spread)
	for _, value := range ticks {
		text := short(value)
		if u == percent {
			text = short(math.Round(1000*value)/10) + nbsp + "%"
		}
		f.Ticks = append(f.Ticks, tick{x(value), text})
	}
	for i := range folds {
		if value := of(&folds[i]); value.Defined() {
			f.Dots = append(f.Dots, point{X: x(float64(value)), Title: folds[i].Name + ": " + u.number(value)})
		}
	}
	return f
}
