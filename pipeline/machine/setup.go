package machine

import (
	"context"

	"finetune/internal/ort/library"
)

// Setup installs the native ONNX Runtime that this program is tested with into the user's cache. It is the
// only job that may use the network, through the user's own package client.
type Setup struct {
	From string // a local package, release archive or library; nothing is downloaded then
	With string // "pip", "npm", or "" for whichever is there
}

// SetupResult says which library the next run will find in the cache.
type SetupResult struct {
	Library string `json:"library"` // absolute path
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
	Source  string `json:"source"`  // where the bytes came from, in words
	Already bool   `json:"already"` // an intact library was there, nothing was done
}

// Run installs the library unless an intact one is there. It may run several times and several times at once.
func (s Setup) Run(ctx context.Context) (SetupResult, error) {
	done, err := library.Install(ctx, library.Options{From: s.From, With: s.With})
	if err != nil {
		return SetupResult{}, err
	}
	return SetupResult{Library: done.Path, Version: done.Version, SHA256: done.SHA256, Source: done.Source, Already: done.Already}, nil
}
