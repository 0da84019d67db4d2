// Package graph reads ONNX models: it describes them, finds the tensor that a network's classifier reads, and writes
// the smaller model that ends there, with the pooling of the feature inside.
//
// Files are untrusted. Size, nesting, the number of parts and what shapes ask for are limited, and no input makes the
// package panic. What can't be used gives an *invalid.Error.
//
// The package runs no network and must not import the bindings of ONNX Runtime, package backbone or anything that
// decodes images.
package graph
