package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"finetune/pipeline/machine"
)

// A unit is how a figure is shown.
type unit func(value float64) string

func milliseconds(seconds float64) string {
	if seconds < 0.1 {
		return fmt.Sprintf("%.1f ms", seconds*1000)
	}
	return fmt.Sprintf("%.0f ms", seconds*1000)
}

func imagesPerSecond(seconds float64) string { return fmt.Sprintf("%.1f images/s", 1/seconds) }

func megabytes(value float64) string { return fmt.Sprintf("%.0f MB", value) }

// about says what the figures were taken on.
func (b *bench) about(ctx context.Context) (string, error) {
	_, peers, err := b.peer.ask("versions", nil)
	if err != nil {
		return "", err
	}
	report, err := machine.Doctor{}.Run(ctx)
	if err != nil {
		return "", err
	}
	native := "none"
	if report.Library.Found {
		native = report.Library.Version
	}
	return fmt.Sprintf("%s, %s/%s, %d threads on both sides, fastest of %d turns each. finetune: %s, %s, ONNX Runtime %s. Peers: %s.",
		time.Now().UTC().Format(time.DateOnly), runtime.GOOS, runtime.GOARCH, b.threads, b.rounds,
		runtime.Version(), strings.Join(report.CPU.SIMD, " "), native, peers), nil
}

// writeTable writes the rows as Markdown.
func writeTable(w io.Writer, about string, rows []*row) error {
	var s strings.Builder
	s.WriteString("# Benchmarks\n\nMade by `make bench`. " + about + "\n\n")
	s.WriteString("| | finetune | peer | | times as fast | required | aim |\n|---|---|---|---|---|---|---|\n")
	group := ""
	for _, r := range rows {
		if r.group != group {
			group = r.group
			fmt.Fprintf(&s, "| **%s** | | | | | | |\n", group)
		}
		s.WriteString(r.line())
	}
	_, err := io.WriteString(w, s.String())
	return err
}

func (r *row) line() string {
	bound := func(v float64) string {
		switch {
		case v == 0:
			return ""
		case r.peer == nil:
			return "≤ " + r.unit(v)
		}
		return fmt.Sprintf("≥ %.4g", v)
	}
	required := bound(r.required)
	if required != "" && !r.met() {
		required = "**" + required + ": missed**"
	}
	with := func(value, how string) string {
		if how == "" {
			return value
		}
		return value + " (" + how + ")"
	}
	ours := with(r.unit(r.value), r.how)
	if r.peer == nil {
		return fmt.Sprintf("| %s | %s | | | | %s | %s |\n", r.name, ours, required, bound(r.aim))
	}
	return fmt.Sprintf("| %s | %s | %s | %s | %.2f | %s | %s |\n", r.name, ours, r.peerName, with(r.unit(r.peerValue), r.peerHow), r.ratio(), required, bound(r.aim))
}
