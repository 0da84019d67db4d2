// Package cudalibs finds the libraries of CUDA and cuDNN that a build of ONNX Runtime needs, in the folders where pip, conda
// and the system put them, names those that are missing with the command that brings them, and loads those that the
// system's loader wouldn't find by itself.
//
// It runs no program and uses no network. It must not import the binding of ONNX Runtime, nor packages that do.
package cudalibs
