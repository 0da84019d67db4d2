// Package compare is the job that trains one head with several losses on the same folds of the same features, and
// compares their metrics.
//
// Folds and fits are those of package crossval. The package must not import train, check or explain.
package compare
