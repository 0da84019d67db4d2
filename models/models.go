// Package models knows networks: the one that the binary carries, and how pictures are prepared for common
// ones, by name. It runs nothing and reads no file; package backbone does that with the bytes it is given.
package models

import (
	_ "embed" // the network and its licence

	"finetune/preprocess"
)

//go:generate python3 convert_lite0.py

// The carried network. A test holds these against the file, its metadata and README.md.
const (
	lite0Name   = "efficientnet_lite0"
	lite0SHA256 = "0185f581825a14a836c251eebd0c5296c93564366b68c0e41bc1875cc5378483"
)

var (
	//go:embed efficientnet_lite0.onnx
	lite0 []byte

	//go:embed LICENSE-efficientnet-lite0
	lite0Licence string
)

// A Model is a network that needs no file.
type Model struct {
	Name    string          // as in a file name, without extension
	Data    []byte          // the ONNX file; shared, so not to be written to
	SHA256  string          // of Data, in lower-case hexadecimal
	Spec    preprocess.Spec // how its pictures are prepared; the file's metadata say the same
	Licence string          // full text, with origin and what was changed
}

// Default returns EfficientNet-Lite0 with ImageNet weights, the network used where none is named.
func Default() Model {
	spec, _ := Preset(lite0Name)
	return Model{Name: lite0Name, Data: lite0, SHA256: lite0SHA256, Spec: spec, Licence: lite0Licence}
}
