package graph

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"strings"
)

// A format is a kind of file that is often given in place of an ONNX model.
type format struct{ what, hint string }

// Hints with the commands that turn other formats into ONNX.
const (
	exportPyTorch = "export it in Python: " +
		`torch.onnx.export(model.eval(), torch.randn(1, 3, 224, 224), "network.onnx"), ` +
		"with model built and loaded as for inference"
	exportKeras      = `export it in Python: keras.models.load_model(file).export("network.onnx", format="onnx")`
	exportTensorFlow = "convert it: pip install tf2onnx; " +
		`python -m tf2onnx.convert --saved-model FOLDER --output network.onnx`
	exportTFLite = "convert it: pip install tf2onnx; " +
		`python -m tf2onnx.convert --tflite FILE --output network.onnx`
	downloadFile = "download the file itself: on GitHub and Hugging Face, the link of the download button"
	pullLFS      = "fetch the file that it stands for: git lfs pull, in the repository that it is from"
	originalONNX = "give the ONNX file that it was made from"
)

// recognize returns the format of a file that can't be read as ONNX.
func recognize(data []byte) (format, bool) {
	for _, f := range magics {
		if at := f.at; len(data) >= at+len(f.magic) && string(data[at:at+len(f.magic)]) == f.magic {
			return f.format, true
		}
	}
	start := strings.ToLower(string(bytes.TrimLeft(data[:min(len(data), 512)], " \t\r\n\ufeff")))
	switch {
	case strings.HasPrefix(start, "pk\x03\x04"):
		return recognizeZip(data), true
	case strings.HasPrefix(start, "<!doctype html"), strings.HasPrefix(start, "<html"):
		return format{"a web page", downloadFile}, true
	case strings.HasPrefix(start, "<?xml"):
		return format{"an XML file", originalONNX}, true
	case isSafetensors(data):
		return format{"a safetensors file, which holds weights and no network", exportPyTorch}, true
	case isTensorFlow(data):
		return format{"a TensorFlow graph", exportTensorFlow}, true
	}
	return format{}, false
}

// magics are the formats that a few bytes tell.
var magics = []struct {
	at    int
	magic string
	format
}{
	{0, "version https://git-lfs.github.com/spec/", format{"a Git LFS pointer, not the file itself", pullLFS}},
	{0, "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19",
		format{"a PyTorch checkpoint (.pt, .pth)", exportPyTorch}},
	{0, "\x80\x02", format{"a Python pickle", exportPyTorch}},
	{0, "\x80\x03", format{"a Python pickle", exportPyTorch}},
	{0, "\x80\x04", format{"a Python pickle", exportPyTorch}},
	{0, "\x80\x05", format{"a Python pickle", exportPyTorch}},
	{0, "\x89HDF\r\n\x1a\n", format{"an HDF5 file (Keras .h5)", exportKeras}},
	{4, "TFL3", format{"a TensorFlow Lite model", exportTFLite}},
	{4, "ORTM", format{"a model in ONNX Runtime's own format (.ort)", originalONNX}},
	{0, "GGUF", format{"a GGUF file", exportPyTorch}},
	{0, "\x93NUMPY", format{"a NumPy array", originalONNX}},
	{0, "\x1f\x8b", format{"a gzip archive", "unpack it: gunzip, or tar xzf"}},
	{0, "\xff\xd8\xff", format{"a JPEG image", originalONNX}},
	{0, "\x89PNG\r\n\x1a\n", format{"a PNG image", originalONNX}},
}

// recognizeZip recognises archives of PyTorch and Keras by the names of their members.
func recognizeZip(data []byte) format {
	archive, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return format{"a damaged zip archive", downloadFile}
	}
	for _, f := range archive.File {
		switch name := f.Name; {
		case strings.HasSuffix(name, "/data.pkl"):
			return format{"a PyTorch checkpoint (.pt, .pth)", exportPyTorch}
		case name == "model.weights.h5":
			return format{"a Keras model (.keras)", exportKeras}
		case strings.HasSuffix(name, ".onnx"):
			return format{"a zip archive with an ONNX model in it", "unpack it"}
		}
	}
	return format{"a zip archive", "unpack it, and give the ONNX file in it"}
}

// isSafetensors reports whether a file begins with the length of a JSON header that describes tensors.
func isSafetensors(data []byte) bool {
	if len(data) < 10 || data[8] != '{' {
		return false
	}
	length := binary.LittleEndian.Uint64(data)
	return length <= uint64(len(data)-8) && bytes.Contains(data[8:8+length], []byte(`"data_offsets"`))
}

// isTensorFlow reports whether a file that is no ONNX model is a SavedModel or a frozen graph: both are protobufs that
// name TensorFlow's operators near their start.
func isTensorFlow(data []byte) bool {
	savedModel := bytes.HasPrefix(data, []byte{0x08, 0x01, 0x12}) // schema version 1, then a graph
	frozen := len(data) > 0 && data[0] == 0x0a                    // a node
	start := data[:min(len(data), 1<<20)]
	for _, name := range []string{"Placeholder", "StatefulPartitionedCall", "VarHandleOp", "tensorflow"} {
		if (savedModel || frozen) && bytes.Contains(start, []byte(name)) {
			return true
		}
	}
	return false
}
