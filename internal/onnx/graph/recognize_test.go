package graph

import (
	"archive/zip"
	"bytes"
	"strings"
	"testing"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

func zipped(t testing.TB, names ...string) []byte {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range names {
		if _, err := w.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Files that aren't ONNX are named for what they are, with the command that gives one.
func TestParseRecognizesOtherFormats(t *testing.T) {
	savedModel := append([]byte{0x08, 0x01}, message(2,
		message(2, message(1, append(message(1, []byte("x")), message(2, []byte("Placeholder"))...))))...)
	frozen := message(1, append(message(1, []byte("input")), message(2, []byte("Placeholder"))...))
	header := `{"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}`
	safetensors := append(append([]byte{byte(len(header)), 0, 0, 0, 0, 0, 0, 0}, header...), 0, 0, 0, 0)
	for _, c := range []struct {
		name       string
		data       []byte
		what, hint string
	}{
		{"LFS", []byte("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"), "a Git LFS pointer",
			"git lfs pull"},
		{"torch.save", zipped(t, "archive/data.pkl", "archive/data/0"), "a PyTorch checkpoint", "torch.onnx.export("},
		{"old torch.save", []byte("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."), "a PyTorch checkpoint",
			"torch.onnx.export("},
		{"pickle", []byte("\x80\x04\x95"), "a Python pickle", "torch.onnx.export("},
		{"h5", []byte("\x89HDF\r\n\x1a\n\x00"), "an HDF5 file (Keras .h5)", `.export("network.onnx", format="onnx")`},
		{"keras", zipped(t, "metadata.json", "config.json", "model.weights.h5"), "a Keras model",
			`.export("network.onnx", format="onnx")`},
		{"SavedModel", savedModel, "a TensorFlow graph", "tf2onnx"},
		{"frozen graph", frozen, "a TensorFlow graph", "tf2onnx"},
		{"tflite", []byte("\x1c\x00\x00\x00TFL3\x14\x00"), "a TensorFlow Lite model", "tf2onnx"},
		{"web page", []byte("\n\n<!DOCTYPE html><html>"), "a web page", "download the file itself"},
		{"web page without a type", []byte("<HTML lang=en>"), "a web page", "download the file itself"},
		{"safetensors", safetensors, "a safetensors file", "torch.onnx.export("},
		{"zip", zipped(t, "network.onnx"), "a zip archive with an ONNX model", "unpack"},
		{"no zip", []byte("PK\x03\x04"), "a damaged zip archive", "download"},
		{"ort", []byte("\x18\x00\x00\x00ORTM"), "a model in ONNX Runtime's own format",
			"ONNX file that it was made from"},
	} {
		_, err := Parse("net.onnx", c.data)
		if !invalid.Is(err) || !strings.HasPrefix(err.Error(), "net.onnx: is "+c.what) ||
			!strings.Contains(err.Error(), c.hint) {
			t.Errorf("%s: %v, want %q and %q", c.name, err, c.what, c.hint)
		}
	}
}

// A broken ONNX file isn't taken for another format because it was made from one.
func TestParseDoesNotMistakeONNX(t *testing.T) {
	data, err := proto.Marshal(&onnxpb.ModelProto{IrVersion: proto.Int64(7),
		ProducerName: proto.String("tf2onnx of tensorflow")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Parse("net.onnx", data); !invalid.Is(err) || !strings.Contains(err.Error(), "holds no network") {
		t.Errorf("%v", err)
	}
	data = protowire.AppendVarint(data, 1<<40)
	if _, err := Parse("net.onnx", data); !invalid.Is(err) || strings.Contains(err.Error(), "TensorFlow") {
		t.Errorf("%v", err)
	}
}
