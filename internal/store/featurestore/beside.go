package featurestore

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Folders beside the features whose files count towards the limit.
const (
	Networks = "networks" // of another precision
	Runs     = "runs"     // that were fetched
	Uploads  = "uploads"  // results on their way to an object store
)

// UserFolder returns the folder of a kind in the user's cache folder, or, where there is none, as in jobs of a cluster that have no home,
// in that for temporary files. It may not exist.
func UserFolder(kind string) string {
	user, err := os.UserCacheDir()
	if err != nil {
		user = os.TempDir()
	}
	return filepath.Join(user, "finetune", kind)
}

// besideAge is how long what lies beside the features must not have been used before [Prune] removes it: a job reads its network until
// its end.
const besideAge = 24 * time.Hour

// A Beside is a file or folder of the cache that isn't features.
type Beside struct {
	Kind  string    `json:"kind"` // Networks, Runs or Uploads
	Path  string    `json:"path"`
	Bytes int64     `json:"bytes"`
	Used  time.Time `json:"used"` // last written or taken
}

// ListBeside returns what lies beside the features below root, by kind and name.
func ListBeside(root string) ([]Beside, error) {
	var list []Beside
	for _, kind := range []string{Networks, Runs, Uploads} {
		dir := filepath.Join(filepath.Dir(root), kind)
		entries, err := os.ReadDir(dir)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue
		}
		if err != nil {
			return list, err
		}
		for _, e := range entries {
			b := Beside{Kind: kind, Path: filepath.Join(dir, e.Name())}
			err := filepath.WalkDir(b.Path, func(_ string, e fs.DirEntry, err error) error {
				if err != nil {
					return passing(err)
				}
				info, err := e.Info()
				if err != nil {
					return passing(err)
				}
				if info.Mode().IsRegular() {
					b.Bytes += info.Size()
				}
				if info.ModTime().After(b.Used) {
					b.Used = info.ModTime()
				}
				return nil
			})
			if err != nil {
				return list, err
			}
			list = append(list, b)
		}
	}
	return list, nil
}

// passing returns no error for a file that was removed meanwhile or is another user's.
func passing(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil
	}
	return err
}

// remove removes it unless a job may be using it, or it is another user's.
func (b *Beside) remove() (bool, error) {
	if time.Since(b.Used) < besideAge {
		return false, nil
	}
	err := os.RemoveAll(b.Path)
	if errors.Is(err, fs.ErrPermission) {
		return false, nil
	}
	return err == nil, err
}
