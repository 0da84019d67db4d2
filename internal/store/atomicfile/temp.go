package atomicfile

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"

	"finetune/internal/store/flock"
)

// tempName matches the names of temporary files, which no other program gives.
var tempName = regexp.MustCompile(`^\.finetune-[A-Z2-7]{26}\.tmp$`)

// createTemp makes a temporary file in dir and locks it. Where files can't be locked, [Sweep] removes nothing.
func createTemp(dir string) (*os.File, error) {
	return flock.Create(func() string { return filepath.Join(dir, ".finetune-"+rand.Text()+".tmp") }, flock.Exclusive)
}

// Sweep removes the temporary files that killed processes left in a folder. Those of live processes are locked and
// stay. A file that can't be removed is no error.
func Sweep(dir string) error {
	d, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil // a folder may be writable without being readable
	}
	if err != nil {
		return err
	}
	defer d.Close()
	names, err := d.Readdirnames(-1)
	if err != nil {
		return fmt.Errorf("look for temporary files: %w", err)
	}
	for _, name := range names {
		if tempName.MatchString(name) {
			removeUnlocked(filepath.Join(dir, name))
		}
	}
	return nil
}

func removeUnlocked(path string) {
	if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
		return
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return
	}
	defer f.Close()
	if flock.Exclusive(f) == nil {
		os.Remove(path)
	}
}
