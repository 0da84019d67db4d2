package report

import (
	"fmt"
	"math"
	"slices"

	"finetune/internal/axis"
	"finetune/pipeline/metrics"
)

// A foldView is the input of folds.tmpl.
type foldView struct {
	About string
	Plots []foldPlot
	Rows  []foldRow
}

// A foldPlot plots one metric of every fold.
type foldPlot struct {
	Name                  string
	Spread                string // mean ± standard deviation
	Width, Height, Middle int
	From, To              string // x of the ends of the axis
	Ticks                 []tick
	Dots                  []point
	Mean, Low, High       string // x of the mean, and of one standard deviation below and above it
	Title                 string
}

// A foldRow is one row of the table of folds.
type foldRow struct {
	Name         string
	Images, Kept int
	Cells        []string
}

// foldMetrics are the metrics that folds are shown by.
var foldMetrics = []string{"accuracy", "one_off_accuracy", "mae", "qwk", "rps"}

// The size of a foldPlot in pixels.
const (
	foldWidth, foldHeight = 220, 44
	foldMargin            = 22
)

// newFoldView returns nil without a cross-validation.
func newFoldView(f *Folds) *foldView {
	if f == nil {
		return nil
	}
	v := &foldView{About: aboutFolds(f)}
	for _, fold := range f.Each {
		v.Rows = append(v.Rows, foldRow{Name: fold.Name, Images: fold.Images, Kept: fold.Best})
	}
	for _, m := range shownMetrics {
		if !slices.Contains(foldMetrics, m.key) {
			continue
		}
		mean, std := m.of(&f.Mean), m.of(&f.Std)
		of := func(fold *Fold) metrics.Number { return m.of(&fold.Figures) }
		if mean.Defined() {
			v.Plots = append(v.Plots, newFoldPlot(m.name, m.unit, m.higher, f.Each, of, mean, std))
		}
		for i := range f.Each {
			v.Rows[i].Cells = append(v.Rows[i].Cells, m.unit.number(of(&f.Each[i])))
		}
	}
	return v
}

// Names are the column titles of the metrics in the table.
func (*foldView) Names() []string {
	var names []string
	for _, m := range shownMetrics {
		if slices.Contains(foldMetrics, m.key) {
			names = append(names, m.name)
		}
	}
	return names
}

// aboutFolds explains the plots of the folds.
func aboutFolds(f *Folds) string {
	text := fmt.Sprintf("The %d images were split into %d folds. ", f.Images, f.Count)
	if f.Repeats > 1 {
		text = fmt.Sprintf("The %d images were split into %d folds, %d times. ", f.Images, f.Count, f.Repeats)
	}
	return text + "Each dot is a fold: a head was trained on the other folds and evaluated on this one. The line is " +
		"the mean ± one standard deviation. " +
		"The heads share most of their training images, so the standard deviation isn't the standard error of the " +
		"mean; " +
		"use the intervals in the table of metrics for that."
}

// spread formats a mean with its standard deviation.
func (u unit) spread(mean, std metrics.Number) string {
	if !std.Defined() {
		return u.number(mean)
	}
	return u.number(mean) + nbsp + "±" + nbsp + u.number(std)
}

func newFoldPlot(name string, u unit, higher bool, folds []Fold, of func(*Fold) metrics.Number, mean,
	std metrics.Number) foldPlot {
	deviation := 0.0
	if std.Defined() {
		deviation = float64(std)
	}
	smallest, largest := float64(mean), float64(mean)
	for i := range folds {
		if value := of(&folds[i]); value.Defined() {
			smallest, largest = min(smallest, float64(value)), max(largest, float64(value))
		}
	}
	low, high := min(smallest, float64(mean)-deviation), max(largest, float64(mean)+deviation)
	if high-low < 1e-6 {
		low, high = low-0.05, high+0.05
	}
	ticks := axis.Ticks(low, high, 4)
	// Drop ticks outside the metric's range, to which a deviation may extend.
	ticks = slices.DeleteFunc(ticks, func(v float64) bool {
		return v < -1e-9 && smallest >= 0 || v > 1+1e-9 &&
			higher
	})
	low, high = min(ticks[0], smallest), max(ticks[len(ticks)-1], largest)
	x := func(value float64) string {
		return px(foldMargin + (foldWidth-2*foldMargin)*(min(max(value, low), high)-low)/(high-low))
	}
	f := foldPlot{Name: name, Spread: u.spread(mean, std), Width: foldWidth, Height: foldHeight,
		Middle: foldHeight/2 - 8,
		From:   x(low), To: x(high), Mean: x(float64(mean)), Low: x(float64(mean) - deviation),
		High: x(float64(mean) + deviation)}
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
