package artifact

import (
	"encoding/csv"
)

// UnreadableFile lists skipped images. It is there only where some were.
const UnreadableFile = "unreadable.csv"

// An Unreadable is an image that was skipped, and why.
type Unreadable struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// WriteUnreadable lists skipped images, for a spreadsheet with safe; see Cell. Without any no file is written.
func WriteUnreadable(path string, list []Unreadable, safe bool) error {
	if len(list) == 0 {
		return nil
	}
	return WriteCSV(path, func(w *csv.Writer) error {
		if err := w.Write([]string{"path", "reason"}); err != nil {
			return err
		}
		cell := Cell(safe)
		for _, u := range list {
			if err := w.Write([]string{cell(u.Path), cell(u.Reason)}); err != nil {
				return err
			}
		}
		return nil
	})
}
