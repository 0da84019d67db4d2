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
	"syscall"

	"github.com/bmatcuk/doublestar/v4"

	"finetune/internal/remote"
	"finetune/invalid"
)

// An input is a file, a folder, or the files in a folder that match a pattern.
type input struct {
	path    string
	folder  bool
	pattern string // relative to path, slash-separated
	depth   int    // of the files that can match; 0 is any
}

// A found is a file of an input, or the error of a folder that can't be read.
type found struct {
	path string // to open
	name string // slash-separated, as shown
	kind kind
	err  error

	listed  bool // size and version are known from the list that the file was found in
	size    int64
	version string
}

// shown is the path as it may be shown.
func (f *found) shown() string { return remote.Redacted(f.path) }

// leftOut counts files that are passed over.
type leftOut struct {
	count   int
	example string
}

func (l *leftOut) add(name string) {
	if l.count++; l.count == 1 {
		l.example = name
	}
}

// resolve finds what a path names.
func resolve(ctx context.Context, name string) ([]input, error) {
	if name == "" {
		return nil, &invalid.Error{Field: "Path", Found: "nothing", Want: "a file, a folder, a pattern or -"}
	}
	if remote.Is(name) && strings.ContainsAny(name, "*?[{") && (remote.IsS3(name) || !strings.Contains(name, "?")) {
		return expand(ctx, name) // a request for a key with these characters would be made in vain
	}
	in, err := literal(ctx, name)
	if remote.Is(name) || err == nil || !strings.ContainsAny(name, "*?[{") {
		return []input{in}, err
	}
	return expand(ctx, name)
}

// expand returns what a pattern names.
func expand(ctx context.Context, name string) ([]input, error) {
	names, err := expandBraces(name)
	if err != nil {
		return nil, err
	}
	inputs := make([]input, 0, len(names))
	for _, n := range names {
		var in input
		if strings.ContainsAny(n, "*?[") {
			in, err = pattern(n)
		} else {
			in, err = literal(ctx, n)
		}
		if err != nil {
			return nil, err
		}
		inputs = append(inputs, in)
	}
	return inputs, nil
}

// literal returns the file or folder of that name.
func literal(ctx context.Context, name string) (input, error) {
	if remote.Is(name) {
		if kindOf(name) == unknown && remote.IsS3(name) {
			return input{path: name, folder: true}, nil
		}
	} else if info, err := os.Stat(name); err == nil && info.IsDir() {
		return input{path: name, folder: true}, nil
	}
	f, err := remote.Open(ctx, name, anySize)
	if err != nil {
		return input{}, err
	}
	f.Close()
	if kindOf(name) == unknown {
		return input{}, &invalid.Error{Path: remote.Redacted(name), Found: "a file of unknown kind",
			Want: "an image, .txt, .csv, .tsv, .jsonl, .parquet, .tar, .tar.gz or .zip",
			Hint: "rename it by what it holds"}
	}
	return input{path: name}, nil
}

func pattern(name string) (input, error) {
	slashed := filepath.ToSlash(name)
	if !doublestar.ValidatePattern(slashed) {
		return input{}, &invalid.Error{Path: name, Found: "a malformed pattern", Want: "*, ?, [abc] and **"}
	}
	base, rest := doublestar.SplitPattern(slashed)
	in := input{path: filepath.FromSlash(base), pattern: rest}
	if !strings.Contains(rest, "**") {
		in.depth = strings.Count(rest, "/") + 1
	}
	return in, nil
}

// eachFile calls do with the files of all inputs in order.
func (s *Source) eachFile(ctx context.Context, do func(found) error) error {
	s.left = leftOut{}
	for _, in := range s.inputs {
		if !in.folder && in.pattern == "" {
			f := found{path: in.path, name: filepath.ToSlash(remote.Redacted(in.path)), kind: kindOf(in.path)}
			if s.alone() && f.kind == image {
				f.name = path.Base(f.name)
			}
			if err := do(f); err != nil {
				return err
			}
			continue
		}
		before := s.left
		matched := false
		visit := func(f found) error {
			use, err := s.choose(in, &f)
			if err != nil || !use {
				return err
			}
			matched = true
			return do(f)
		}
		switch err := in.walk(ctx, visit); {
		case in.pattern != "" && !matched && errors.Is(err, fs.ErrNotExist), in.pattern != "" && errors.Is(err, syscall.ENOTDIR): // not even the folder before the first wildcard
			return &invalid.Error{Path: in.join(in.pattern), Found: "no file that matches", Hint: in.path + " is no folder"}
		case err != nil:
			return err
		}
		if in.pattern != "" && !matched && s.left == before {
			return &invalid.Error{Path: in.join(in.pattern), Found: "no file that matches"}
		}
	}
	return nil
}

// walk visits the files of a folder or pattern.
func (in *input) walk(ctx context.Context, visit func(found) error) error {
	if !remote.Is(in.path) {
		w := walker{ctx: ctx, depth: in.depth, visit: visit}
		return w.walk(in.path, "", nil)
	}
	for e, err := range remote.List(ctx, in.path) {
		if err != nil {
			return err
		}
		if slices.ContainsFunc(strings.Split(e.Name, "/"), IsLitter) {
			continue
		}
		if err := visit(found{path: e.Address, name: e.Name, listed: true, size: e.Size, version: e.Version}); err != nil {
			return err
		}
	}
	return nil
}

// join returns the name of a file below the input.
func (in *input) join(name string) string {
	if remote.Is(in.path) {
		return strings.TrimSuffix(in.path, "/") + "/" + name
	}
	return path.Join(filepath.ToSlash(in.path), name)
}

// choose decides whether a file in the folder of an input is used, and completes it.
func (s *Source) choose(in input, f *found) (bool, error) {
	if f.err != nil {
		return true, nil
	}
	f.kind = kindOf(f.name)
	if in.folder {
		if f.kind != image {
			s.left.add(f.name)
		}
		return f.kind == image, nil
	}
	match, err := doublestar.Match(in.pattern, f.name)
	if err != nil || !match {
		return false, err
	}
	if f.name = in.join(f.name); f.kind == unknown {
		s.left.add(f.name)
		return false, nil
	}
	return true, nil
}

// enoughFiles reports whether the inputs have as many tables and archives as there are shards.
func (s *Source) enoughFiles(ctx context.Context) (bool, error) {
	if s.o.Shard.Count <= 1 {
		return false, nil
	}
	n := 0
	err := s.eachFile(ctx, func(f found) error {
		if f.err != nil || f.kind == image {
			return errStop
		}
		n++
		return nil
	})
	if errors.Is(err, errStop) {
		return false, nil
	}
	return n >= s.o.Shard.Count, err
}

func extension(name string) string {
	ext := path.Ext(name)
	if ext == ".gz" {
		ext = path.Ext(strings.TrimSuffix(name, ext)) + ext
	}
	return ext
}
