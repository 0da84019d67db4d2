package library

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"finetune/internal/store/userfile"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"
)

// CacheDir returns the folder under which [Install] puts libraries of [Version] for this platform. It fails
// where the system knows no cache folder for the user.
func CacheDir() (string, error) {
	base, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(base, "finetune", "onnxruntime", Version, runtime.GOOS+"-"+runtime.GOARCH), nil
}

// installed returns the libraries in the cache, the one that was set up last first.
func (s *searcher) installed() []string {
	entries, err := os.ReadDir(s.cacheDir)
	if err != nil {
		return nil
	}
	type library struct {
		path  string
		since time.Time
	}
	var found []library
	for _, e := range entries {
		path := filepath.Join(s.cacheDir, e.Name(), fileNames(s.goos)[0])
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
	return filepath.Join(in.dir, sum[:digestChars], fileNames(in.goos)[0])
}

// prefer makes the library at path, which is in the cache already, the one that was set up last.
func prefer(path string) error {
	now := time.Now()
	return os.Chtimes(path, now, now)
}

// digestChars is how much of a SHA-256, in hexadecimal, names a folder in the cache.
const digestChars = 32

// Intact reports whether the file at path, which lies in the cache, has the bytes that were verified when it
// was installed, and returns its SHA-256.
func Intact(ctx context.Context, path string) (sum string, ok bool) {
	f, err := userfile.Open(ctx, path, maxLibrary)
	if err != nil {
		return "", false
	}
	defer f.Close()
	sum, err = digest(ctx, f)
	return sum, err == nil && sum[:digestChars] == filepath.Base(filepath.Dir(path))
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
