package artifact

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// MayCreate refuses a file that can't be created or replaced, since its folder, or the nearest one above that is there, can't be
// written to. Jobs call it before they compute.
func MayCreate(path string) error {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		switch {
		case errors.Is(err, fs.ErrNotExist) && dir != filepath.Dir(dir):
			continue
		case err != nil:
			return CannotWrite(path, err)
		case !info.IsDir():
			return CannotWrite(path, &fs.PathError{Op: "mkdir", Path: dir, Err: syscall.ENOTDIR})
		}
		if err := writable(dir); err != nil {
			return CannotWrite(path, &fs.PathError{Op: "write to", Path: dir, Err: err})
		}
		return nil
	}
}
