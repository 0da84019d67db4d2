package check

import (
	"context"
	"encoding/csv"
	"strconv"

	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/pipeline/run"
)

// The files of a check, beside run.SuspectsFile and artifact.UnreadableFile.
const (
	ResultFile = "check.json" // the Result
	CopiesFile = "copies.csv" // one row for each image that has copies
	// ManifestFile is the data to train on: without unreadable images, and with copies in one group.
	ManifestFile = "manifest.csv"
)

// outputFolder is the kind of folder that a Job writes.
var outputFolder = artifact.Kind{Name: "check", Mark: ResultFile,
	Patterns: []string{ResultFile, PageFile, CopiesFile, ManifestFile, run.SuspectsFile, artifact.UnreadableFile}}

func (c Job) write(ctx context.Context, folder *artifact.Folder, r *Result, set *dataset.Set) error {
	if err := artifact.WriteCSV(folder.Path(CopiesFile), func(w *csv.Writer) error {
		return writeCopies(w, r.Copies, artifact.Cell(c.SpreadsheetSafe))
	}); err != nil {
		return err
	}
	if err := run.WriteSuspects(folder.Path(run.SuspectsFile), r.Suspects, c.SpreadsheetSafe); err != nil {
		return err
	}
	if err := artifact.WriteUnreadable(folder.Path(artifact.UnreadableFile), r.Unreadable, c.SpreadsheetSafe); err != nil {
		return err
	}
	if err := c.writeManifest(folder.Path(ManifestFile), set, r.Copies); err != nil {
		return err
	}
	if err := c.writePage(ctx, folder.Path(PageFile), r, set); err != nil {
		return err
	}
	if err := artifact.WriteJSON(folder.Path(ResultFile), r); err != nil {
		return err
	}
	return folder.Publish(ctx)
}

func writeCopies(w *csv.Writer, list []Copies, cell func(string) string) error {
	if err := w.Write([]string{"picture", "path", "label", "part", "group", "similarity", "mirrored",
		"same_bytes"}); err != nil {
		return err
	}
	for i, c := range list {
		for _, image := range c.Images {
			if err := w.Write([]string{
				strconv.Itoa(i + 1), cell(image.Path), cell(image.Label), image.Part, cell(image.Group),
				strconv.FormatFloat(image.Similarity, 'f', 3, 64), strconv.FormatBool(image.Mirrored),
				strconv.FormatBool(c.SameBytes),
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeManifest writes the manifest. Its paths are relative to its folder.
func (c Job) writeManifest(path string, set *dataset.Set, copies []Copies) error {
	together := *set
	together.Items = withCopies(set.Items, copies)
	moved, err := together.RelativeTo(c.Out)
	if err != nil {
		return err
	}
	return artifact.WriteCSV(path, moved.WriteRows)
}
