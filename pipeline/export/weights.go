package export

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"

	"finetune/head"
	"finetune/internal/store/npy"
	"finetune/internal/store/safetensors"
)

// MetadataMember is the member of an .npz file that holds the metadata as a JSON object of strings.
const MetadataMember = "metadata.json"

// contents returns the tensors and the metadata that [head.Head.Write] writes, so that names are the same in all
// formats.
func contents(h *head.Head, version string) (*safetensors.File, error) {
	var buf bytes.Buffer
	if err := h.Write(&buf); err != nil {
		return nil, err
	}
	f, err := safetensors.Read(&buf)
	if err != nil {
		return nil, err
	}
	f.Metadata["finetune.version"] = version
	return f, nil
}

// NPZ writes the head as numpy.load reads it: float32 arrays under the names of the safetensors file (weight and
// bias, and before them hidden.weight and hidden.bias where there is a hidden layer), and the metadata as the member
// [MetadataMember]. Members aren't compressed, and the same head gives the same bytes.
func NPZ(w io.Writer, h *head.Head, version string) error {
	f, err := contents(h, version)
	if err != nil {
		return fmt.Errorf("write the head as .npz: %w", err)
	}
	z := zip.NewWriter(w)
	member := func(name string, write func(io.Writer) error) {
		if err != nil {
			return
		}
		var m io.Writer
		if m, err = z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store}); err == nil {
			err = write(m)
		}
	}
	for _, t := range f.Tensors {
		member(t.Name+".npy", func(w io.Writer) error { return npy.WriteArray(w, t.Shape, t.Data) })
	}
	member(MetadataMember, func(w io.Writer) error { return encodeJSON(w, f.Metadata) })
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		return fmt.Errorf("write the head as .npz: %w", err)
	}
	return nil
}

// A tensorJSON is an array in the JSON form: its shape, and its numbers in row-major order.
type tensorJSON struct {
	Shape []int     `json:"shape"`
	Data  []float32 `json:"data"`
}

// JSON writes the head as one object: metadata, an object of strings, and tensors, an object of {shape, data}, under
// the names that NPZ uses. Numbers are written so that they come back as the same float32.
func JSON(w io.Writer, h *head.Head, version string) error {
	f, err := contents(h, version)
	if err != nil {
		return fmt.Errorf("write the head as JSON: %w", err)
	}
	tensors := map[string]tensorJSON{}
	for _, t := range f.Tensors {
		tensors[t.Name] = tensorJSON{Shape: t.Shape, Data: t.Data}
	}
	if err := encodeJSON(w, map[string]any{"metadata": f.Metadata, "tensors": tensors}); err != nil {
		return fmt.Errorf("write the head as JSON: %w", err)
	}
	return nil
}

func encodeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
