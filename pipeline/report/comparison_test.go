package report

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"finetune/pipeline/metrics"
)

// compared returns two losses under one rule. Compared with cross-entropy, the second has a significantly smaller
// error, but not a significantly higher accuracy.
func compared(name string) Comparison {
	none := [2]metrics.Number{nan, nan}
	return Comparison{Finetune: "test", Source: "faces/", Reference: "cross-entropy", Notes: []string{"a note"},
		Rules: []Rule{{Name: "median", Losses: []LossMetrics{
			{"cross-entropy", []ComparedMetric{{"accuracy", .5, .01, nan, none, false},
				{"mae", .6, .02, nan, none, false}}},
			{name, []ComparedMetric{{"accuracy", .51, .01, .01, [2]metrics.Number{-.01, .03}, false},
				{"mae", .5, .02, -.1, [2]metrics.Number{-.2, -.05}, true}}},
		}}}, Settings: []Section{{name, []Setting{{"lr", "0.02"}}}}}
}

func TestComparison(t *testing.T) {
	c := compared("emd2")
	var b bytes.Buffer
	if err := WriteComparison(&b, c); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, part := range []string{"mean error in classes 0.500 for emd2 (−0.100).",
		"0.500" + nbsp + "±" + nbsp + "0.020 ★", "50.0" + nbsp + "±" + nbsp + "1.0" + nbsp + "%", "Note: a note.",
		`aria-label="difference`} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	v := newComparisonView(&c)
	if cell := v.Tables[0].Rows[0].Cells[1]; cell.Strip != nil || cell.Verdict != "" ||
		!v.Tables[0].Rows[0].Reference {
		t.Errorf("the reference compared with itself: %+v", cell)
	}
	cell := v.Tables[0].Rows[1].Cells[1] // 110 pixels, zero at 55, 47 pixels to 0.2
	if s := cell.Strip; cell.Verdict != better || s.Baseline != "55" || s.Low != "8" || s.Value != "31.5" ||
		s.High != "43.2" {
		t.Errorf("%+v %+v", cell, cell.Strip)
	}
	if cell := v.Tables[0].Rows[1].Cells[0]; cell.Verdict != notSignificant ||
		cell.Difference != "+1.0"+nbsp+"points" {
		t.Errorf("%+v", cell)
	}
}

func TestComparisonOfUntrustedNames(t *testing.T) {
	var plain, evil bytes.Buffer
	if err := WriteComparison(&plain, compared("emd2")); err != nil {
		t.Fatal(err)
	}
	c := compared(`"><script>alert(1)</script>`)
	c.Source = `</title><img src=x onerror=alert(1)>`
	if err := WriteComparison(&evil, c); err != nil {
		t.Fatal(err)
	}
	elements, attributes := shape(t, evil.String())
	wantElements, wantAttributes := shape(t, plain.String())
	if !slices.Equal(elements, wantElements) || !slices.Equal(attributes, wantAttributes) {
		t.Errorf("names change the page's structure: %v %v", elements, attributes)
	}
}

func TestComparisonRefusesGaps(t *testing.T) {
	c := compared("emd2")
	c.Rules[0].Losses[1].Figures = c.Rules[0].Losses[1].Figures[:1]
	for _, c := range []Comparison{c, {}, {Rules: []Rule{{}}}} {
		var b bytes.Buffer
		if err := WriteComparison(&b, c); err == nil || b.Len() > 0 {
			t.Errorf("%v after %d bytes", err, b.Len())
		}
	}
}
