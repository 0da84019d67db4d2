package report

import (
	"fmt"
	"math"

	"finetune/pipeline/metrics"
)

// A reliabilityCurve plots accuracy by confidence.
type reliabilityCurve struct {
	Name, ID         string
	Width, Height    int
	From, To         string // x of the plot's corners
	Top, Bottom      string // y of the plot's corners
	Ticks            []tick // of the x axis
	Levels           []tick // of the y axis
	Steps            []step
	XNameAt, XNameTo string // x and y of the name of the x axis
	XTextAt, YTextAt string // y of the labels of the x axis, x of those of the y axis
}

// A step is one bin of confidence.
type step struct {
	X, Y, Radius string
	Low, High    string // y of the ends of the interval
	Title        string
	Cells        []string // of the table: confidence, accuracy, interval, images
}

// newReliabilityCurve draws the bins that hold images. It returns nil if none does.
func newReliabilityCurve(bins []metrics.Bin) *reliabilityCurve {
	f := frame{left: chartLeft, right: chartWidth - chartRight, top: chartTop, bottom: chartTop +
		(chartWidth - chartLeft - chartRight), toX: 1, high: 1}
	c := &reliabilityCurve{Width: chartWidth, Height: int(f.bottom) + chartBottom, From: px(f.left), To: px(f.right),
		Top: px(f.top), Bottom: px(f.bottom),
		XNameAt: px((f.left + f.right) / 2), XNameTo: px(f.bottom + 31), XTextAt: px(f.bottom + 16),
		YTextAt: px(f.left - 6)}
	for v := 0; v <= 100; v += 20 {
		text, share := fmt.Sprintf("%d %%", v), float64(v)/100
		c.Ticks = append(c.Ticks, tick{px(f.x(share)), text})
		c.Levels = append(c.Levels, tick{px(f.y(share)), text})
	}
	var largest int
	for _, b := range bins {
		largest = max(largest, b.N)
	}
	for _, b := range bins {
		if b.N == 0 {
			continue
		}
		accuracy := fmt.Sprintf("%s (95 %% interval %s)", percent.number(b.Accuracy), percent.interval(b.Interval))
		c.Steps = append(c.Steps, step{
			X: px(f.x(float64(b.Confidence))), Y: px(f.y(float64(b.Accuracy))),
			// The area is proportional to the number of images.
			Radius: px(max(2.5, 8*math.Sqrt(float64(b.N)/float64(largest)))),
			Low:    px(f.y(float64(b.Interval[0]))), High: px(f.y(float64(b.Interval[1]))),
			Title: fmt.Sprintf("%s: mean confidence %s, accuracy %s", count(b.N, "image"),
				percent.number(b.Confidence), accuracy),
			Cells: []string{percent.number(b.Confidence), percent.number(b.Accuracy), percent.interval(b.Interval),
				fmt.Sprint(b.N)},
		})
	}
	if largest == 0 {
		return nil
	}
	return c
}

// confidence returns the mean of the largest probabilities and the share of images whose most probable class is the
// label.
func confidence(bins []metrics.Bin) (mean, accuracy metrics.Number) {
	var n, sum, hits float64
	for _, b := range bins {
		if b.N > 0 {
			n += float64(b.N)
			sum += float64(b.N) * float64(b.Confidence)
			hits += float64(b.N) * float64(b.Accuracy)
		}
	}
	return metrics.Number(sum / n), metrics.Number(hits / n)
}
