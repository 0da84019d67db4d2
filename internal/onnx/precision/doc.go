// Package precision rewrites a network of float32 as a cheaper one that computes nearly the same: with integers of eight
// bits ([Network.Int8]), or with half-precision numbers ([Network.Float16]).
//
// It changes graphs only. What it needs to know of the numbers that flow through a network, their ranges, a caller
// measures with [Network.Tensors] and a [Histogram] for each tensor. Graphs are untrusted: what can't be rewritten stays
// as it is, and no input makes the package panic.
//
// The package runs no network and must not import the bindings of ONNX Runtime or package backbone.
package precision
