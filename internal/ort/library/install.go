package library

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
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
	Device string // CUDA; "" or "cpu" for the CPU's build
	From   string // a local file: wheel, npm tarball, release archive or the library itself; nothing is downloaded
	With   string // the client to use: "pip", "npm" or "" for either
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
	device, err := deviceOf(o.Device)
	if err != nil {
		return Installed{}, err
	}
	dir, err := CacheDir(device)
	if err != nil {
		return Installed{}, &invalid.Error{Field: "setup", Found: "this user has no cache folder", Err: err,
			Hint: "set HOME or XDG_CACHE_HOME"}
	}
	at := platform{runtime.GOOS, runtime.GOARCH}
	return (&installer{platform: at, device: device, pins: pinsOf(device, at), dir: dir, fetch: fetch}).install(ctx, o)
}

// deviceOf checks for which device a build is wanted, "" being the CPU.
func deviceOf(device string) (string, error) {
	switch device {
	case "", "cpu":
		return "", nil
	case CUDA:
		return CUDA, nil
	}
	return "", &invalid.Error{Field: "Images.Device", Found: fmt.Sprintf("%q", device), Want: "cpu or " + CUDA + ", which have builds to install",
		Hint: "for another device name its library with {Images.Library}"}
}

// An installer holds everything that the outcome of an installation depends on.
type installer struct {
	platform
	device string // CUDA or ""
	pins   []pin
	dir    string // see CacheDir
	fetch  func(ctx context.Context, p pin, dir string) (file string, err error)
}

func (in *installer) install(ctx context.Context, o Options) (Installed, error) {
	if len(in.pins) == 0 {
		return Installed{}, &invalid.Error{
			Field: "setup",
			Found: "no ONNX Runtime " + in.purpose() + "is pinned for " + in.goos + "/" + in.goarch,
			Want:  in.platforms(),
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
			Want: in.clients()}
	}
	if done, ok := in.present(ctx, o.With, wanted); ok {
		return done, nil
	}
	return in.fromClients(ctx, wanted)
}

// present looks for an intact library in the cache: any, or with a client named the one that it brings.
func (in *installer) present(ctx context.Context, with string, wanted []pin) (Installed, bool) {
	for _, path := range installed(in.dir, in.file()) {
		sum, ok := intact(ctx, path, in.pins)
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
		done := Installed{Path: path, Version: in.pins[0].release(), SHA256: sum, Source: source, Already: true}
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
	byHand := in.byHand()
	if len(failures) == 0 {
		return Installed{}, &invalid.Error{Field: "setup",
			Found: "no " + strings.Join(absent, " and no ") + " on this machine",
			Want:  map[string]string{"pip": "Python 3 with pip", "pip or npm": "Python 3 with pip, or Node with npm"}[in.clients()],
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

// byHand says how a person brings a package.
func (in *installer) byHand() string {
	for _, p := range in.pins {
		if p.client == "" {
			return "download " + p.pkg + " from release v" + p.release() + " of github.com/microsoft/onnxruntime"
		}
	}
	return "bring the wheel of " + in.pins[0].pkg + " " + in.pins[0].release() + " for " + in.pins[0].tag
}

// purpose says which builds are meant, before a verb.
func (in *installer) purpose() string {
	if in.device == CUDA {
		return "for CUDA "
	}
	return ""
}

// platforms lists those that builds are pinned for.
func (in *installer) platforms() string {
	if in.device == CUDA {
		return "linux/amd64"
	}
	return "linux/amd64, linux/arm64 or darwin/arm64"
}

// clients lists those that bring a build.
func (in *installer) clients() string {
	var names []string
	for _, p := range in.pins {
		if p.client != "" {
			names = append(names, p.client)
		}
	}
	return strings.Join(names, " or ")
}

// fromFile installs from a package, an archive or the library itself.
func (in *installer) fromFile(ctx context.Context, name string) (Installed, error) {
	reject := func(found string, err error) error {
		return &invalid.Error{Path: name, Found: found, Err: err,
			Want: in.packages() + " for " + in.goos + "/" + in.goarch,
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
	p := in.pins[i]
	if kind == "" && len(p.companions) > 0 {
		return Installed{}, reject("a library without the files that belong beside it", nil)
	}
	done := Installed{Path: in.installedPath(sum), Version: p.release(), SHA256: sum, Source: p.source()}
	if _, ok := intact(ctx, done.Path, in.pins); ok {
		done.Already = true
		return done, prefer(done.Path)
	}
	// The library comes last, so that one that is there has its companions.
	for _, c := range p.companions {
		if err := install(f, kind, c, filepath.Dir(done.Path)); err != nil {
			return Installed{}, reject("cannot be used", err)
		}
	}
	return done, atomicfile.Write(done.Path, func(w io.Writer) error {
		_, err := io.Copy(w, io.NewSectionReader(tmp, 0, maxLibrary))
		return err
	})
}

// install puts a companion of a package into a folder.
func install(f *os.File, kind string, c companion, folder string) error {
	return atomicfile.Write(filepath.Join(folder, path.Base(c.member)), func(w io.Writer) error {
		h := sha256.New()
		if _, err := extract(f, kind, []string{c.member}, io.MultiWriter(w, h)); err != nil {
			return err
		}
		if sum := hex.EncodeToString(h.Sum(nil)); sum != c.sha256 {
			return fmt.Errorf("SHA-256 of %s is %s, of no pinned build", path.Base(c.member), sum)
		}
		return nil
	})
}

// packages says what can be installed from.
func (in *installer) packages() string {
	if in.device == CUDA {
		return "the wheel of onnxruntime-gpu " + CUDAVersion
	}
	return "the wheel, npm package, release archive or library of ONNX Runtime " + Version
}
