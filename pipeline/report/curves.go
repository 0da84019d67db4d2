package report

import (
	"fmt"
	"math"
	"strings"

	"finetune/internal/axis"
	"finetune/pipeline/metrics"
)

// The size of a chart in pixels. It fits a phone.
const (
	chartWidth, chartHeight = 340, 230
	chartLeft, chartRight   = 46, 18
	chartTop, chartBottom   = 12, 34
)

// A chart is a line chart over epochs.
type chart struct {
	ID             string
	Name, About    string // title and explanation
	Width, Height  int
	X, Y           []tick
	XName          string
	XNameAt        string
	From, To       string // x of the ends of the plot
	Top, Bottom    string // y of them
	Lines          []line
	Marker, Marked string // x of the kept epoch and its description; "" for none
}

// A tick is a labelled position on an axis.
type tick struct{ At, Text string }

// A line is a series of points.
type line struct {
	Name, Class string
	Legend      string // "" if another line has the same legend
	Path        string
	Points      []point // nil for a thin line
	Thin        bool    // one of many folds; shows Name on hover
}

// A point is one value with its tooltip.
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

// A series has one value for each epoch.
type series struct {
	name, class string
	of          func(Epoch) metrics.Number
	history     []Epoch
	legend      string // of the first thin line
	thin        bool
}

// curves returns the training charts that have at least one measured value.
func curves(d *Data) []chart {
	var out []chart
	for _, c := range []struct {
		name, about string
		series      []series
	}{
		{"Loss by epoch", "The training loss is measured with dropout and while the weights change, so it can exceed " +
			"the validation loss.",
			[]series{{name: "training", class: "train", of: func(e Epoch) metrics.Number { return e.TrainLoss }},
				{name: "validation", class: "val", of: func(e Epoch) metrics.Number { return e.ValLoss }}}},
		{"Validation error by epoch", "Mean error in classes (MAE) on the validation part, which decides early " +
			"stopping.",
			[]series{{name: "validation", class: "val", of: func(e Epoch) metrics.Number { return e.ValMAE }}}},
	} {
		var list []series
		for _, s := range c.series {
			list = append(list, foldSeries(d, s)...)
			s.history = d.History
			if d.Folds != nil {
				s.name += ", final head"
			}
			list = append(list, s)
		}
		if made, ok := newChart(d.Best, list); ok {
			made.Name, made.About = c.name, c.about
			if d.Folds != nil && made.Marked != "" {
				made.Marked = fmt.Sprintf("the final head was trained for %d epochs", d.Best)
			}
			made.ID = fmt.Sprintf("curve-%d", len(out))
			out = append(out, made)
		}
	}
	return out
}

// foldSeries returns one thin line of a series for each fold.
func foldSeries(d *Data, s series) []series {
	if d.Folds == nil {
		return nil
	}
	var list []series
	for i, f := range d.Folds.Each {
		thin := series{name: f.Name + ", " + s.name, class: s.class + " thin", of: s.of, history: f.History,
			thin: true}
		if i == 0 {
			thin.legend = s.name + " of each fold"
		}
		list = append(list, thin)
	}
	return list
}

// newChart draws series over epochs. It returns false if no value is defined.
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
	if high-low <= 1e-6*math.Abs(high) { // a constant: include zero
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
		c.Marker, c.Marked = px(f.x(b)), fmt.Sprintf("weights of epoch %d were kept", best)
	}
	return c, true
}

// line draws one series, with gaps where a value isn't defined.
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
		p := point{px(f.x(float64(e.Epoch))), px(f.y(float64(v))),
			fmt.Sprintf("epoch %d, %s: %s", e.Epoch, s.name, short(float64(v)))}
		l.Points = append(l.Points, p)
		path.WriteString(pen + p.X + " " + p.Y)
		pen = "L"
	}
	l.Path = path.String()
	return l
}
