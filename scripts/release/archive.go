package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"io"
	"maps"
	"slices"
	"time"
)

// A content is the files of an archive by slash-separated path, and which of them can be run.
type content struct {
	files      map[string][]byte
	executable map[string]bool
}

func (c content) mode(name string) int64 {
	if c.executable[name] {
		return 0o755
	}
	return 0o644
}

// writeTar writes a gzipped tar of the files in the order of their names, under one folder, all with one time and owner.
func (c content) writeTar(w io.Writer, folder string, at time.Time) error {
	z, err := gzip.NewWriterLevel(w, gzip.BestCompression)
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		h := &tar.Header{
			Typeflag: tar.TypeReg, Name: folder + "/" + name, Mode: c.mode(name), Size: int64(len(c.files[name])),
			ModTime: at, Format: tar.FormatUSTAR,
		}
		if err := t.WriteHeader(h); err != nil {
			return err
		}
		if _, err := t.Write(c.files[name]); err != nil {
			return err
		}
	}
	if err := t.Close(); err != nil {
		return err
	}
	return z.Close()
}

// writeZip is writeTar for Windows.
func (c content) writeZip(w io.Writer, folder string, at time.Time) error {
	z := zip.NewWriter(w)
	for _, name := range slices.Sorted(maps.Keys(c.files)) {
		f, err := z.CreateHeader(&zip.FileHeader{Name: folder + "/" + name, Method: zip.Deflate, Modified: at.UTC()})
		if err != nil {
			return err
		}
		if _, err := f.Write(c.files[name]); err != nil {
			return err
		}
	}
	return z.Close()
}
