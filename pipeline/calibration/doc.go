// Package calibration fits a trained head to images that it wasn't trained on: a temperature, a decision rule and
// prediction sets.
//
// [FitTemperature] is temperature scaling (Guo, Pleiss, Sun and Weinberger 2017, arXiv 1706.04599): the logits are
// divided by the number that maximizes the likelihood.
//
// Prediction sets are contiguous ranges of classes from split conformal prediction (Vovk, Gammerman and Shafer 2005;
// Papadopoulos et al. 2002). A range starts at the predicted class and grows class by class towards the side with the
// larger probability, as in the ordinal sets of Lu, Angelopoulos and Pomerantz 2022 (arXiv 2207.02238). The score of
// a class is the probability of the range before the class joins, as in adaptive prediction sets (Romano, Sesia and
// Candès 2020, arXiv 2006.02544) without randomization. [Threshold] is a quantile of the scores of the true classes,
// and [Interval] contains every class whose score doesn't exceed it. If new images and calibration images are
// exchangeable, the range contains the true class with at least the target probability, for any model. This holds on
// average over images, not for each class, and not for images from another source.
//
// [Fit] does all of this. The package must not import features, crossval or files. It evaluates nothing on held-out
// images; package metrics does.
package calibration
