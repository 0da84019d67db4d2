// Package atomicfile writes files that are whole or absent: under a temporary name in the same folder, synced, then
// renamed to the target. New files have the permissions that the process's umask leaves.
//
// A temporary file is locked while it is written. One that a killed process left behind isn't, and is removed when
// the folder is written to again. The package doesn't know what the files hold.
package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
)

// An Option changes how a file is put in place.
type Option func(*File)

// Exclusive makes Commit fail with an error that wraps [fs.ErrExist] where there is a file at the path already.
// Nothing is overwritten, even if the file appears while this one is being written.
func Exclusive() Option { return func(f *File) { f.exclusive = true } }

// Write makes the folder of path where it is missing, calls write with a buffered writer and puts the result in place
// as path. On any error path is as it was, and no temporary file is left.
func Write(path string, write func(io.Writer) error, options ...Option) error {
	f, err := Create(path, options...)
	if err != nil {
		return err
	}
	defer f.Abort()
	if err := write(f); err != nil {
		return err
	}
	return f.Commit()
}

// A File is a file that is being written and isn't in place yet. Every File must end with Commit or Abort.
type File struct {
	*bufio.Writer
	tmp       *os.File
	path      string
	exclusive bool
	done      bool
}

// swept holds the folders that this process has cleaned.
var swept sync.Map

// Create starts a file that will stand at path. The first time that the process writes to a folder, the temporary
// files of dead processes are removed from it.
func Create(path string, options ...Option) (*File, error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	if _, done := swept.LoadOrStore(dir, true); !done {
		if err := Sweep(dir); err != nil {
			return nil, err
		}
	}
	tmp, err := createTemp(dir)
	if err != nil {
		return nil, err
	}
	f := &File{Writer: bufio.NewWriterSize(tmp, 1<<16), tmp: tmp, path: path}
	for _, option := range options {
		option(f)
	}
	return f, nil
}

// WriteAt writes over bytes that were written before, such as a header that counts what follows it.
func (f *File) WriteAt(p []byte, off int64) (int, error) {
	if err := f.Flush(); err != nil {
		return 0, err
	}
	return f.tmp.WriteAt(p, off)
}

// Commit flushes, syncs and puts the file in place. After it, Abort does nothing.
func (f *File) Commit() error {
	if f.done {
		return fmt.Errorf("write %s: %w", f.path, fs.ErrClosed)
	}
	f.done = true
	err := f.Flush()
	if err == nil {
		err = f.tmp.Sync()
	}
	if err == nil && runtime.GOOS != "windows" {
		// The file stays open, and locked, until it has its name. Windows renames closed files only.
		err = f.publish(f.tmp.Name())
	}
	if closeErr := f.tmp.Close(); err == nil {
		err = closeErr
	}
	if err == nil && runtime.GOOS == "windows" {
		err = f.publish(f.tmp.Name())
	}
	if err != nil {
		os.Remove(f.tmp.Name())
		return fmt.Errorf("write %s: %w", f.path, err)
	}
	return SyncDir(filepath.Dir(f.path))
}

// Move puts a complete file of the same file system in place as path, with the options of Create.
func Move(from, path string, options ...Option) error {
	f := &File{path: path}
	for _, option := range options {
		option(f)
	}
	if err := f.publish(from); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return SyncDir(filepath.Dir(path))
}

// publish gives the file called tmp its name.
func (f *File) publish(tmp string) error {
	if !f.exclusive {
		return os.Rename(tmp, f.path)
	}
	err := os.Link(tmp, f.path)
	switch {
	case err == nil:
		return os.Remove(tmp)
	case errors.Is(err, fs.ErrExist):
		return fs.ErrExist
	}
	// There are file systems without links. Here an empty file holds the place.
	place, err := os.OpenFile(f.path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
	if err != nil {
		return err
	}
	if err := place.Close(); err != nil {
		return err
	}
	return os.Rename(tmp, f.path)
}

// Abort drops what was written, unless it was committed.
func (f *File) Abort() {
	if f.done {
		return
	}
	f.done = true
	os.Remove(f.tmp.Name()) // before the lock goes; Windows refuses while the file is open
	f.tmp.Close()
	os.Remove(f.tmp.Name())
}

// SyncDir makes new and removed names in a folder durable where the system lets a folder be synced.
func SyncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // EINVAL: the file system can't
		return err
	}
	return nil
}
