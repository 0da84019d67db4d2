// Package calibration makes predicted distributions over ordered classes mean what they say, by images that the model wasn't
// trained on: a temperature under which probabilities match frequencies, and prediction sets, contiguous ranges of classes that
// hold the true class as often as was asked for.
//
// [FitTemperature] is temperature scaling (Guo, Pleiss, Sun and Weinberger 2017, arXiv 1706.04599): one number that logits are divided
// by, chosen by likelihood.
//
// Prediction sets are split conformal (Vovk, Gammerman and Shafer 2005; Papadopoulos et al. 2002). From a start, the class that was
// decided for, a range grows class by class towards the side of the larger probability, as in the ordinal sets of Lu, Angelopoulos
// and Pomerantz 2022 (arXiv 2207.02238), and takes the mass that it holds before a class joins as that class's score, as
// adaptive prediction sets do (Romano, Sesia and Candès 2020, arXiv 2006.02544), without their randomisation. [Threshold] is the
// quantile of the true classes' scores; [Interval] is every class that scores no more. If the images to come are like those of the
// calibration, in any order (exchangeable), such a range holds the true class with at least the probability asked for, whatever the
// model: a bad one gets wide ranges. That is on average over images. It is no promise for each class, and none where images come
// from elsewhere.
//
// [Fit] does all of this for a trained head. The package must not import features, folds or files. It measures nothing on held-out
// images: that is what package metrics is for.
package calibration
