package report

import (
	"strconv"
	"strings"
	"testing"

	"finetune/pipeline/metrics"
)

func TestRiskCurve(t *testing.T) {
	c := &metrics.RiskCoverage{}
	for i := 1; i <= 20; i++ {
		share := float64(i) / 20
		c.Points = append(c.Points, metrics.RiskPoint{Coverage: share, N: 10 * i, Error: metrics.Number(share * 0.37), Interval: [2]metrics.Number{0, 0.5}})
	}
	drawn, ok := riskCurve(c)
	if !ok || len(drawn.Lines) != 1 || len(drawn.Lines[0].Points) != 20 {
		t.Fatalf("%+v", drawn)
	}
	if got := drawn.Y[len(drawn.Y)-1].Text; got != "50 %" && got != "40 %" {
		t.Errorf("the axis ends at %s", got)
	}
	last, top, bottom := 1e9, number(t, drawn.Top), number(t, drawn.Bottom)
	for _, p := range drawn.Lines[0].Points {
		y := number(t, p.Y)
		if y >= last || y < top || y > bottom {
			t.Errorf("the point %q lies at %v, after %v, in a plot from %v to %v", p.Title, y, last, top, bottom)
		}
		last = y
	}
	if title := drawn.Lines[0].Points[19].Title; !strings.Contains(title, "200 images") || !strings.Contains(title, "37") {
		t.Errorf("%q", title)
	}
	if _, ok := riskCurve(nil); ok {
		t.Error("a curve is drawn of nothing")
	}
}

func number(t *testing.T, text string) float64 {
	t.Helper()
	v, err := strconv.ParseFloat(text, 64)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
