package graph

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"

	"google.golang.org/protobuf/encoding/protowire"
)

func describe(in ImageInput) string {
	return fmt.Sprint(in.Layout, " ", in.Batch, " ", in.Height, " ", in.Width)
}

// message is a length-delimited field.
func message(field protowire.Number, body []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), body)
}

func TestParseRefuses(t *testing.T) {
	nested := []byte{}
	for range 200 { // graph → node → attribute → graph …
		nested = message(1, message(5, message(6, nested)))
	}
	for _, c := range []struct {
		name, want string
		data       []byte
	}{
		{"nothing", "is empty", nil},
		{"a picture", "is a PNG image", []byte("\x89PNG\r\n\x1a\n")},
		{"no nodes", "holds no network", message(7, message(2, []byte("g")))},
		{"too many parts", "too many parts", message(7, bytes.Repeat(message(1, nil), maxParts))},
		{"too deep", "nested too deep", message(7, nested)},
		{"cut off", "is no readable ONNX model", encode(t, 13, body+"out r")[:100]},
		{"written twice", `tensor "r" is written twice`, encode(t, 13, body+"r = Relu c\nout r")},
	} {
		_, err := Parse("net.onnx", c.data)
		if !invalid.Is(err) || !strings.Contains(err.Error(), c.want) ||
			!strings.HasPrefix(err.Error(), "net.onnx: ") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}

func TestFacts(t *testing.T) {
	m := fixture(t, "mobilenet_v3_14_sigmoid")
	f := m.Facts()
	if f.Opset != 14 || f.IRVersion != 7 || !strings.HasPrefix(f.Producer, "pytorch ") || f.Operators["Gemm"] != 2 ||
		f.Nodes != len(m.pb.Graph.Node) {
		t.Errorf("%+v", f)
	}
	// Two weights of the body's graph: 16·3·3·3 + 5·16 + 5.
	if got := build(t, 13, body+"out r").Facts().Parameters; got != 517 {
		t.Errorf("%d parameters, want 517", got)
	}
}

func TestExternal(t *testing.T) {
	m := fixture(t, "resnet_external")
	files, err := m.ExternalFiles()
	if err != nil || len(files) != 1 || files[0] != "resnet_external.weights" {
		t.Fatalf("files %v, %v", files, err)
	}
	whole, err := m.WithExternal(t.Context(), filepath.Join("..", "..", "..", "backbone", "testdata"))
	if err != nil {
		t.Fatal(err)
	}
	for name, w := range fixture(t, "resnet_basic_11").constant {
		if got := whole.constant[name]; got == nil || !bytes.Equal(got.RawData, w.RawData) {
			t.Errorf("weight %q differs", name)
		}
	}
	dir := t.TempDir()
	if _, err := m.WithExternal(t.Context(), dir); !invalid.Is(err) ||
		!strings.Contains(err.Error(), "resnet_external.weights") {
		t.Errorf("read without the file: %v", err)
	}
	if _, _, err := m.Relocate(t.Context(), dir); !invalid.Is(err) || !strings.Contains(err.Error(),
		"resnet_external.weights") {
		t.Errorf("without the file: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, files[0]), make([]byte, 1000), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, _, err := m.Relocate(t.Context(), dir); !invalid.Is(err) || !strings.Contains(err.Error(),
		"ends before weight") {
		t.Errorf("with a file that is cut off: %v", err)
	}
}

// Weights may be links, as download tools leave them: ONNX Runtime must be sent to where they lead.
func TestRelocate(t *testing.T) {
	m := fixture(t, "resnet_external")
	model, store, other := t.TempDir(), t.TempDir(), t.TempDir()
	const name = "resnet_external.weights"
	link := filepath.Join(model, name)
	relocate := func(target string, size int) (*Model, string, error) {
		t.Helper()
		os.Remove(link)
		if err := os.WriteFile(target, make([]byte, size), 0o666); err != nil {
			t.Fatal(err)
		}
		if target != link {
			if err := os.Symlink(target, link); err != nil {
				t.Skip("no symbolic links here:", err)
			}
		}
		return m.Relocate(t.Context(), model)
	}
	for _, c := range []struct{ target, folder, file string }{
		{link, model, name},
		{filepath.Join(store, "4f2a"), store, "4f2a"},
	} {
		moved, folder, err := relocate(c.target, 1<<20)
		if err != nil {
			t.Fatal(err)
		}
		if files, err := moved.ExternalFiles(); err != nil || folder != c.folder || len(files) != 1 ||
			files[0] != c.file {
			t.Errorf("%v in %s (%v), want %s in %s", files, folder, err, c.file, c.folder)
		}
	}
	if _, _, err := relocate(filepath.Join(store, "short"), 1000); !invalid.Is(err) ||
		!strings.Contains(err.Error(), "ends before weight") {
		t.Errorf("a file that is cut off: %v", err)
	}
	// A second file elsewhere.
	i := slices.IndexFunc(m.pb.Graph.Initializer, func(w *onnxpb.TensorProto) bool { return len(w.ExternalData) > 0 })
	for _, e := range m.pb.Graph.Initializer[i].ExternalData {
		if e.GetKey() == "location" {
			*e.Value = "second"
		}
	}
	if _, _, err := m.Relocate(t.Context(), model); !invalid.Is(err) ||
		!strings.Contains(err.Error(), `"second" can't be read`) {
		t.Errorf("without the second file: %v", err)
	}
	if err := os.WriteFile(filepath.Join(other, "7c"), make([]byte, 1<<20), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(other, "7c"), filepath.Join(model, "second")); err != nil {
		t.Fatal(err)
	}
	if _, _, err := relocate(filepath.Join(store, "4f2a"), 1<<20); !invalid.Is(err) ||
		!strings.Contains(err.Error(), "links into several folders") {
		t.Errorf("two folders: %v", err)
	}
}

func TestExternalStaysInFolder(t *testing.T) {
	for _, c := range [][2]string{
		{"location", "../secret"}, {"location", "/etc/passwd"}, {"location", "*/_ORT_MEM_ADDR_/*"}, {"offset", "-1"},
		{"length", "-5"},
	} {
		key, value := c[0], c[1]
		m := fixture(t, "resnet_external")
		for _, w := range m.pb.Graph.Initializer {
			for _, e := range w.ExternalData {
				if e.GetKey() == key {
					*e.Value = value
				}
			}
		}
		if _, err := m.ExternalFiles(); !invalid.Is(err) {
			t.Errorf("%s %q: %v", key, value, err)
		}
	}
}
