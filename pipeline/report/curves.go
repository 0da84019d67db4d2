package report

import (
	"fmt"
	"math"
	"strings"

	"finetune/internal/axis"
	"finetune/pipeline/metrics"
)

// The size of a chart in pixels: a phone shows it at its own size.
const (
	chartWidth, chartHeight = 340, 230
	chartLeft, chartRight   = 46, 18
	chartTop, chartBottom   = 12, 34
)

// A chart is lines over a horizontal axis.
type chart struct {
	Name, About    string // what it shows; how to read it
	Width, Height  int
	X, Y           []tick
	XName          string
	XNameAt        string
	From, To       string // x of the ends of the plot
	Top, Bottom    string // y of them
	Lines          []line
	Marker, Marked string // x of the epoch that was kept, and what it is; "" for none
}

// A tick is a labelled place on an axis.
type tick struct{ At, Text string }

// A line is a series of points.
type line struct {
	Name, Class string
	Legend      string // "" for a line that another's stands for
	Path        string
	Points      []point // none of a thin line, which has Name on hover instead
	Thin        bool    // one of many
}

// A point is one value, with the words that are shown on hover.
type point struct{ X, Y, Title string }

// A frame maps values to pixels.
type frame struct {
	left, right, top, bottom float64
	fromX, toX, low, high    float64
}

func (f frame) x(v float64) float64 {
	return f.left + (f.right-f.left)*(v-f.fromX)/(f.toX-f.fromX)
}

func (f frame) y(v float64) float64 {
	return f.bottom - (f.bottom-f.top)*(v-f.low)/(f.high-f.low)
}

// series is what a line is made of: a value for each epoch.
type series struct {
	name, class string
	of          func(Epoch) metrics.Number
	history     []Epoch
	legend      string // of thin lines, on the first
	thin        bool
}

// curves returns the charts of training, without those of which nothing was measured.
func curves(d *Data) []chart {
	var out []chart
	for _, c := range []struct {
		name, about string
		series      []series
	}{
		{"Loss by epoch", "Training loss is measured with dropout and while the weights still move, so it may lie above that of the validation part.",
			[]series{{name: "training", class: "train", of: func(e Epoch) metrics.Number { return e.TrainLoss }}, {name: "validation", class: "val", of: func(e Epoch) metrics.Number { return e.ValLoss }}}},
		{"Validation error by epoch", "Mean error in classes on the part that early stopping watched.",
			[]series{{name: "validation", class: "val", of: func(e Epoch) metrics.Number { return e.ValMAE }}}},
	} {
		var list []series
		for _, s := range c.series {
			list = append(list, ofFolds(d, s)...)
			s.history = d.History
			if d.Folds != nil {
				s.name += " on all"
			}
			list = append(list, s)
		}
		if made, ok := newChart(d.Best, list); ok {
			made.Name, made.About = c.name, c.about
			if d.Folds != nil && made.Marked != "" {
				made.Marked = fmt.Sprintf("the head trained on all had %d epochs", d.Best)
			}
			out = append(out, made)
		}
	}
	return out
}

// ofFolds are the thin lines of a series, one for each fold.
func ofFolds(d *Data, s series) []series {
	if d.Folds == nil {
		return nil
	}
	var list []series
	for i, f := range d.Folds.Each {
		thin := series{name: f.Name + ", " + s.name, class: s.class + " thin", of: s.of, history: f.History, thin: true}
		if i == 0 {
			thin.legend = s.name + " of each fold"
		}
		list = append(list, thin)
	}
	return list
}

// newChart draws series over epochs; false where no value is defined.
func newChart(best int, list []series) (chart, bool) {
	low, high := math.Inf(1), math.Inf(-1)
	first, last := math.MaxInt, 0
	for _, s := range list {
		for _, e := range s.history {
			first, last = min(first, e.Epoch), max(last, e.Epoch)
			if v := s.of(e); v.Defined() {
				low, high = min(low, float64(v)), max(high, float64(v))
			}
		}
	}
	if low > high {
		return chart{}, false
	}
	if high-low <= 1e-6*math.Abs(high) { // flat: show where it lies
		low, high = min(low, 0), max(high, 0)
	}
	if low == high {
		high = 1
	}
	ticks := axis.Ticks(low, high, 5)
	f := frame{left: chartLeft, right: chartWidth - chartRight, top: chartTop, bottom: chartHeight - chartBottom,
		fromX: float64(first), toX: float64(last), low: ticks[0], high: ticks[len(ticks)-1]}
	if f.toX == f.fromX {
		f.fromX, f.toX = f.fromX-1, f.toX+1
	}
	c := chart{Width: chartWidth, Height: chartHeight, XName: "epoch", XNameAt: px((f.left + f.right) / 2),
		From: px(f.left), To: px(f.right), Top: px(f.top), Bottom: px(f.bottom)}
	for _, v := range ticks {
		c.Y = append(c.Y, tick{px(f.y(v)), short(v)})
	}
	for _, v := range axis.Ticks(f.fromX, f.toX, 6) {
		if v >= float64(first) && v <= float64(last) && v == math.Trunc(v) {
			c.X = append(c.X, tick{px(f.x(v)), short(v)})
		}
	}
	for _, s := range list {
		l := f.line(s)
		if len(l.Points) == 0 {
			continue
		}
		if s.thin {
			l.Points, l.Legend = nil, s.legend
		}
		c.Lines = append(c.Lines, l)
	}
	if b := float64(best); b >= f.fromX && b <= f.toX {
		c.Marker, c.Marked = px(f.x(b)), fmt.Sprintf("epoch %d was kept", best)
	}
	return c, true
}

// line draws one series. Where a value isn't defined the line is broken.
func (f frame) line(s series) line {
	l := line{Name: s.name, Class: s.class, Legend: s.name, Thin: s.thin}
	var path strings.Builder
	pen := "M"
	for _, e := range s.history {
		v := s.of(e)
		if !v.Defined() {
			pen = "M"
			continue
		}
		p := point{px(f.x(float64(e.Epoch))), px(f.y(float64(v))), fmt.Sprintf("epoch %d, %s: %s", e.Epoch, s.name, short(float64(v)))}
		l.Points = append(l.Points, p)
		path.WriteString(pen + p.X + " " + p.Y)
		pen = "L"
	}
	l.Path = path.String()
	return l
}
