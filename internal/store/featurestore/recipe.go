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

// recipeFile holds a recipe as text in its folder.
const recipeFile = "recipe.json"

// A Recipe is all that decides a feature besides the image.
type Recipe struct {
	Backbone      string `json:"backbone"` // digest of the network's bytes
	Tap           string `json:"tap"`
	Preprocessing string `json:"preprocessing"`
	Runtime       string `json:"runtime"` // version of the native library
	Pixels        string `json:"pixels"`  // version of our own decoding and resizing

	// Half says that rows are kept as float16; numbers that aren't halves are rounded.
	Half bool `json:"half,omitempty"`

	// View names the augmentation, "" for the image itself; see augment.Plan.Name.
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

// describe writes the recipe to the store's folder, for people and for [List].
func (s *Store) describe() error {
	path := filepath.Join(s.dir, recipeFile)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return atomicfile.Write(path, func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(s.recipe)
	})
}
