package machine

import (
	"context"

	"finetune/internal/ort/library"
)

// Setup installs the tested version of ONNX Runtime into the user's cache. No other job uses the network; this one
// uses it through the user's package client.
type Setup struct {
	From string // a local package, release archive or library; "": download
	With string // "pip", "npm", or "" for an available one
}

// A SetupResult describes the installed library.
type SetupResult struct {
	Library string `json:"library"` // absolute path
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
	Source  string `json:"source"`  // a description of the source
	Already bool   `json:"already"` // an intact library was already installed
}

// Run installs the library unless an intact one is installed. Several processes may run it at once.
func (s Setup) Run(ctx context.Context) (SetupResult, error) {
	done, err := library.Install(ctx, library.Options{From: s.From, With: s.With})
	if err != nil {
		return SetupResult{}, err
	}
	return SetupResult{Library: done.Path, Version: done.Version, SHA256: done.SHA256, Source: done.Source,
		Already: done.Already}, nil
}
