package artifact

import (
	"encoding/csv"
	"errors"
	"io/fs"
	"os"
)

// UnreadableFile lists skipped images. It is there only where some were.
const UnreadableFile = "unreadable.csv"

// An Unreadable is an image that was skipped, and why.
type Unreadable struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// writeUnreadable lists skipped images.
func writeUnreadable(path string, list []Unreadable) error {
	return WriteCSV(path, func(w *csv.Writer) error {
		if err := w.Write([]string{"path", "reason"}); err != nil {
			return err
		}
		for _, u := range list {
			if err := w.Write([]string{u.Path, u.Reason}); err != nil {
				return err
			}
		}
		return nil
	})
}

// replaceUnreadable writes the list of skipped images, or removes that of an earlier run where there are none.
func ReplaceUnreadable(path string, list []Unreadable) error {
	if len(list) > 0 {
		return writeUnreadable(path, list)
	}
	return RemoveIfThere(path)
}

func RemoveIfThere(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
