package artifact

import (
	"io"
	"os"

	"finetune/internal/store/atomicfile"
)

// CopyFile copies a file. The copy is whole or absent.
func CopyFile(to, from string) error {
	f, err := os.Open(from)
	if err != nil {
		return err
	}
	defer f.Close()
	return atomicfile.Write(to, func(w io.Writer) error { _, err := io.Copy(w, f); return err })
}
