package familiarity

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"finetune/internal/store/atomicfile"
	"finetune/internal/store/safetensors"
	"finetune/internal/store/userfile"
	"finetune/invalid"
)

const (
	fileFormat  = "finetune-familiarity"
	fileVersion = "1"
	maxFile     = 64 << 20 // bytes; a row of a million columns makes 8 MB

	keyFormat, keyVersion = "format", "version"

	nameMean, nameInverse, nameCentre, nameFactor = "mean", "inverse_deviation", "centre", "factor"
	nameDistances, nameScores, namePredicted      = "distances", "review_scores", "predicted"
)

// Save writes the model to a safetensors file: mean and inverse_deviation of the columns, centre and factor (the
// packed lower Cholesky factor of the covariance) of the projected rows, distances of the reference and, where there
// are any, review_scores and predicted. 12 × 1,280 bytes and 130 kB for rows of 1,280 columns, at most 80 kB for the
// reference.
func (m *Model) Save(path string) error {
	return atomicfile.Write(path, m.write)
}

func (m *Model) write(w io.Writer) error {
	f := &safetensors.File{Metadata: map[string]string{keyFormat: fileFormat, keyVersion: fileVersion}}
	add := func(name string, data []float32) {
		f.Tensors = append(f.Tensors, safetensors.Tensor{Name: name, Shape: []int{len(data)}, Data: data})
	}
	add(nameMean, m.mean)
	add(nameInverse, m.inverse)
	add(nameCentre, narrow(m.centre))
	add(nameFactor, narrow(m.factor))
	add(nameDistances, narrow(m.distances))
	if m.scores != nil {
		add(nameScores, narrow(m.scores))
		add(namePredicted, narrow(m.predicted))
	}
	return safetensors.Write(w, f)
}

// Load reads a model. The file may be untrusted: one that isn't a model of rows of that width is an *invalid.Error. A
// file that isn't there is an error that wraps fs.ErrNotExist.
func Load(ctx context.Context, path string, width int) (*Model, error) {
	f, err := userfile.Open(ctx, path, maxFile)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	m, err := read(bufio.NewReader(f), width)
	var pathError *fs.PathError
	switch {
	case errors.As(err, &pathError):
		return nil, fmt.Errorf("read how familiar images are: %w", err)
	case err != nil:
		return nil, &invalid.Error{Path: path, Found: "no description of the training images", Err: err,
			Want: fmt.Sprintf("that of features of %d columns", width), Hint: "train again, or remove the file"}
	}
	return m, nil
}

func read(r io.Reader, width int) (*Model, error) {
	f, err := safetensors.Read(r)
	if err != nil {
		return nil, err
	}
	if f.Metadata[keyFormat] != fileFormat || f.Metadata[keyVersion] != fileVersion {
		return nil, fmt.Errorf("the format %q, version %q", f.Metadata[keyFormat], f.Metadata[keyVersion])
	}
	vector := func(name string, n int) []float32 { // any length for -1
		t, ok := f.Tensor(name)
		if !ok || len(t.Shape) != 1 || n >= 0 && len(t.Data) != n {
			err = errors.Join(err, fmt.Errorf("no tensor %q of the right shape", name))
			return nil
		}
		for _, v := range t.Data {
			if v-v != 0 {
				err = errors.Join(err, fmt.Errorf("the tensor %q isn't finite", name))
				return nil
			}
		}
		return t.Data
	}
	k := min(width, sketchWidth)
	m := &Model{
		mean:      vector(nameMean, width),
		inverse:   vector(nameInverse, width),
		centre:    widen(vector(nameCentre, k)),
		factor:    widen(vector(nameFactor, k*(k+1)/2)),
		distances: widen(vector(nameDistances, -1)),
	}
	if _, ok := f.Tensor(nameScores); ok {
		m.scores, m.predicted = widen(vector(nameScores, -1)), widen(vector(namePredicted, -1))
	}
	if err != nil {
		return nil, err
	}
	m.takeSketch()
	return m, m.check()
}

// check reports the first thing in a model that was read which can't be.
func (m *Model) check() error {
	for i, at := 0, 0; i < len(m.centre); i++ {
		if !(m.factor[at+i] > 0) {
			return errors.New("the factor of the covariance isn't positive on its diagonal")
		}
		at += i + 1
	}
	switch {
	case len(m.distances) == 0 || !slices.IsSorted(m.distances) || m.distances[0] < 0:
		return errors.New("the distances aren't ascending from 0")
	case !slices.IsSorted(m.scores):
		return errors.New("the review scores aren't ascending")
	case slices.ContainsFunc(m.predicted, func(n float64) bool { return n < 0 || n != math.Trunc(n) }) ||
		int(min(floats.Sum(m.predicted), maxFile)) != len(m.scores):
		return errors.New("the predicted classes aren't counts")
	}
	return nil
}

func narrow(values []float64) []float32 {
	out := make([]float32, len(values))
	for i, v := range values {
		out[i] = float32(v)
	}
	return out
}

func widen(values []float32) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = float64(v)
	}
	return out
}
