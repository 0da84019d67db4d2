package source

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"finetune/invalid"
)

// A walker visits the files below a folder, sorted by their slash-separated paths. It holds the names of one folder
// at each level. Links are followed, but not into a folder that they are in.
type walker struct {
	ctx   context.Context
	depth int // levels to visit; 0 is all
	visit func(found) error
}

// An entry of a folder. Its key sorts folders by the paths of what is in them.
type entry struct {
	name, key string
	folder    fs.FileInfo // nil for a file
}

// walk visits what is in dir, whose path from the root is rel. above are the folders that dir is in.
func (w *walker) walk(dir, rel string, above []fs.FileInfo) error {
	if err := context.Cause(w.ctx); err != nil {
		return err
	}
	info, err := os.Stat(dir)
	var entries []entry
	if err == nil {
		above = append(slices.Clip(above), info)
		entries, err = w.read(dir, above)
	}
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, fs.ErrNotExist) {
		err = &invalid.Error{Path: dir, Found: "a folder that cannot be read", Err: err}
		if rel == "" {
			return err
		}
		return w.visit(found{path: dir, name: rel, err: err})
	}
	if err != nil {
		return err
	}
	for _, e := range entries {
		below, name := filepath.Join(dir, e.name), path.Join(rel, e.name)
		if e.folder == nil {
			err = w.visit(found{path: below, name: name})
		} else if w.depth == 0 || len(above) < w.depth {
			err = w.walk(below, name, above)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) read(dir string, above []fs.FileInfo) ([]entry, error) {
	listed, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	entries := make([]entry, 0, len(listed))
	for _, l := range listed {
		if IsLitter(l.Name()) {
			continue
		}
		e := entry{name: l.Name(), key: l.Name()}
		if l.IsDir() || l.Type()&fs.ModeSymlink != 0 {
			// A link that leads nowhere stays a file, so that it gets its error when it is opened.
			info, err := os.Stat(filepath.Join(dir, l.Name()))
			switch {
			case err == nil && info.IsDir():
				if slices.ContainsFunc(above, func(a fs.FileInfo) bool { return os.SameFile(a, info) }) {
					continue
				}
				e.folder, e.key = info, l.Name()+"/"
			case l.IsDir() && errors.Is(err, fs.ErrNotExist):
				continue // removed since it was listed
			case l.IsDir() && err != nil:
				return nil, err // its images would be missing from a result that looks complete
			}
		}
		entries = append(entries, e)
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	return entries, nil
}
