package report

import (
	"fmt"
	"strings"

	"finetune/pipeline/metrics"
)

// Calibrated is what was fitted to the model after training, to images that it wasn't trained on.
type Calibrated struct {
	On string `json:"on"` // which images those are, in words: "the 450 validation images"
	// Temperature is what logits are divided by; 0: none was fitted. Before are the figures of the held-out images without it.
	Temperature float64      `json:"temperature"`
	Before      *Probability `json:"before,omitempty"`
	// Expected is the range of shares that the ranges were to be expected to hold; nil where that isn't known.
	Expected *[2]float64 `json:"expected,omitempty"`
	// Rules are the ways to make an answer of a distribution, measured on those images. Metric is the figure that the one taken was chosen
	// by; "": it was given.
	Rules  []AnswerRule `json:"rules"`
	Metric string       `json:"metric"`
}

// Probability says how well probabilities match what came true.
type Probability struct {
	NLL         metrics.Number `json:"nll"`
	ECE         metrics.Number `json:"ece"`
	Reliability []metrics.Bin  `json:"reliability"`
}

// An AnswerRule is one way to make an answer of a distribution.
type AnswerRule struct {
	Name    string          `json:"name"`
	Taken   bool            `json:"taken"`
	Figures metrics.Figures `json:"figures"`
}

// ranges is the section about prediction sets; nil without them.
type ranges struct {
	Wanted, Held, Interval, Width string
	Verdict                       string // a sentence
	Expected                      string // "" where it isn't known
	Rows                          []rangeRow
	AnyFew                        bool
	Widths                        *widthChart
}

// A rangeRow is one class.
type rangeRow struct {
	Class, Held, Interval, Width string
	Images                       int
	Few                          bool
	Strip                        *strip
}

func newRanges(d *Data) *ranges {
	s := d.Metrics.Sets
	if s == nil {
		return nil
	}
	wanted := metrics.Number(s.Wanted)
	r := &ranges{Wanted: percent.number(wanted), Held: percent.number(s.Coverage), Interval: percent.interval(s.Interval), Width: round(s.Width), Verdict: kept(s), Widths: newWidths(s)}
	if c := d.Calibrated; c != nil && c.Expected != nil {
		r.Expected = percent.interval([2]metrics.Number{metrics.Number(c.Expected[0]), metrics.Number(c.Expected[1])})
	}
	for _, c := range s.PerClass {
		row := rangeRow{Class: c.Class, Images: c.N, Held: percent.number(c.Coverage), Interval: percent.interval(c.Interval), Width: round(c.Width), Few: c.N < fewImages}
		if c.Coverage.Defined() {
			row.Strip = newStrip(percent, float64(c.Coverage), c.Interval, wanted)
		}
		r.Rows, r.AnyFew = append(r.Rows, row), r.AnyFew || row.Few
	}
	return r
}

// kept says whether ranges do what was asked for.
func kept(s *metrics.Sets) string {
	wanted := metrics.Number(s.Wanted)
	switch {
	case !s.Interval[0].Defined():
		return "There are too few independent images to say whether that is as promised."
	case s.Interval[1] < wanted:
		return "That is less than promised by more than chance explains: these images aren't like those that the ranges were calibrated on."
	case s.Interval[0] > wanted:
		return "That is more than promised: the ranges are wider than they need be."
	}
	return "That is as promised."
}

// missed names the classes that ranges surely hold less often than asked for; "" where there are none.
func missed(s *metrics.Sets) string {
	var names []string
	for _, c := range s.PerClass {
		if c.N >= fewImages && c.Interval[1] < metrics.Number(s.Wanted) {
			names = append(names, fmt.Sprintf("%s (%s)", quoted(c.Class), percent.number(c.Coverage)))
		}
	}
	const most = 6
	if len(names) > most {
		names = append(names[:most], fmt.Sprintf("%d more", len(names)-most))
	}
	return strings.Join(names, ", ")
}

// A widthChart is how many images have a range of each width.
type widthChart struct {
	Width, Height, Base int
	Bars                []bar
	Labels, Counts      []tick // below and above the bars; Y of counts is that of their bar
	Name                string
}

// newWidths draws a bar for each width, up to the widest that there is.
func newWidths(s *metrics.Sets) *widthChart {
	widest, most, all := 1, 1, 0
	for i, n := range s.Widths {
		all += n
		if n > 0 {
			widest = i + 1
		}
		most = max(most, n)
	}
	const few = 16 // bars that have room for numbers
	c := &widthChart{Width: chartWidth, Height: chartHeight, Base: chartHeight - chartBottom, Name: "Images by the number of classes in their range"}
	step := float64(chartWidth-2*chartRight) / float64(widest)
	bottom, height := float64(c.Base), float64(c.Base-chartTop-14)
	for i, n := range s.Widths[:widest] {
		h, x := height*float64(n)/float64(most), chartRight+step*float64(i)
		c.Bars = append(c.Bars, bar{px(x + step*.1), px(bottom - h), px(step * .8), px(h),
			fmt.Sprintf("%s in the range: %s (%s)", count(i+1, "class"), count(n, "image"), share(float64(n)/float64(all)))})
		middle := px(x + step/2)
		if widest <= few || (i+1)%10 == 0 {
			c.Labels = append(c.Labels, tick{middle, fmt.Sprint(i + 1)})
		}
		if widest <= few {
			c.Counts = append(c.Counts, tick{middle, fmt.Sprint(n)})
		}
	}
	return c
}

// tempering says what the temperature did; "" where there is none.
func tempering(d *Data) string {
	c := d.Calibrated
	if c == nil || c.Before == nil {
		return ""
	}
	does := "doesn't change how sure the model says it is"
	switch {
	case c.Temperature > 1:
		does = "makes the model say that it is less sure"
	case c.Temperature < 1:
		does = "makes the model say that it is surer"
	}
	return fmt.Sprintf("A temperature of %s, fitted to %s, %s. On the held-out images it takes the mean surprise of the true class (NLL) from %v to %v and the gap between stated and true confidence (ECE) from %v to %v; less is better.",
		short(c.Temperature), c.On, does, c.Before.NLL, d.Metrics.NLL, c.Before.ECE, d.Metrics.ECE)
}

// rules is the table of ways to make an answer; nil where there are none to show.
type rules struct {
	About string
	Names []string // of figures
	Rows  []answerRow
}

type answerRow struct {
	Name, Means string
	Taken       bool
	Cells       []string
}

// ruleMeanings say what each rule answers.
var ruleMeanings = map[string]string{
	"argmax": "the likeliest class", "median": "the class in the middle: as much probability below as above", "mean": "the class nearest to the mean position",
	"least-distance": "the class that is expected to be the least far off by the ground distance",
}

func newRules(d *Data) *rules {
	c := d.Calibrated
	if c == nil || len(c.Rules) == 0 {
		return nil
	}
	r := &rules{About: fmt.Sprintf("The same distributions give other answers by other rules. These are the figures of %s, since a rule has to be settled before the held-out images are looked at.", c.On)}
	var shown []int
	for i, m := range measured {
		switch m.key {
		case "accuracy", "one_off_accuracy", "mae", "rmse", "qwk", c.Metric:
			shown, r.Names = append(shown, i), append(r.Names, m.name)
		}
		if m.key == c.Metric {
			r.About += " The one that is best by “" + m.name + "” was taken, as was asked for."
		}
	}
	for _, rule := range c.Rules {
		row := answerRow{Name: rule.Name, Means: ruleMeanings[rule.Name], Taken: rule.Taken}
		for _, i := range shown {
			row.Cells = append(row.Cells, measured[i].unit.number(measured[i].of(&rule.Figures)))
		}
		r.Rows = append(r.Rows, row)
	}
	return r
}
