package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"finetune/internal/remote"
	"finetune/invalid"
)

// Fingerprint returns a digest of the names, sizes and times of change of the input's files, as far as they belong to
// the shard, without reading them. It tells whether an interrupted job may go on: images that a table only names aren't
// looked at. It is "" for standard input.
func (s *Source) Fingerprint(ctx context.Context) (string, error) {
	if s.o.Path == Stdin {
		return "", nil
	}
	sum := sha256.New()
	place := int64(-1)
	err := s.eachFile(ctx, func(f found) error {
		if f.err != nil {
			return nil // its item says so
		}
		if f.kind != image {
			if place++; s.byFile && !s.o.Shard.Holds(place) {
				return nil
			}
		}
		if remote.Is(f.path) {
			size, version, err := f.stat(ctx)
			if err != nil && !invalid.Is(err) {
				return err
			}
			_, err = fmt.Fprintf(sum, "%q %d %s\n", f.name, size, version)
			return err
		}
		size, changed := int64(-1), int64(0)
		info, err := os.Stat(f.path)
		switch {
		case err == nil:
			size, changed = info.Size(), info.ModTime().UnixNano()
		case !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission):
			return err // a passing failure of the machine; without it the fingerprint would be another
		}
		_, err = fmt.Fprintf(sum, "%q %d %d\n", f.name, size, changed)
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

// stat returns the size and version of a file at an address.
func (f *found) stat(ctx context.Context) (size int64, version string, err error) {
	if f.listed {
		return f.size, f.version, nil
	}
	file, err := remote.Open(ctx, f.path, anySize)
	if err != nil {
		return -1, "", err
	}
	defer file.Close()
	s, err := stampOf(file)
	return s.size, s.version, err
}

// Reads reports whether a file is one of the input's own, which a job must not write. Images that a table names aren't
// looked at.
func (s *Source) Reads(ctx context.Context, path string) (bool, error) {
	target, err := os.Stat(path)
	if err != nil && !remote.Is(path) || s.o.Path == Stdin {
		return false, nil // nothing is there
	}
	is := false
	err = s.eachFile(ctx, func(f found) error {
		if f.err == nil && f.kind != image || s.alone() {
			if remote.Is(path) || remote.Is(f.path) {
				is = is || f.path == path
			} else if info, err := os.Stat(f.path); err == nil && os.SameFile(info, target) {
				is = true
			}
		}
		return nil
	})
	return is, err
}
