package machine

import (
	"context"

	"finetune/internal/ort/library"
)

// Setup installs the tested version of ONNX Runtime into the user's cache. No other job uses the network; this one
// uses it through the user's package client.
type Setup struct {
	Device string // cuda for the build for CUDA; "" or cpu for the other
	From   string // a local package, release archive or library; "": download
	With   string // "pip", "npm", or "" for an available one
}

// A SetupResult describes the installed library.
type SetupResult struct {
	Library string `json:"library"` // absolute path
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
	Source  string `json:"source"`  // a description of the source
	Already bool   `json:"already"` // an intact library was already installed

	CUDA *CUDAReport `json:"cuda,omitempty"` // of a build for CUDA
}

// Run installs the library unless an intact one is installed. Several processes may run it at once.
func (s Setup) Run(ctx context.Context) (SetupResult, error) {
	done, err := library.Install(ctx, library.Options{Device: s.Device, From: s.From, With: s.With})
	if err != nil {
		return SetupResult{}, err
	}
	result := SetupResult{Library: done.Path, Version: done.Version, SHA256: done.SHA256, Source: done.Source,
		Already: done.Already}
	if s.Device == library.CUDA {
		result.CUDA, err = lookForCUDA(done.Path)
	}
	return result, err
}
