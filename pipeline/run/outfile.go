package run

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"finetune/backbone"
	"finetune/internal/store/atomicfile"
	"finetune/internal/store/seal"
	"finetune/invalid"
	"finetune/models"
	"finetune/pipeline/artifact"
	"finetune/pipeline/report"
)

// MayWrite refuses to write a file at out where that would replace an input, a file of the run or its network, something
// that isn't a regular file, or, without overwrite, anything. Jobs call it before they compute.
func (r *Run) MayWrite(ctx context.Context, out string, overwrite bool, inputs ...string) error {
	if err := artifact.NotAnAddress("Out", out); err != nil {
		return err
	}
	if err := artifact.NotAnInput(out, append(r.files(), inputs...)...); err != nil {
		return err
	}
	if _, err := os.Lstat(out); errors.Is(err, fs.ErrNotExist) {
		return artifact.MayCreate(out)
	} else if err != nil {
		return artifact.CannotWrite(out, err)
	}
	info, err := os.Stat(out)
	switch {
	case errors.Is(err, fs.ErrNotExist): // a link to nothing
	case err != nil:
		return artifact.CannotWrite(out, err)
	case info.IsDir():
		return &invalid.Error{Field: "Out", Path: out, Found: "a folder", Want: "a file"}
	case !info.Mode().IsRegular():
		return &invalid.Error{Field: "Out", Path: out, Found: "something other than a file", Want: "a file or nothing"}
	}
	if !overwrite {
		return OutExists(out)
	}
	if err := artifact.MayCreate(out); err != nil {
		return err
	}
	return r.notItsNetwork(ctx, out)
}

// mayWritePage refuses to write a page over anything but a page of finetune. Jobs call it before they compute.
func (r *Run) mayWritePage(ctx context.Context, path string, inputs ...string) error {
	if err := artifact.NotAnAddress("Report", path); err != nil {
		return err
	}
	ours := false
	if f, err := os.Open(path); err == nil {
		begin := make([]byte, 1<<10)
		n, _ := io.ReadFull(f, begin)
		f.Close()
		ours = report.IsPage(begin[:n])
	}
	err := r.MayWrite(ctx, path, ours, inputs...)
	var e *invalid.Error
	if errors.As(err, &e) && e.Field != "" {
		e.Field = "Report"
		if e.Hint != "" {
			e.Hint = "give another {Report}: only pages that finetune wrote are replaced"
		}
	}
	return err
}

// OutExists is the error for a file that isn't replaced without being told to.
func OutExists(path string) error {
	return &invalid.Error{Field: "Out", Path: path, Found: "a file that is there already",
		Hint: "give another {Out}, or {Overwrite} to replace it"}
}

// WriteOut puts a file in place whole. Without overwrite it refuses a file that appeared since MayWrite.
func WriteOut(path string, overwrite bool, write func(io.Writer) error) error {
	var options []atomicfile.Option
	if !overwrite {
		options = append(options, atomicfile.Exclusive())
	}
	err := atomicfile.Write(path, write, options...)
	if errors.Is(err, fs.ErrExist) && !overwrite {
		return OutExists(path)
	}
	var at *fs.PathError
	if errors.As(err, &at) && filepath.Dir(at.Path) == filepath.Dir(path) {
		return artifact.CannotWrite(path, err)
	}
	return err
}

// files returns the paths that the files of a run have.
func (r *Run) files() []string {
	files := []string{r.Folder, filepath.Join(r.Folder, seal.Name)}
	for _, name := range Kind.Patterns {
		files = append(files, filepath.Join(r.Folder, name))
	}
	return files
}

// notItsNetwork refuses the run's network by its content: a run finds it under any name in the folders where it looks.
func (r *Run) notItsNetwork(ctx context.Context, out string) error {
	want := r.Head.Description().Origin.Backbone
	if want == "" || want == models.Default().SHA256 {
		return nil // there is no file to lose
	}
	digest, err := backbone.FileDigest(ctx, out)
	switch {
	case invalid.Is(err):
		return nil // not a network
	case err != nil:
		return err
	case digest == want:
		return &invalid.Error{Field: "Out", Path: out, Found: "the network of the run", Want: "another file"}
	}
	return nil
}
