// Package metrics evaluates predictions over ordered classes: accuracy, errors in class steps, agreement, scores of
// distributions and calibration, with bootstrap intervals and a baseline.
//
// The number of classes comes from the label space, so a class without items changes no shape. A metric that isn't
// defined, such as the recall of a class without items, is NaN, null in JSON. Sample weights aren't used: every
// held-out item counts once.
//
// The package must not import other packages below pipeline.
package metrics
