package featurestore

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"finetune/internal/store/atomicfile"
)

// A Recipe is all that decides a feature besides the image.
type Recipe struct {
	Backbone      string `json:"backbone"` // digest of the network's bytes
	Tap           string `json:"tap"`
	Preprocessing string `json:"preprocessing"`
	Runtime       string `json:"runtime"` // version of the native library
	Pixels        string `json:"pixels"`  // version of our own decoding and resizing

	// View names what was done to the picture before, "" for nothing; see augment.Plan.Name.
	View string `json:"view,omitempty"`
}

// Digest names the recipe's folder.
func (r Recipe) Digest() string {
	text, err := json.Marshal(r)
	if err != nil {
		panic(err) // strings always encode
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:16])
}

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
