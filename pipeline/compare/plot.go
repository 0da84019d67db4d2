package compare

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"unicode/utf8"

	"finetune/head"
	"finetune/internal/axis"
)

// The plot's measures, in pixels.
const (
	plotLetter = 7.6 // about the width of one, at most
	plotPanel  = 330
	plotGap    = 36
	plotTop    = 66
	plotRow    = 40
	plotBottom = 84
)

// A plotPanelOf shows one figure of every loss, with some of the rules.
type plotPanelOf struct {
	metric, title string
	rules         []head.Decision
}

// plotPanels: RPS is of the distribution, so the rule changes nothing in it.
var plotPanels = []plotPanelOf{
	{"mae", "mean absolute error (classes)", comparedRules},
	{"rps", "ranked probability score", comparedRules[:1]},
}

// plotColours of the rules can be told apart by people who are colour-blind, and by their lightness.
var plotColours = map[head.Decision]string{head.Argmax: "#777777", head.Median: "#0072b2", head.Mean: "#d55e00"}

// A plotMark is a mean and where its interval reaches.
type plotMark struct{ mean, low, high float64 }

// plot draws MAE and RPS of every loss as an SVG. A whisker is the interval of the difference to cross-entropy with argmax,
// drawn from that one's mean, which a line goes through: a whisker that doesn't touch the line excludes no difference.
func (r *Result) plot(w io.Writer) error {
	b := bufio.NewWriter(w)
	names := 0
	for _, l := range r.Losses {
		names = max(names, int(plotLetter*float64(utf8.RuneCountInString(l.Loss)))+24)
	}
	width := names + len(plotPanels)*(plotPanel+plotGap)
	height := plotTop + plotRow*len(r.Losses) + plotBottom
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="sans-serif" font-size="13" fill="#222">`+"\n", width, height)
	fmt.Fprintf(b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	for i, l := range r.Losses {
		y := plotTop + plotRow*i
		if i%2 == 0 {
			fmt.Fprintf(b, `<rect y="%d" width="%d" height="%d" fill="#f4f4f4"/>`+"\n", y, width, plotRow)
		}
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", names-12, y+plotRow/2+5, html.EscapeString(l.Loss))
	}
	for i, p := range plotPanels {
		r.plotPanel(b, p, names+i*(plotPanel+plotGap))
	}
	x := names
	for _, rule := range comparedRules {
		fmt.Fprintf(b, `<circle cx="%d" cy="%d" r="4" fill="%s"/><text x="%d" y="%d">%s</text>`+"\n", x+5, height-36, plotColours[rule], x+14, height-32, rule)
		x += 80
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" fill="#555">%s</text>`+"\n", names, height-12,
		"whiskers: 95 % interval of the difference to cross-entropy with argmax (line)")
	fmt.Fprintln(b, "</svg>")
	return b.Flush()
}

// plotMarks returns the marks of one figure, by loss and rule, and the mean of cross-entropy with argmax.
func (r *Result) plotMarks(p plotPanelOf) (marks [][]plotMark, reference float64) {
	marks = make([][]plotMark, len(r.Losses))
	reference = math.NaN()
	for _, rule := range p.rules {
		rows := slices.DeleteFunc(slices.Clone(r.Rows), func(row Row) bool { return row.Decision != rule })
		for i, row := range rows {
			f := row.Figures[slices.IndexFunc(row.Figures, func(f Figure) bool { return f.Metric == p.metric })]
			m := plotMark{float64(f.Mean), float64(f.Mean), float64(f.Mean)}
			if d := f.Baseline; d != nil {
				base := m.mean - float64(d.Mean)
				m.low, m.high = base+float64(d.Interval[0]), base+float64(d.Interval[1])
			} else if rule == head.Argmax {
				reference = m.mean
			}
			marks[i] = append(marks[i], m)
		}
	}
	return marks, reference
}

// plotPanel draws one figure from x rightwards.
func (r *Result) plotPanel(b io.Writer, p plotPanelOf, x int) {
	marks, reference := r.plotMarks(p)
	low, high := math.Inf(1), math.Inf(-1)
	for _, m := range slices.Concat(marks...) {
		for _, v := range []float64{m.mean, m.low, m.high} {
			if !math.IsNaN(v) {
				low, high = min(low, v), max(high, v)
			}
		}
	}
	if low > high {
		return // nothing is defined
	}
	ticks := axis.Ticks(low, high, 6)
	from, to := min(low, ticks[0]), max(high, ticks[len(ticks)-1])
	at := func(v float64) float64 { return float64(x) + plotPanel*(v-from)/(to-from) }
	bottom := plotTop + plotRow*len(r.Losses)
	fmt.Fprintf(b, `<text x="%d" y="24" font-weight="bold">%s</text><text x="%[1]d" y="42" fill="#555">lower is better</text>`+"\n", x, p.title)
	for _, t := range ticks {
		fmt.Fprintf(b, `<path d="M%.1f %dV%d" stroke="#ddd"/><text x="%[1]f" y="%[4]d" text-anchor="middle" fill="#555">%.4[5]g</text>`+"\n", at(t), plotTop, bottom, bottom+18, t)
	}
	if !math.IsNaN(reference) {
		fmt.Fprintf(b, `<path d="M%.1f %dV%d" stroke="#777" stroke-dasharray="4 3"/>`+"\n", at(reference), plotTop, bottom)
	}
	for i, list := range marks {
		for j, m := range list {
			if math.IsNaN(m.mean) {
				continue
			}
			y := float64(plotTop+plotRow*i) + plotRow*float64(j+1)/float64(len(list)+1)
			colour := plotColours[p.rules[j]]
			if m.low < m.high {
				fmt.Fprintf(b, `<path d="M%.1f %.1fH%.1f" stroke="%s" stroke-width="2"/>`+"\n", at(m.low), y, at(m.high), colour)
			}
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>`+"\n", at(m.mean), y, colour)
		}
	}
}
