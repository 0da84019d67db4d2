package report

import (
	"fmt"
	"math"

	"finetune/pipeline/metrics"
)

// riskCurve draws the error rate among the images that are kept when the least certain ones are set aside; false without a
// curve.
func riskCurve(c *metrics.RiskCoverage) (chart, bool) {
	if c == nil || len(c.Points) < 2 {
		return chart{}, false
	}
	high := 0.0
	for _, p := range c.Points {
		high = max(high, float64(p.Error))
	}
	high = math.Min(1, math.Ceil(10*high+0.5)/10) // whole tens above the curve
	f := frame{
		left:   chartLeft,
		right:  chartWidth - chartRight,
		top:    chartTop,
		bottom: chartHeight - chartBottom,
		toX:    1,
		high:   high,
	}
	out := chart{
		Name: "Errors by share of images kept", Width: chartWidth, Height: chartHeight, XName: "share of images kept, the most certain first", XNameAt: px((f.left + f.right) / 2),
		About: "Error rate among the images that are kept when the least certain ones are left to a person. A flat line means that the probabilities don't tell which predictions to trust.",
		From:  px(f.left), To: px(f.right), Top: px(f.top), Bottom: px(f.bottom),
	}
	for v := 0; v <= 100; v += 20 {
		out.X = append(out.X, tick{px(f.x(float64(v) / 100)), fmt.Sprintf("%d %%", v)})
	}
	for v := 0; v <= int(math.Round(10*high)); v++ {
		out.Y = append(out.Y, tick{px(f.y(float64(v) / 10)), fmt.Sprintf("%d %%", 10*v)})
	}
	l := line{Name: "error rate of the images kept", Class: "val", Legend: "error rate of the images kept"}
	pen := "M"
	for _, p := range c.Points {
		at := point{
			px(f.x(p.Coverage)),
			px(f.y(float64(p.Error))),
			fmt.Sprintf(
				"%s kept (%s): error rate %s (95 %% interval %s)",
				percent.number(
					metrics.Number(p.Coverage),
				),
				count(p.N, "image"),
				percent.number(p.Error),
				percent.interval(p.Interval),
			),
		}
		l.Points = append(l.Points, at)
		l.Path += pen + at.X + " " + at.Y
		pen = "L"
	}
	out.Lines = []line{l}
	return out, true
}
