package library

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"finetune/internal/store/atomicfile"
	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// Options are where [Install] takes the library from. The zero value means whichever of pip and npm is there.
type Options struct {
	From string // a local file: wheel, npm tarball, release archive or the library itself; nothing is downloaded
	With string // the client to use: "pip", "npm" or "" for either
}

// Installed is a library in the user's cache whose bytes were verified.
type Installed struct {
	Path    string `json:"path"`
	Version string `json:"version"`
	SHA256  string `json:"sha256"`
	Source  string `json:"source"`  // where it came from, in words
	Already bool   `json:"already"` // it was there and intact before
}

// Install puts the pinned ONNX Runtime into the user's cache, where [Find] finds it. A library that is there and
// intact is left alone and nothing is downloaded. The bytes are compared with the pinned SHA-256 before anything is
// written in place; several installations may run at once. When ctx ends, the client that is running is stopped and
// nothing is left behind.
//
// What the user can correct (no client, a file that isn't a pinned build) is an *invalid.Error; a client that fails
// isn't.
func Install(ctx context.Context, o Options) (Installed, error) {
	dir, err := CacheDir()
	if err != nil {
		return Installed{}, &invalid.Error{Field: "setup", Found: "this user has no cache folder", Err: err,
			Hint: "set HOME or XDG_CACHE_HOME"}
	}
	at := platform{runtime.GOOS, runtime.GOARCH}
	return (&installer{platform: at, pins: pins[at], dir: dir, fetch: fetch}).install(ctx, o)
}

// An installer holds everything that the outcome of an installation depends on.
type installer struct {
	platform
	pins  []pin
	dir   string // see CacheDir
	fetch func(ctx context.Context, p pin, dir string) (file string, err error)
}

func (in *installer) install(ctx context.Context, o Options) (Installed, error) {
	if len(in.pins) == 0 {
		return Installed{}, &invalid.Error{
			Field: "setup",
			Found: "no ONNX Runtime is pinned for " + in.goos + "/" + in.goarch,
			Want:  "linux/amd64, linux/arm64 or darwin/arm64",
			Hint:  "put the library beside the finetune binary or name it with " + EnvVar + " (docs/install.md)",
		}
	}
	if o.From != "" {
		if o.With != "" {
			return Installed{}, &invalid.Error{Field: "With", Found: "given together with {From}",
				Want: "one of them", Hint: "leave {With} out: a local file needs no client"}
		}
		return in.fromFile(ctx, o.From)
	}
	wanted := slices.DeleteFunc(slices.Clone(in.pins), func(p pin) bool {
		return p.client == "" || o.With != "" && p.client != o.With
	})
	if len(wanted) == 0 {
		return Installed{}, &invalid.Error{Field: "With", Found: fmt.Sprintf("unknown client %q", o.With),
			Want: "pip or npm"}
	}
	if done, ok := in.present(ctx, o.With, wanted); ok {
		return done, nil
	}
	return in.fromClients(ctx, wanted)
}

// present looks for an intact library in the cache: any, or with a client named the one that it brings.
func (in *installer) present(ctx context.Context, with string, wanted []pin) (Installed, bool) {
	for _, path := range (&searcher{goos: in.goos, cacheDir: in.dir}).installed() {
		sum, ok := Intact(ctx, path)
		if !ok {
			continue
		}
		source := "an earlier set-up"
		i := slices.IndexFunc(wanted, func(p pin) bool { return p.sha256 == sum })
		if i < 0 && with != "" {
			continue
		}
		if i >= 0 {
			source = wanted[i].source()
		}
		done := Installed{Path: path, Version: Version, SHA256: sum, Source: source, Already: true}
		return done, with == "" || prefer(path) == nil
	}
	return Installed{}, false
}

// fromClients tries the clients in turn. When none brings the library, the error has the message of each.
func (in *installer) fromClients(ctx context.Context, wanted []pin) (Installed, error) {
	tmp, err := os.MkdirTemp("", "finetune-setup-*")
	if err != nil {
		return Installed{}, err
	}
	defer os.RemoveAll(tmp)
	var absent []string
	var failures []error
	for _, p := range wanted {
		file, err := in.fetch(ctx, p, filepath.Join(tmp, p.client))
		if err == nil {
			var done Installed
			if done, err = in.fromFile(ctx, file); err == nil {
				return done, nil
			}
		}
		if ctx.Err() != nil {
			return Installed{}, context.Cause(ctx)
		}
		if errors.Is(err, errNoClient) {
			absent = append(absent, p.client)
			continue
		}
		failures = append(failures, err)
	}
	byHand := "download " + in.archiveName() + " from release v" + Version + " of github.com/microsoft/onnxruntime"
	if len(failures) == 0 {
		return Installed{}, &invalid.Error{Field: "setup",
			Found: "no " + strings.Join(absent, " and no ") + " on this machine",
			Want:  "Python 3 with pip, or Node with npm",
			Hint:  "install one of them, or " + byHand + " and name it with {From}"}
	}
	texts := make([]string, len(failures))
	for i, f := range failures {
		texts[i] = f.Error()
	}
	// Joined by hand: errors.Join puts each error on a line of its own.
	return Installed{}, fmt.Errorf("setup: %s; without a network, %s and give it to `finetune setup`",
		strings.Join(texts, "; "), byHand)
}

func (in *installer) archiveName() string {
	for _, p := range in.pins {
		if p.client == "" {
			return p.pkg
		}
	}
	return "the archive for " + in.goos + "/" + in.goarch
}

// fromFile installs from a package, an archive or the library itself.
func (in *installer) fromFile(ctx context.Context, name string) (Installed, error) {
	reject := func(found string, err error) error {
		return &invalid.Error{Path: name, Found: found, Err: err,
			Want: "the wheel, npm package, release archive or library of ONNX Runtime " + Version +
				" for " + in.goos + "/" + in.goarch,
			Hint: "see docs/install.md for the exact names"}
	}
	f, err := userfile.Open(ctx, name, maxPackage)
	var e *invalid.Error
	if errors.As(err, &e) {
		return Installed{}, reject(e.Found, nil)
	}
	if err != nil {
		return Installed{}, err
	}
	defer f.Close()
	kind, err := packageKind(f)
	if err != nil {
		return Installed{}, err
	}
	archiveSum, err := digest(ctx, f)
	if err != nil {
		return Installed{}, err
	}

	tmp, err := os.CreateTemp("", "finetune-library-*")
	if err != nil {
		return Installed{}, err
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	member := ""
	if kind == "" {
		_, err = io.Copy(tmp, io.NewSectionReader(f, 0, maxLibrary+1))
	} else {
		var members []string
		for _, p := range in.pins {
			members = append(members, p.member)
		}
		member, err = extract(f, kind, members, tmp)
		if err != nil {
			return Installed{}, reject("cannot be used", err)
		}
	}
	if err != nil {
		return Installed{}, err
	}
	sum, err := digest(ctx, tmp)
	if err != nil {
		return Installed{}, err
	}
	i := slices.IndexFunc(in.pins, func(p pin) bool {
		return p.sha256 != "" && p.sha256 == sum || p.archive != "" && p.archive == archiveSum && p.member == member
	})
	if i < 0 {
		return Installed{}, reject("SHA-256 of the library is "+sum+", of no pinned build", nil)
	}
	done := Installed{Path: in.installedPath(sum), Version: Version, SHA256: sum, Source: in.pins[i].source()}
	if _, ok := Intact(ctx, done.Path); ok {
		done.Already = true
		return done, prefer(done.Path)
	}
	return done, atomicfile.Write(done.Path, func(w io.Writer) error {
		_, err := io.Copy(w, io.NewSectionReader(tmp, 0, maxLibrary))
		return err
	})
}
