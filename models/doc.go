// Package models holds the embedded network, EfficientNet-Lite0, and a table of the preprocessing of common networks,
// by name. It runs nothing and reads no file.
//
// The package must not import backbone or pipeline: these take the network as bytes.
package models
