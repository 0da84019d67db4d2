// Package backbone runs a frozen image network and returns its features.
//
// Open reads an ONNX file, finds the tensor that the network's classifier reads (or takes the one that is named), cuts
// off what follows it and hands the rest to ONNX Runtime: image tensors in, one row of features per image out. Inspect
// describes a file without running it.
//
// The package knows neither image files (see preprocess) nor labels, and must not import pipeline or its packages.
package backbone
