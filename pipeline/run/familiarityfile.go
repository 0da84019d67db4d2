package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"finetune/invalid"
	"finetune/pipeline/familiarity"
)

// FamiliarityFile says what the images look like that a run was trained on.
const FamiliarityFile = "familiarity.safetensors"

// Familiarity reads what the run's training images look like. It is nil where the run has no such file: older runs, a
// head alone, and runs on fewer than twice [familiarity.MinRows] images.
func (r *Run) Familiarity(ctx context.Context) (*familiarity.Model, error) {
	path := filepath.Join(r.Folder, FamiliarityFile)
	m, err := familiarity.Load(ctx, path, r.Head.Inputs())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	if n := len(m.Predicted()); n != 0 && n != r.Head.Space().Len() {
		return nil, &invalid.Error{Path: path, Found: fmt.Sprintf("predictions of %d classes", n),
			Want: fmt.Sprintf(
				"the %d classes of the run",
				r.Head.Space().Len(),
			), Hint: "train again, or remove the file"}
	}
	return m, nil
}

// NeedFamiliarity is Familiarity for jobs that can't do without it.
func (r *Run) NeedFamiliarity(ctx context.Context) (*familiarity.Model, error) {
	m, err := r.Familiarity(ctx)
	if err == nil && m == nil {
		err = &invalid.Error{Field: "Model", Path: r.Folder, Found: "no " + FamiliarityFile,
			Want: "the folder of a run that was trained on enough images by this version", Hint: "train again"}
	}
	return m, err
}
