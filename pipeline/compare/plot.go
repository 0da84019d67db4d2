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

// The dimensions of the plot in pixels.
const (
	plotLetter = 7.6 // upper estimate of the mean width of a letter
	plotWidth  = 330 // of a panel
	plotGap    = 36
	plotTop    = 66
	plotRow    = 40
	plotBottom = 84
)

// A plotPanel shows one metric of every loss under some of the rules.
type plotPanel struct {
	metric, title string
	rules         []head.Decision
}

// plotPanels are the panels of the plot. RPS doesn't depend on the decision rule.
var plotPanels = []plotPanel{
	{"mae", "mean absolute error (classes)", decisionRules},
	{"rps", "ranked probability score", decisionRules[:1]},
}

// plotColours are distinguishable with colour blindness and by lightness.
var plotColours = map[head.Decision]string{head.Argmax: "#777777", head.Median: "#0072b2", head.Mean: "#d55e00"}

// A plotMark is a mean with its interval.
type plotMark struct{ mean, low, high float64 }

// plot writes an SVG of MAE and RPS of every loss. A whisker is the 95 % interval of the difference to cross-entropy
// with argmax, whose mean is a dashed line. The difference is significant if the whisker doesn't touch the line.
func (r *Result) plot(w io.Writer) error {
	b := bufio.NewWriter(w)
	names := 0
	for _, l := range r.Losses {
		names = max(names, int(plotLetter*float64(utf8.RuneCountInString(l.Loss)))+24)
	}
	width := names + len(plotPanels)*(plotWidth+plotGap)
	height := plotTop + plotRow*len(r.Losses) + plotBottom
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %[1]d %[2]d" font-family="sans-serif" font-size="13" fill="#222">`+"\n", width, height)
	fmt.Fprintf(b, `<rect width="%d" height="%d" fill="#fff"/>`+"\n", width, height)
	for i, l := range r.Losses {
		y := plotTop + plotRow*i
		if i%2 == 0 {
			fmt.Fprintf(b, `<rect y="%d" width="%d" height="%d" fill="#f4f4f4"/>`+"\n", y, width, plotRow)
		}
		fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="end">%s</text>`+"\n", names-12, y+plotRow/2+5,
			html.EscapeString(l.Loss))
	}
	for i, p := range plotPanels {
		r.drawPanel(b, p, names+i*(plotWidth+plotGap))
	}
	x := names
	for _, rule := range decisionRules {
		fmt.Fprintf(b, `<circle cx="%d" cy="%d" r="4" fill="%s"/><text x="%d" y="%d">%s</text>`+"\n", x+5, height-36,
			plotColours[rule], x+14, height-32, rule)
		x += 80
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" fill="#555">%s</text>`+"\n", names, height-12,
		"whiskers: 95 % interval of the difference to cross-entropy with argmax (line)")
	fmt.Fprintln(b, "</svg>")
	return b.Flush()
}

// plotMarks returns the marks of one metric by loss and rule, and the mean of cross-entropy with argmax.
func (r *Result) plotMarks(p plotPanel) (marks [][]plotMark, reference float64) {
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

// drawPanel draws one panel whose left side is at x.
func (r *Result) drawPanel(b io.Writer, p plotPanel, x int) {
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
	at := func(v float64) float64 { return float64(x) + plotWidth*(v-from)/(to-from) }
	bottom := plotTop + plotRow*len(r.Losses)
	fmt.Fprintf(b, `<text x="%d" y="24" font-weight="bold">%s</text><text x="%[1]d" y="42" fill="#555">lower is better</text>`+"\n", x, p.title)
	for _, t := range ticks {
		fmt.Fprintf(b, `<path d="M%.1f %dV%d" stroke="#ddd"/><text x="%[1]f" y="%[4]d" text-anchor="middle" fill="#555">%.4[5]g</text>`+"\n", at(t), plotTop, bottom, bottom+18, t)
	}
	if !math.IsNaN(reference) {
		fmt.Fprintf(b, `<path d="M%.1f %dV%d" stroke="#777" stroke-dasharray="4 3"/>`+"\n", at(reference), plotTop,
			bottom)
	}
	for i, list := range marks {
		for j, m := range list {
			if math.IsNaN(m.mean) {
				continue
			}
			y := float64(plotTop+plotRow*i) + plotRow*float64(j+1)/float64(len(list)+1)
			colour := plotColours[p.rules[j]]
			if m.low < m.high {
				fmt.Fprintf(b, `<path d="M%.1f %.1fH%.1f" stroke="%s" stroke-width="2"/>`+"\n", at(m.low), y,
					at(m.high), colour)
			}
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="4" fill="%s"/>`+"\n", at(m.mean), y, colour)
		}
	}
}
