package lockfile

import (
	"os"
	"path/filepath"

	"finetune/internal/store/atomicfile"
	"finetune/internal/store/flock"
)

// ReleaseAs gives the folder up by putting the file at path from in the place of the lock file, removing the folder of from, which is
// then empty, and giving the file the name to: a process that is killed at any moment leaves either the lock file or the complete
// result, never both. The three names are in the claimed folder's file system.
func (c *Claim) ReleaseAs(from, to string) error {
	lock := c.file.Name()
	next, err := os.OpenFile(from, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer next.Close()
	if err := flock.Exclusive(next); err != nil {
		// Files can't be locked here, so that the lock's name alone is the claim.
		if err := c.Release(); err != nil {
			return err
		}
		if err := os.Rename(from, to); err != nil {
			return err
		}
		return os.Remove(filepath.Dir(from))
	}
	if err := os.Rename(from, lock); err != nil {
		return err
	}
	if err := os.Remove(filepath.Dir(from)); err != nil {
		return err
	}
	if err := os.Rename(lock, to); err != nil {
		return err
	}
	if err := c.Abandon(); err != nil {
		return err
	}
	return atomicfile.SyncDir(filepath.Dir(to))
}
