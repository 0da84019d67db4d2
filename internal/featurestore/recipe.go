package featurestore

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"finetune/internal/atomicfile"
)

// describe leaves the recipe as text in the store's folder, for people who wonder what the folder is.
func (s *Store) describe() error {
	path := filepath.Join(s.dir, "recipe.json")
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(s.recipe)
	})
}
