package run

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"finetune/backbone"
	"finetune/internal/remote"
	"finetune/invalid"
	"finetune/models"
	"finetune/pipeline/features"
)

// mostSearched bounds how many networks of other names are read in a folder to compare their digests.
const mostSearched = 32

// A search looks for the file of a run's network: a run folder may have been copied, renamed or moved to another machine
// with or without its network.
type search struct {
	digest string
	looked []string // what was found at each place, for the error
	seen   map[string]bool
}

// findNetwork returns the file of the network with a digest, "" for the embedded one. The places are, in this order: the
// run folder, the folder that it is in, and what config.json says, relative to the run folder and as it was given.
// In both folders networks of other names count, too.
func (r *Run) findNetwork(ctx context.Context, digest string) (string, error) {
	if digest == models.Default().SHA256 {
		return "", nil
	}
	s := &search{digest: digest, seen: map[string]bool{}}
	name := ""
	parent := filepath.Join(r.Folder, "..")
	for _, place := range r.places(parent, &name) {
		if ok, err := s.is(ctx, place); ok || err != nil {
			return place, err
		}
	}
	for _, folder := range []string{r.Folder, parent} {
		if path, err := s.among(ctx, folder); path != "" || err != nil {
			return path, err
		}
	}
	if name == "" {
		name = "an ONNX file"
	}
	return "", &invalid.Error{
		Field: "Images.Backbone", Path: r.Folder, Want: name + " with SHA-256 " + features.ShortDigest(digest),
		Found: "the run's network is in none of these places: " + strings.Join(s.looked, ", "),
		Hint:  "copy it into the run folder, or give {Images.Backbone} FILE",
	}
}

// places returns the files that config.json suggests, and sets the network's name.
func (r *Run) places(parent string, name *string) []string {
	list := []string{filepath.Join(r.Folder, NetworkFile)}
	b := r.Config.Backbone
	if b == nil {
		return list
	}
	if b.Name != "" && filepath.IsLocal(b.Name) {
		*name = filepath.Base(b.Name)
		list = append(list, filepath.Join(r.Folder, *name), filepath.Join(parent, *name))
	}
	if b.FileFromRun != "" {
		list = append(list, filepath.Join(r.Folder, filepath.FromSlash(b.FileFromRun)))
	}
	if b.File != "" {
		list = append(list, b.File)
	}
	return list
}

// is reports whether a file is the network. A place that was looked at before isn't looked at again.
func (s *search) is(ctx context.Context, path string) (bool, error) {
	key := path
	if abs, err := filepath.Abs(path); err == nil {
		key = abs
	}
	if s.seen[key] {
		return false, nil
	}
	s.seen[key] = true
	if _, err := os.Stat(path); err != nil {
		s.looked = append(s.looked, path)
		return false, nil
	}
	found, err := backbone.FileDigest(ctx, path)
	switch {
	case invalid.Is(err):
		s.looked = append(s.looked, path+" (not a readable network)")
		return false, nil
	case err != nil:
		return false, err
	case found != s.digest:
		s.looked = append(s.looked, fmt.Sprintf("%s (another network, SHA-256 %s)", path, features.ShortDigest(found)))
		return false, nil
	}
	return true, nil
}

// among looks through the networks in a folder, "" where it isn't among them.
func (s *search) among(ctx context.Context, folder string) (string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return "", nil // a folder that can't be listed has no network to offer
	}
	s.looked = append(s.looked, filepath.Join(folder, "*.onnx"))
	other := slices.DeleteFunc(entries, func(e os.DirEntry) bool {
		return e.IsDir() || !strings.EqualFold(filepath.Ext(e.Name()), ".onnx") || e.Name() == HeadONNXFile
	})
	for _, e := range other[:min(len(other), mostSearched)] {
		path := filepath.Join(folder, e.Name())
		if ok, err := s.is(ctx, path); ok || err != nil {
			return path, err
		}
	}
	return "", nil
}

// FromRun returns n with the path of its file relative to a run folder, so that the two can be moved together; nil for
// nil.
func FromRun(n *features.NetworkInfo, folder string) *features.NetworkInfo {
	if n == nil || n.File == "" {
		return n
	}
	moved := *n
	moved.FileFromRun = ""
	if remote.Is(folder) {
		return &moved
	}
	from, errFrom := filepath.Abs(folder)
	to, errTo := filepath.Abs(n.File)
	if _, err := os.Stat(to); errors.Is(err, fs.ErrNotExist) || errFrom != nil || errTo != nil {
		return &moved
	}
	if rel, err := filepath.Rel(from, to); err == nil {
		moved.FileFromRun = filepath.ToSlash(rel)
	}
	return &moved
}
