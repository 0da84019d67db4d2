package report

import (
	"fmt"
	"math"

	"finetune/pipeline/metrics"
)

// A calibration is the reliability curve: for each step of stated confidence the share that was right.
type calibration struct {
	Name, ID         string
	Width, Height    int
	From, To         string // x and …
	Top, Bottom      string // … y of the plot's corners; the diagonal runs between them
	Ticks            []tick // along x
	Levels           []tick // along y
	Steps            []step
	XNameAt, XNameTo string // x and y of the name below
	XTextAt, YTextAt string // y of the labels along x, x of those along y
}

// A step is one bin of confidence.
type step struct {
	X, Y, Radius string
	Low, High    string // y of the interval's ends
	Title        string
	Cells        []string // of the table: confidence, right, interval, images
}

// newCalibration draws the bins that hold images; nil where none does.
func newCalibration(bins []metrics.Bin) *calibration {
	f := frame{left: chartLeft, right: chartWidth - chartRight, top: chartTop, bottom: chartTop + (chartWidth - chartLeft - chartRight), toX: 1, high: 1}
	c := &calibration{Width: chartWidth, Height: int(f.bottom) + chartBottom, From: px(f.left), To: px(f.right), Top: px(f.top), Bottom: px(f.bottom),
		XNameAt: px((f.left + f.right) / 2), XNameTo: px(f.bottom + 31), XTextAt: px(f.bottom + 16), YTextAt: px(f.left - 6)}
	for v := 0; v <= 100; v += 20 {
		text, share := fmt.Sprintf("%d %%", v), float64(v)/100
		c.Ticks = append(c.Ticks, tick{px(f.x(share)), text})
		c.Levels = append(c.Levels, tick{px(f.y(share)), text})
	}
	var most int
	for _, b := range bins {
		most = max(most, b.N)
	}
	for _, b := range bins {
		if b.N == 0 {
			continue
		}
		right := fmt.Sprintf("%s (95 %% interval %s)", percent.number(b.Accuracy), percent.interval(b.Interval))
		c.Steps = append(c.Steps, step{
			X: px(f.x(float64(b.Confidence))), Y: px(f.y(float64(b.Accuracy))),
			// The area follows the number of images.
			Radius: px(max(2.5, 8*math.Sqrt(float64(b.N)/float64(most)))),
			Low:    px(f.y(float64(b.Interval[0]))), High: px(f.y(float64(b.Interval[1]))),
			Title: fmt.Sprintf("%s, sure to %s on average: %s right", count(b.N, "image"), percent.number(b.Confidence), right),
			Cells: []string{percent.number(b.Confidence), percent.number(b.Accuracy), percent.interval(b.Interval), fmt.Sprint(b.N)},
		})
	}
	if most == 0 {
		return nil
	}
	return c
}

// confidence sums up the curve: the mean of the largest probabilities, and the share whose likeliest class is true.
func confidence(bins []metrics.Bin) (stated, right metrics.Number) {
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
