// Package lockfile claims folders: while one job writes to a folder, no other may.
//
// A claim is an exclusive lock on the file .finetune.lock in the folder, which says who holds it. The system releases
// the lock when the process ends, however it ends, and the next claim takes the file over. Where files can't be
// locked (Windows, some network file systems) the file itself is the claim: it is created exclusively and removed by
// Release, and after a crash somebody has to remove it by hand, as the error says.
//
// The package doesn't know what is in the folder and must not import anything outside internal/store and invalid.
package lockfile

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"finetune/internal/store/flock"
	"finetune/invalid"
)

// Name is the name of the lock file.
const Name = ".finetune.lock"

// maxRecord bounds what is read of a lock file, which another user may have written.
const maxRecord = 4096

// A Holder describes the process that holds a claim. All fields are empty where it couldn't be read.
type Holder struct {
	PID     int       `json:"pid"`
	Host    string    `json:"host"`
	Started time.Time `json:"started"` // of the claim
	Command string    `json:"command"` // program and arguments
}

// String describes the holder for a message, without control characters.
func (h Holder) String() string {
	if h.PID == 0 {
		return "another process"
	}
	text := fmt.Sprintf("process %d on %q since %s", h.PID, h.Host, h.Started.Local().Format("2006-01-02 15:04:05"))
	if h.Command != "" {
		text += fmt.Sprintf(", %q", h.Command)
	}
	return text
}

// A HeldError reports that another claim holds the folder. [Claim] returns it as the cause of an *invalid.Error.
type HeldError struct {
	Dir    string
	Holder Holder
}

func (e *HeldError) Error() string { return e.Holder.String() }

// A Claim is a folder that is held until Release, or until the process ends.
type Claim struct{ file *os.File }

// held keeps the files of claims open whose holder has dropped them: the garbage collector would close them.
var held sync.Map

// Acquire claims a folder, which is made where it is missing. It doesn't wait: where another job has the folder, in
// this process or another, it returns an *invalid.Error whose cause is a *HeldError.
func Acquire(dir string) (*Claim, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	path := filepath.Join(dir, Name)
	for {
		f, created, err := open(path)
		if err != nil {
			return nil, err
		}
		err = flock.Exclusive(f)
		switch {
		case err == nil && !flock.InPlace(f):
			f.Close() // the last holder released its claim, and removed the file, after it was opened here
			continue
		case err == nil, errors.Is(err, flock.ErrUnsupported) && created:
			c := &Claim{f}
			held.Store(f, true)
			if err := c.record(); err != nil {
				c.Release()
				return nil, fmt.Errorf("claim %s: %w", dir, err)
			}
			return c, nil
		case errors.Is(err, flock.ErrHeld), errors.Is(err, flock.ErrUnsupported):
			inUse := &HeldError{dir, holder(f)}
			f.Close()
			return nil, inUse.invalid(errors.Is(err, flock.ErrUnsupported))
		}
		f.Close()
		return nil, fmt.Errorf("claim %s: %w", dir, err)
	}
}

// open opens the lock file and tells whether this call has made it.
func open(path string) (f *os.File, created bool, err error) {
	for {
		f, err = os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o666)
		if err == nil || !errors.Is(err, fs.ErrExist) {
			return f, true, err
		}
		info, err := os.Lstat(path)
		if err == nil && !info.Mode().IsRegular() {
			return nil, false, &invalid.Error{Path: path, Found: "not a regular file",
				Want: "the lock file of finetune", Hint: "remove it, or give another {Out}"}
		}
		f, err = os.OpenFile(path, os.O_RDWR, 0)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return f, false, err
		}
		// It was removed in between.
	}
}

func (e *HeldError) invalid(byName bool) error {
	hint := "wait until it has ended, or give another {Out}"
	if byName {
		hint = "files can't be locked here: if that process has ended, remove " + filepath.Join(e.Dir, Name)
	}
	return &invalid.Error{Path: e.Dir, Found: "a folder in use", Err: e,
		Want: "a folder that no other job writes to", Hint: hint}
}

// record writes who holds the claim.
func (c *Claim) record() error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	command := strings.Join(os.Args, " ")
	const most = 1000
	if len(command) > most {
		command = command[:most] + "…"
	}
	text, err := json.Marshal(Holder{os.Getpid(), host, time.Now().UTC().Truncate(time.Second), command})
	if err != nil {
		return err
	}
	if err := c.file.Truncate(0); err != nil {
		return err
	}
	_, err = c.file.WriteAt(append(text, '\n'), 0)
	return err
}

// holder reads who holds a claim; it is empty when the record isn't there or isn't whole.
func holder(f *os.File) (h Holder) {
	text, err := io.ReadAll(io.NewSectionReader(f, 0, maxRecord))
	if err != nil || json.Unmarshal(text, &h) != nil {
		return Holder{}
	}
	return h
}

// Abandon gives the folder up and leaves the lock file, as a process that is killed does.
func (c *Claim) Abandon() error {
	if c.file == nil {
		return nil
	}
	f := c.file
	c.file = nil
	held.Delete(f)
	return f.Close()
}

// Release gives the folder up and removes the lock file. A second call does nothing.
func (c *Claim) Release() error {
	if c.file == nil {
		return nil
	}
	f := c.file
	c.file = nil
	held.Delete(f)
	err := os.Remove(f.Name()) // while it is locked, so that it is this claim's own
	if closeErr := f.Close(); closeErr != nil {
		return closeErr
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		err = os.Remove(f.Name()) // Windows removes closed files only
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
