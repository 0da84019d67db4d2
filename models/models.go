package models

import (
	_ "embed" // the network and its licence

	"finetune/preprocess"
)

//go:generate python3 convert_lite0.py

// The embedded network. A test compares these with the file, its metadata and README.md.
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
	Spec    preprocess.Spec // its preprocessing, as in the file's metadata
	Licence string          // full text, with origin and changes
}

// Default returns EfficientNet-Lite0 with ImageNet weights, the network used where none is named.
func Default() Model {
	spec, _ := Preset(lite0Name)
	return Model{Name: lite0Name, Data: lite0, SHA256: lite0SHA256, Spec: spec, Licence: lite0Licence}
}
