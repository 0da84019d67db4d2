package library

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
)

// Limits in bytes on what a package may make this program read and write. The largest real package, for CUDA, has 256 MB
// and a file of 284 MB in it.
const (
	maxPackage = 512 << 20
	maxStream  = 1 << 30
	maxLibrary = 512 << 20
)

// limits are those on unpacking: on all that a tarball unpacks to, and on the library alone.
type limits struct{ stream, library int64 }

var (
	errNoMember   = errors.New("no such file inside")
	errTooLarge   = errors.New("larger than any real package")
	errNotRegular = errors.New("not a regular file inside")
)

// packageKind tells a package by its first bytes: "zip" (also a wheel), "tgz", or "" for neither.
func packageKind(f io.ReaderAt) (string, error) {
	var magic [4]byte
	if _, err := f.ReadAt(magic[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return "", err
	}
	switch {
	case string(magic[:]) == "PK\x03\x04":
		return "zip", nil
	case magic[0] == 0x1f && magic[1] == 0x8b:
		return "tgz", nil
	}
	return "", nil
}

// extract copies to w the first member of the package f whose cleaned path is one of members, and returns that
// path. Members are looked up by name and only that one is unpacked, to a place that the caller chose; so no
// path inside a package can lead anywhere.
func extract(f *os.File, kind string, members []string, w io.Writer) (string, error) {
	limit := limits{stream: maxStream, library: maxLibrary}
	wanted := make(map[string]bool, len(members))
	for _, m := range members {
		wanted[m] = true
	}
	if kind == "zip" {
		info, err := f.Stat()
		if err != nil {
			return "", err
		}
		return extractZip(f, info.Size(), wanted, limit, w)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return "", err
	}
	return extractTgz(f, wanted, limit, w)
}

func extractZip(r io.ReaderAt, size int64, wanted map[string]bool, limit limits, w io.Writer) (string, error) {
	z, err := zip.NewReader(r, size)
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		return "", fmt.Errorf("damaged zip: %w", err)
	}
	for _, m := range z.File {
		name := path.Clean(m.Name)
		if !wanted[name] {
			continue
		}
		if !m.Mode().IsRegular() {
			return "", fmt.Errorf("%s: %w", name, errNotRegular)
		}
		body, err := m.Open()
		if err != nil {
			return "", fmt.Errorf("damaged zip: %s: %w", name, err)
		}
		defer body.Close()
		return name, copyLimited(w, body, limit.library, name)
	}
	return "", errNoMember
}

func extractTgz(r io.Reader, wanted map[string]bool, limit limits, w io.Writer) (string, error) {
	gz, err := gzip.NewReader(r)
	if err != nil {
		return "", fmt.Errorf("damaged gzip: %w", err)
	}
	defer gz.Close()
	stream := &budget{r: gz, left: limit.stream}
	t := tar.NewReader(stream)
	for {
		h, err := t.Next()
		switch {
		case errors.Is(err, io.EOF):
			return "", errNoMember
		case err != nil && !errors.Is(err, tar.ErrInsecurePath):
			return "", fmt.Errorf("damaged tar: %w", err)
		}
		name := path.Clean(h.Name)
		if !wanted[name] {
			continue
		}
		if h.Typeflag != tar.TypeReg {
			return "", fmt.Errorf("%s: %w", name, errNotRegular)
		}
		return name, copyLimited(w, t, limit.library, name)
	}
}

// copyLimited copies a member of at most limit bytes.
func copyLimited(w io.Writer, r io.Reader, limit int64, name string) error {
	n, err := io.Copy(w, io.LimitReader(r, limit+1))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if n > limit {
		return fmt.Errorf("%s: %w", name, errTooLarge)
	}
	return nil
}

// A budget reads from r until left bytes are used up, then fails: a small file can unpack to a huge stream.
type budget struct {
	r    io.Reader
	left int64
}

func (b *budget) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	if int64(len(p)) > b.left {
		p = p[:b.left]
	}
	n, err := b.r.Read(p)
	b.left -= int64(n)
	return n, err
}
