// Package crossval trains heads on the folds of a cross-validation and holds their predictions.
//
// A [Plan] is made once for a job and passed on. [FitFold] trains the head of one fold and returns its out-of-fold
// predictions; [Grid] does so for several configurations in parallel. [Predictions] also serve heads without folds.
//
// The package must not read run folders or write files: it must not import run, artifact or a job.
package crossval
