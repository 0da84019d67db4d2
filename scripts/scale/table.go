//go:build unix

package main

import (
	"fmt"
	"io"
	"math"
	"strings"
)

// A row is the curve of a stage.
type row struct {
	stage
	points []point
}

// exponent is the slope of the curve between its last two points in a plot with logarithmic axes: 1 is linear, 2 quadratic.
func (r row) exponent() float64 {
	n := len(r.points)
	if n < 2 {
		return math.NaN()
	}
	a, b := r.points[n-2], r.points[n-1]
	return math.Log(b.Took.Processor/a.Took.Processor) / math.Log(float64(b.n)/float64(a.n))
}

// writeTable writes the curves as Markdown.
func writeTable(w io.Writer, rows []row) error {
	if len(rows) == 0 {
		return fmt.Errorf("no stage of that name")
	}
	var s strings.Builder
	s.WriteString("| processor time an image, µs, of images: |")
	line := "|---|"
	for _, p := range rows[0].points {
		fmt.Fprintf(&s, " %s |", thousands(p.n))
		line += "---|"
	}
	s.WriteString(" growth | elapsed, s | peak of each, MB | bound by |\n" + line + "---|---|---|---|\n")
	for _, r := range rows {
		fmt.Fprintf(&s, "| %s |", r.name)
		for _, p := range r.points {
			fmt.Fprintf(&s, " %.3g |", 1e6*p.Took.Processor/float64(p.n))
		}
		var peaks []string
		for _, p := range r.points {
			peaks = append(peaks, fmt.Sprintf("%.0f", p.Memory/1e6))
		}
		last := r.points[len(r.points)-1]
		fmt.Fprintf(&s, " %.2f | %.3g | %s | %s |\n", r.exponent(), last.Took.Elapsed, strings.Join(peaks, ", "), r.bound)
	}
	_, err := io.WriteString(w, s.String())
	return err
}

func thousands(n int) string {
	if n < 1000 {
		return fmt.Sprint(n)
	}
	return fmt.Sprintf("%s,%03d", thousands(n/1000), n%1000)
}
