package artifact

import (
	"encoding/json"
	"finetune/internal/store/atomicfile"
	"finetune/invalid"
	"io"
	"os"
)

func ReadJSON(path string, into any) error {
	data, err := os.ReadFile(path)
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
