package artifact

import (
	"context"
	"encoding/json"
	"io"

	"finetune/internal/store/atomicfile"
	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// maxJSON bounds the bytes of a file that is read, which somebody else may have written.
const maxJSON = 1 << 28

// ReadJSON reads a file that a job wrote. What is wrong with the file is an *invalid.Error.
func ReadJSON(path string, into any) error {
	data, err := userfile.Read(context.Background(), path, maxJSON)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return &invalid.Error{Path: path, Found: "not the JSON that finetune writes", Err: err, Hint: "restore the file or run the job again"}
	}
	return nil
}

func WriteJSON(path string, v any) error {
	return atomicfile.Write(path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(v)
	})
}
