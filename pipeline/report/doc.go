// Package report writes report.html, the page of a training run, and the page of a comparison of losses.
//
// A page starts with a summary in sentences. Confusion matrix, metrics and example images follow; details are folded
// away. A page is one file without scripts and external resources, and its Content-Security-Policy forbids both.
// Equal data give equal bytes.
//
// The package shows what [Data] and [Comparison] hold. It must not read files or import features, crossval, run or a
// job.
package report
