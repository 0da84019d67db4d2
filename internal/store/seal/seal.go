// Package seal tells a complete folder from one that was left half written. The last file that a job writes to its
// folder is files.json, which lists the size and the SHA-256 of every file that belongs to the result. Before a
// folder is written again, the list is removed first.
//
// A list protects against accidents: killed jobs, mixed folders, flipped bits, files edited by hand. It isn't signed,
// so it doesn't protect against somebody who writes the list too. The package doesn't know what the files hold and
// must not import anything outside internal/store and invalid.
package seal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"finetune/internal/store/atomicfile"
	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// Name is the name of the list.
const Name = "files.json"

// MaxList bounds the bytes of a list that is read.
const MaxList = 16 << 20

// version is that of the list's format.
const version = 1

// A File is an entry of the list.
type File struct {
	Name   string `json:"name"` // below the folder, with slashes
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // in hexadecimal
}

type list struct {
	Format int    `json:"format"`
	Files  []File `json:"files"` // sorted by name
}

// Write lists the files of a folder, by their names below it, and puts the list in place, atomically and synced. It
// reads all of them. The same files give the same bytes.
func Write(ctx context.Context, dir string, names []string) error {
	l := list{Format: version, Files: make([]File, 0, len(names))}
	for _, name := range slices.Compact(slices.Sorted(slices.Values(names))) {
		if !valid(name) {
			return fmt.Errorf("list %s of %s: not a name below the folder", name, dir)
		}
		bytes, sum, err := digest(ctx, path(dir, name), 1<<62)
		if err != nil {
			return fmt.Errorf("list the files of %s: %w", dir, err)
		}
		l.Files = append(l.Files, File{name, bytes, sum})
	}
	return atomicfile.Write(filepath.Join(dir, Name), func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetEscapeHTML(false)
		enc.SetIndent("", "  ")
		return enc.Encode(l)
	})
}

// Invalidate removes the list, so that the folder counts as incomplete until Write. A folder without a list is left
// as it is.
func Invalidate(dir string) error {
	err := os.Remove(filepath.Join(dir, Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return atomicfile.SyncDir(dir)
}

// A Difference is a file that isn't as the list says.
type Difference struct {
	Name  string
	Found string // "missing", "12 bytes, listed with 34", "other contents"
}

// A Status is what [Verify] found.
type Status struct {
	Dir         string
	Listed      bool         // whether there is a list that can be read
	Files       []File       // of the list
	Differences []Difference // empty for a complete folder
}

// Complete reports whether every listed file is there and has the listed contents.
func (s *Status) Complete() bool { return s.Listed && len(s.Differences) == 0 }

// Err returns nil for a complete folder and otherwise an *invalid.Error that names the folder, or the first file that
// differs.
func (s *Status) Err() error {
	switch {
	case !s.Listed:
		return &invalid.Error{Path: s.Dir, Found: "an incomplete folder", Want: "a folder with " + Name,
			Hint: "the job that writes it was interrupted or is still running; run it again"}
	case len(s.Differences) > 0:
		d := s.Differences[0]
		found := d.Found
		if more := len(s.Differences) - 1; more > 0 {
			found += fmt.Sprintf(", and %d more", more)
		}
		return &invalid.Error{Path: path(s.Dir, d.Name), Found: found, Want: "the file that " + Name + " lists",
			Hint: "restore the file, or run the job that wrote the folder again"}
	}
	return nil
}

// Contains reports whether the list has a file of that name.
func (s *Status) Contains(name string) bool {
	return slices.ContainsFunc(s.Files, func(f File) bool { return f.Name == name })
}

// Verify compares a folder with its list. With names it reads those files only, and each of them must be listed. A
// list that is damaged counts as none. An error is a failure of the machine or the end of ctx.
func Verify(ctx context.Context, dir string, names ...string) (*Status, error) {
	s := &Status{Dir: dir}
	text, err := userfile.Read(ctx, filepath.Join(dir, Name), MaxList)
	if invalid.Is(err) {
		return s, nil
	}
	if err != nil {
		return nil, err
	}
	var ok bool
	if s.Files, ok = Parse(text); !ok {
		return s, nil
	}
	s.Listed = true
	for _, name := range names {
		if !s.Contains(name) {
			s.Differences = append(s.Differences, Difference{name, "not listed"})
		}
	}
	for _, f := range s.Files {
		if len(names) > 0 && !slices.Contains(names, f.Name) {
			continue
		}
		found, err := compare(ctx, dir, f)
		if err != nil {
			return nil, err
		}
		if found != "" {
			s.Differences = append(s.Differences, Difference{f.Name, found})
		}
	}
	return s, nil
}

// Parse reads the text of a list, and reports whether it is one.
func Parse(text []byte) ([]File, bool) {
	var l list
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if dec.Decode(&l) != nil || dec.Decode(&struct{}{}) != io.EOF || l.Format != version {
		return nil, false
	}
	for i, f := range l.Files {
		if !valid(f.Name) || f.Bytes < 0 || i > 0 && l.Files[i-1].Name >= f.Name {
			return nil, false
		}
	}
	return l.Files, true
}

// compare says how a file differs from its entry, or "".
func compare(ctx context.Context, dir string, f File) (found string, err error) {
	info, err := os.Stat(path(dir, f.Name))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "missing", nil
	case err != nil:
		var bad *invalid.Error
		if err = userfile.Classify(path(dir, f.Name), err); errors.As(err, &bad) {
			return bad.Found, nil
		}
		return "", err
	case !info.Mode().IsRegular():
		return "not a regular file", nil
	case info.Size() != f.Bytes:
		return fmt.Sprintf("%d bytes, listed with %d", info.Size(), f.Bytes), nil
	}
	_, sum, err := digest(ctx, path(dir, f.Name), f.Bytes)
	if err != nil || sum == f.SHA256 {
		return "", err
	}
	return "other contents", nil
}

// digest returns the length of a file of at most most bytes and its SHA-256 in hexadecimal.
func digest(ctx context.Context, path string, most int64) (int64, string, error) {
	f, err := userfile.Open(ctx, path, most)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	h := sha256.New()
	buf := make([]byte, 1<<18)
	var total int64
	for {
		if err := context.Cause(ctx); err != nil {
			return 0, "", err
		}
		n, err := f.Read(buf)
		h.Write(buf[:n])
		total += int64(n)
		if errors.Is(err, io.EOF) {
			return total, hex.EncodeToString(h.Sum(nil)), nil
		}
		if err != nil {
			return 0, "", err
		}
	}
}

// valid reports whether a name is that of a file below the folder, in its shortest form, and not that of the list
// itself.
func valid(name string) bool {
	return fs.ValidPath(name) && name != "." && name != Name && !strings.ContainsRune(name, 0) &&
		filepath.IsLocal(filepath.FromSlash(name))
}

func path(dir, name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
