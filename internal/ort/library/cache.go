package library

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"finetune/internal/store/userfile"
	"io"
	"os"
	pathpkg "path"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// CacheDir returns the folder under which [Install] puts the libraries for this platform and a device: [CUDA] or, for the
// CPU, "". It fails where the system knows no cache folder for the user.
func CacheDir(device string) (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	version, at := Version, runtime.GOOS+"-"+runtime.GOARCH
	if device == CUDA {
		version, at = CUDAVersion, at+"-"+CUDA
	}
	return filepath.Join(base, "finetune", "onnxruntime", version, at), nil
}

// installed returns the libraries in a folder of the cache, the one that was set up last first.
func installed(dir, file string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	type library struct {
		path  string
		since time.Time
	}
	var found []library
	for _, e := range entries {
		path := filepath.Join(dir, e.Name(), file)
		if info, err := os.Stat(path); err == nil {
			found = append(found, library{path, info.ModTime()})
		}
	}
	slices.SortStableFunc(found, func(a, b library) int { return b.since.Compare(a.since) })
	paths := make([]string, len(found))
	for i, l := range found {
		paths[i] = l.path
	}
	return paths
}

// installedPath is where a library lies in the cache. Its folder is named by the digest, so that builds don't
// overwrite each other and a file can be checked at any time without a record beside it.
func (in *installer) installedPath(sum string) string {
	return filepath.Join(in.dir, sum[:digestChars], in.file())
}

// file is the name of the library in the cache.
func (in *installer) file() string {
	if in.device == CUDA {
		return cudaFile(in.goos)
	}
	return fileNames(in.goos)[0]
}

// prefer makes the library at path, which is in the cache already, the one that was set up last.
func prefer(path string) error {
	now := time.Now()
	return os.Chtimes(path, now, now)
}

// digestChars is how much of a SHA-256, in hexadecimal, names a folder in the cache.
const digestChars = 32

// Intact reports whether the file at path, which lies in the cache, and what must lie beside it have the bytes that were
// verified when they were installed, and returns the SHA-256 of the file.
func Intact(ctx context.Context, path string) (sum string, ok bool) {
	return intact(ctx, path, cudaPins[platform{runtime.GOOS, runtime.GOARCH}])
}

// intact is Intact with the pins that have companions.
func intact(ctx context.Context, path string, pins []pin) (sum string, ok bool) {
	sum, err := digestOf(ctx, path)
	if err != nil || sum[:digestChars] != filepath.Base(filepath.Dir(path)) {
		return sum, false
	}
	for _, p := range pins {
		for _, c := range p.companions {
			if p.sha256 != sum {
				continue
			}
			if found, err := digestOf(ctx, filepath.Join(filepath.Dir(path), pathpkg.Base(c.member))); err != nil || found != c.sha256 {
				return sum, false
			}
		}
	}
	return sum, true
}

func digestOf(ctx context.Context, path string) (string, error) {
	f, err := userfile.Open(ctx, path, maxLibrary)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return digest(ctx, f)
}

// digest returns the SHA-256 of f in hexadecimal, wherever f stands.
func digest(ctx context.Context, f *os.File) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, ctxReader{ctx, io.NewSectionReader(f, 0, maxPackage)}); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// A ctxReader fails once its context has ended.
type ctxReader struct {
	ctx context.Context
	r   io.Reader
}

func (c ctxReader) Read(p []byte) (int, error) {
	if c.ctx.Err() != nil {
		return 0, context.Cause(c.ctx)
	}
	return c.r.Read(p)
}
