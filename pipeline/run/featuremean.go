package run

import (
	"context"
	"errors"
	"finetune/head"
	"finetune/internal/store/npy"
	"finetune/internal/store/userfile"
	"finetune/invalid"
	"fmt"
	"io/fs"
	"path/filepath"
)

// FeatureMeanFile holds the mean of the features that a head was trained on, a row of float32: what explanations compare a
// picture with.
const FeatureMeanFile = "feature_mean.npy"

// meanFeature is the mean over the plain rows of some examples.
func MeanFeature(examples head.Examples, index []int) []float32 {
	examples.Index = index
	sum := make([]float64, examples.Features.Cols)
	for i := range index {
		for j, v := range examples.Row(i) {
			sum[j] += float64(v)
		}
	}
	mean := make([]float32, len(sum))
	for j, v := range sum {
		mean[j] = float32(v / float64(max(1, len(index))))
	}
	return mean
}

// writeFeatureMean writes it.
func WriteFeatureMean(path string, mean []float32) error {
	w, err := npy.Create(path, len(mean))
	if err != nil {
		return err
	}
	defer w.Abort()
	if err := w.WriteRow(mean); err != nil {
		return err
	}
	return w.Commit()
}

// maxFeatureMean bounds the bytes of the mean that are read.
const maxFeatureMean = 1 << 28

// FeatureMean reads it, nil where the run is older than that.
func (r *Run) FeatureMean() ([]float32, error) {
	path := filepath.Join(r.Folder, FeatureMeanFile)
	f, err := userfile.Open(context.Background(), path, maxFeatureMean)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	bad := func(found string, err error) error {
		return &invalid.Error{Path: path, Found: found, Err: err, Want: fmt.Sprintf("a row of %d numbers", r.Head.Inputs()), Hint: "train again, or remove the file"}
	}
	h, err := npy.ReadHeader(f)
	if err != nil || h.Rows != 1 || h.Cols != r.Head.Inputs() {
		return nil, bad("no mean of this run's features", err)
	}
	if _, err := f.Seek(0, 0); err != nil {
		return nil, err
	}
	_, mean, err := npy.Read(f)
	if err != nil {
		return nil, bad("can't be read", err)
	}
	for _, v := range mean {
		if v-v != 0 {
			return nil, bad("numbers that aren't finite", nil)
		}
	}
	return mean, nil
}
