package check

import (
	"context"
	"encoding/csv"
	"path/filepath"
	"strconv"

	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/pipeline/run"
)

// The files that Check writes beside SuspectsFile.
const (
	CheckFile  = "check.json" // the CheckResult
	CopiesFile = "copies.csv" // a row an image that has copies
	// ManifestFile is the data without unreadable images, with one group for all images of a picture, to train on.
	ManifestFile = "manifest.csv"
)

// checked is the folder that a check leaves.
var checked = artifact.Kind{Name: "check", Mark: CheckFile, Patterns: []string{CheckFile, CopiesFile, ManifestFile, run.SuspectsFile, artifact.UnreadableFile}}

func (c Job) write(ctx context.Context, folder *artifact.Folder, r *Result, set *dataset.Set) error {
	if err := artifact.WriteCSV(folder.Path(CopiesFile), func(w *csv.Writer) error { return writeCopies(w, r.Copies) }); err != nil {
		return err
	}
	if err := run.WriteSuspects(folder.Path(run.SuspectsFile), r.Suspects); err != nil {
		return err
	}
	if err := artifact.WriteUnreadable(folder.Path(artifact.UnreadableFile), r.Unreadable); err != nil {
		return err
	}
	if err := c.writeManifest(folder.Path(ManifestFile), set, r.Copies); err != nil {
		return err
	}
	if err := artifact.WriteJSON(folder.Path(CheckFile), r); err != nil {
		return err
	}
	return folder.Publish(ctx)
}

func writeCopies(w *csv.Writer, list []Copies) error {
	if err := w.Write([]string{"picture", "path", "label", "part", "group", "similarity", "mirrored", "same_bytes"}); err != nil {
		return err
	}
	for i, c := range list {
		for _, image := range c.Images {
			if err := w.Write([]string{
				strconv.Itoa(i + 1), image.Path, image.Label, image.Part, image.Group,
				strconv.FormatFloat(image.Similarity, 'f', 3, 64), strconv.FormatBool(image.Mirrored), strconv.FormatBool(c.SameBytes),
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeManifest writes paths that hold from the folder of the manifest.
func (c Job) writeManifest(path string, set *dataset.Set, copies []Copies) error {
	folder, err := filepath.Abs(c.Out)
	if err != nil {
		return err
	}
	together := *set
	together.Items = withCopies(set.Items, copies)
	for i := range together.Items {
		if together.Items[i].File == "" {
			continue // inside of an archive
		}
		file, err := filepath.Abs(together.Items[i].File)
		if err != nil {
			return err
		}
		if relative, err := filepath.Rel(folder, file); err == nil {
			file = relative
		}
		together.Items[i].Path = filepath.ToSlash(file)
	}
	return artifact.WriteCSV(path, func(w *csv.Writer) error {
		if err := w.Write(together.Header()); err != nil {
			return err
		}
		record := together.Records()
		for i := range together.Items {
			if err := w.Write(record(i)); err != nil {
				return err
			}
		}
		return nil
	})
}
