package machine

import (
	"errors"
	"io/fs"
	"path/filepath"

	"finetune/internal/ort/cudalibs"
)

// A CUDAReport says what a build for CUDA needs and what of it is there.
type CUDAReport = cudalibs.Report

// lookForCUDA returns the report of the library at path, nil where that is a build without CUDA.
func lookForCUDA(path string) (*CUDAReport, error) {
	r, err := cudalibs.Look(filepath.Dir(path))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return r, err
}
