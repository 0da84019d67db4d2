package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"finetune/pipeline/artifact"
	"finetune/pipeline/metrics"
	"finetune/pipeline/run"
	"finetune/pipeline/train"
)

// headline are the figures that are printed first, in order.
var headline = []struct {
	key, name string
	value     func(f *metrics.Figures) metrics.Number
}{
	{"qwk", "quadratic weighted kappa", func(f *metrics.Figures) metrics.Number { return f.QWK }},
	{"mae", "MAE (classes)", func(f *metrics.Figures) metrics.Number { return f.MAE }},
	{"mae_units", "MAE (label units)", func(f *metrics.Figures) metrics.Number { return f.MAEUnits }},
	{"accuracy", "accuracy", func(f *metrics.Figures) metrics.Number { return f.Accuracy }},
	{"one_off_accuracy", "one-off accuracy", func(f *metrics.Figures) metrics.Number { return f.OneOffAccuracy }},
	{"rps", "RPS", func(f *metrics.Figures) metrics.Number { return f.RPS }},
	{"nll", "NLL", func(f *metrics.Figures) metrics.Number { return f.NLL }},
	{"ece", "ECE", func(f *metrics.Figures) metrics.Number { return f.ECE }},
}

// printHeldOut prints the figures of images that the head wasn't trained on.
func printHeldOut(w io.Writer, r *metrics.Report) {
	fmt.Fprintf(w, "%d held-out images\n\n", r.N)
	printReport(w, r)
}

// printReport writes the headline figures beside the baseline, then the confusion matrix.
func printReport(w io.Writer, r *metrics.Report) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "\tthis head\t95 %% interval\talways %q\n", r.Baseline.Class)
	for _, h := range headline {
		value := h.value(&r.Figures)
		if !value.Defined() || h.key == "mae_units" && !r.UnitsDiffer() {
			continue
		}
		interval := ""
		if i, ok := r.Intervals[h.key]; ok {
			interval = fmt.Sprintf("%v – %v", i[0], i[1])
		}
		baseline := fmt.Sprint(h.value(&r.Baseline.Figures))
		if h.key == "ece" { // its shares are those of the training images: 0, or nearly, says nothing
			baseline = ""
		}
		fmt.Fprintf(t, "%s\t%v\t%s\t%s\n", h.name, value, interval, baseline)
	}
	t.Flush()
	printConfusion(w, r)
	printSets(w, r.Sets)
}

// mostConfusion is the largest number of classes whose matrix fits a terminal.
const mostConfusion = 12

func printConfusion(w io.Writer, r *metrics.Report) {
	if len(r.PerClass) > mostConfusion {
		return
	}
	fmt.Fprintln(w, "\nconfusion (rows: true class, columns: predicted)")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprint(t, "\t")
	for _, c := range r.PerClass {
		fmt.Fprintf(t, "%s\t", c.Class)
	}
	fmt.Fprintln(t, "recall\t")
	for i, c := range r.PerClass {
		fmt.Fprintf(t, "%s\t", c.Class)
		for _, n := range r.Confusion[i] {
			fmt.Fprintf(t, "%d\t", n)
		}
		fmt.Fprintf(t, "%v\t\n", c.Recall)
	}
	t.Flush()
}

func printTrained(w io.Writer, r *train.Result) {
	if r.Metrics.N > 0 {
		printHeldOut(w, &r.Metrics)
		printBy(w, r.By)
	}
	printCalibration(w, r.Calibration)
	printGroundDistance(w, r.GroundDistance, r.Head.Space())
	folds := r.CrossValidation != nil && len(r.CrossValidation.Folds) > 0 // out-of-fold figures of a closed form have none
	switch {
	case r.ClosedForm != "" && !folds:
		fmt.Fprintf(w, "\ntrained %s\n", r.ClosedForm)
	case folds:
		printFolds(w, r.CrossValidation)
		switch {
		case r.ClosedForm != "":
			fmt.Fprintf(w, "\nthe head of the run was trained on all images in the folds, %s\n", r.ClosedForm)
		case r.Epochs > 0:
			fmt.Fprintf(w, "\nthe head of the run was trained on all images in the folds, for %d epochs\n", r.Epochs)
		}
	case r.Epochs > 0 && r.BestEpoch == 0:
		fmt.Fprintf(w, "\ntrained %d epochs, of which none is better than the linear head in closed form, which is kept\n", r.Epochs)
	case r.Epochs > 0:
		fmt.Fprintf(w, "\ntrained %d epochs, kept epoch %d\n", r.Epochs, r.BestEpoch)
	}
	if r.Choice != nil {
		fmt.Fprintln(w, wrap("chosen: "+r.Choice.Text, helpWidth))
	}
	printContributions(w, r)
	for _, note := range r.Notes {
		fmt.Fprintln(w, "note:", note)
	}
	printUnreadable(w, r.Unreadable)
	if len(r.Advice) > 0 {
		fmt.Fprintln(w, "\nwhat next")
		for _, item := range r.Advice {
			fmt.Fprintln(w, wrap("  - "+item.Text, helpWidth))
		}
	}
	fmt.Fprintf(w, "\nrun folder: %s\nlabel images with: finetune predict --model %s --data PATH --out labels.csv\n",
		r.Run, shellWord(r.Run))
	printBaseline(w, &r.Metrics)
}

// printBaseline warns of a head that is no better than always predicting one class.
func printBaseline(w io.Writer, r *metrics.Report) {
	if b := r.Baseline; r.N > 0 && r.MAE.Defined() && float64(r.MAE) >= float64(b.MAE) {
		fmt.Fprintf(w, "warning: the head is no better than always predicting %q: MAE %v against %v\n", b.Class, r.MAE, b.MAE)
	}
}

// printContributions prints the share of the head's input variance that comes from each depth of the network and each region.
func printContributions(w io.Writer, r *train.Result) {
	if len(r.ByDepth) > 1 {
		fmt.Fprint(w, "share of the head's input variance by depth of the network, first to last:")
		for _, c := range r.ByDepth {
			fmt.Fprintf(w, " %.0f", 100*c.Share)
		}
		fmt.Fprintln(w, " %")
	}
	for i, c := range r.ByCell {
		switch {
		case len(r.ByCell) < 2:
		case c.Grid == 0:
			fmt.Fprintf(w, "share of the class token: %.0f %%\n", 100*c.Share)
		case c.Grid == 1:
			fmt.Fprintf(w, "share of means over the whole image: %.0f %%\n", 100*c.Share)
		case c.Row == 0 && c.Col == 0:
			fmt.Fprintf(w, "share of each cell of the %d × %[1]d grid:\n", c.Grid)
			fallthrough
		default:
			fmt.Fprintf(w, " %3.0f %%", 100*c.Share)
			if c.Col == c.Grid-1 || i == len(r.ByCell)-1 {
				fmt.Fprintln(w)
			}
		}
	}
}

// printUnreadable names the first skipped images; the folder that was written lists all.
func printUnreadable(w io.Writer, list []artifact.Unreadable) {
	const most = 5
	for i, u := range list {
		if i == most {
			fmt.Fprintf(w, "… and %d more\n", len(list)-most)
			return
		}
		fmt.Fprintf(w, "skipped %s: %s\n", u.Path, u.Reason)
	}
}

func printInspected(w io.Writer, r *run.InspectResult) {
	if r.Run != nil {
		printRun(w, r.Run)
		return
	}
	printNetwork(w, r.Network)
}

// printIntegrity compares the files of a run with its list of them.
func printIntegrity(w io.Writer, f run.Integrity) {
	switch {
	case !f.Listed:
		fmt.Fprintln(w, "files      not checked: there is no list of them (files.json)")
	case len(f.Changed) == 0:
		fmt.Fprintf(w, "files      all %d as they were written\n", f.Count)
	}
	for _, c := range f.Changed {
		fmt.Fprintf(w, "changed    %s: %s\n", c.Name, c.Found)
	}
}

func printRun(w io.Writer, r *run.RunDescription) {
	shape := fmt.Sprintf("linear, %d × %d", r.Outputs, r.Inputs)
	if r.Hidden > 0 {
		shape = fmt.Sprintf("%d inputs, %d hidden, %d outputs", r.Inputs, r.Hidden, r.Outputs)
	}
	fmt.Fprintf(w, "%s: a trained head (%s)\n", r.Folder, shape)
	fmt.Fprintf(w, "classes    %s\n", strings.Join(r.Head.Space.Classes(), " < "))
	fmt.Fprintf(w, "loss       %s, decision %s, temperature %.4g\n", r.Head.Loss.Name, r.Head.Decision, r.Head.Temperature)
	if s := r.Head.Sets; s.Coverage > 0 {
		fmt.Fprintf(w, "ranges     target coverage %s (threshold %.4g, calibrated on %d images or groups)\n", percent(metrics.Number(s.Coverage)), s.Threshold, s.Units)
	}
	if c := r.Config; c != nil {
		split := fmt.Sprintf("%d training, %d validation, %d test", c.Split.Train, c.Split.Val, c.Split.Test)
		if c.Split.Folds > 0 {
			split = fmt.Sprintf("%d training in %d folds, %d test", c.Split.Train, c.Split.Folds, c.Split.Test)
		}
		fmt.Fprintf(w, "trained on %s (%s, %d images: %s)\n", c.Data.Path, c.Data.Layout, c.Data.Images, split)
		if b := c.Backbone; b != nil {
			name := b.Name
			if p := b.Precision; p != nil {
				name += " in " + p.Precision
			}
			fmt.Fprintf(w, "backbone   %s, SHA-256 %s\n", name, b.Digest)
		}
	}
	fmt.Fprintf(w, "feature    %s, %d wide\npixels     %s\n", r.Head.Origin.Tap, r.Inputs, r.Head.Origin.Preprocessing)
	if c := r.Config; c != nil && c.Views != nil {
		fmt.Fprintf(w, "views      %v\n", c.Views)
	}
	printIntegrity(w, r.Files)
	if r.Metrics != nil {
		fmt.Fprintln(w)
		printHeldOut(w, &r.Metrics.Report)
		printCalibration(w, r.Metrics.Calibration)
		if r.Metrics.CrossValidation != nil && r.Metrics.CrossValidation.Folds != nil {
			printFolds(w, r.Metrics.CrossValidation)
		}
	}
}
