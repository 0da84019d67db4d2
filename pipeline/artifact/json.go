package artifact

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"

	"finetune/internal/store/atomicfile"
	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// Format is the version of the JSON documents and tables of docs/schemas.md, which each document has as its first field. It grows
// when a field or column is removed, renamed or gets another meaning; new ones leave it as it is.
const Format = 1

// maxJSON bounds the bytes of a file that is read, which somebody else may have written.
const maxJSON = 1 << 28

// ReadJSON reads a document that WriteJSON wrote. One of a newer format and one that can't be read are an *invalid.Error; one
// without a format is older than all of them and is read.
func ReadJSON(path string, into any) error {
	data, err := userfile.Read(context.Background(), path, maxJSON)
	if err != nil {
		return err
	}
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(data, &version); err == nil && version.Format > Format {
		return &invalid.Error{Path: path, Found: fmt.Sprintf("format %d", version.Format), Want: fmt.Sprintf("at most %d", Format),
			Hint: "a newer version of finetune wrote it: use that one"}
	}
	if err := json.Unmarshal(data, into); err != nil {
		return &invalid.Error{Path: path, Found: "not the JSON that finetune writes", Err: err, Hint: "restore the file or run the job again"}
	}
	return nil
}

// WriteJSON writes a document as EncodeJSON does, atomically.
func WriteJSON(path string, v any) error {
	return atomicfile.Write(path, func(w io.Writer) error { return EncodeJSON(w, v) })
}

// EncodeJSON writes v indented. An object gets the field "format" before its own; it must not have one of that name.
func EncodeJSON(w io.Writer, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return err
	}
	text := b.Bytes()
	if fields, ok := bytes.CutPrefix(text, []byte("{\n")); ok {
		text = append(fmt.Appendf(nil, "{\n  \"format\": %d,\n", Format), fields...)
	}
	_, err := w.Write(text)
	return err
}
