package source

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"math"
	"strings"

	"finetune/internal/remote"
	"finetune/invalid"
)

// readZip enumerates the images of a zip archive in the order of its directory, which is held in memory.
func readZip(ctx context.Context, f found, o Options, e *emitter) error {
	file, err := remote.Open(ctx, f.path, anySize)
	if err != nil {
		return err
	}
	defer file.Close()
	stamp, err := stampOf(file)
	if err != nil {
		return err
	}
	archive, err := zip.NewReader(io.NewSectionReader(file, 0, stamp.size), stamp.size)
	if err != nil {
		return failure(f.shown(), "damaged or not a zip archive", err)
	}
	s := sample{archive: f.name, text: map[string][]byte{}}
	for _, m := range archive.File {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		key, ending, p := splitMember(m.Name)
		if p == otherPart || strings.HasSuffix(m.Name, "/") {
			continue
		}
		if key != s.key || len(s.items) == maxSample {
			if err := s.flush(e, key, o.LabelColumn); err != nil {
				return err
			}
		}
		if p == imagePart {
			it := Item{Name: memberName(f.name, m.Name)}
			if it.content, err = zipImage(f, m, it.Name, stamp); err != nil {
				return err
			}
			s.add(it)
			continue
		}
		if text, err := zipText(m); err == nil {
			s.text[ending] = text
		} else if err = failure(f.shown(), "cannot be read", err); !invalid.Is(err) {
			return err
		}
	}
	return s.flush(e, "", o.LabelColumn)
}

func zipImage(f found, m *zip.File, name string, stamp stamp) (content, error) {
	switch {
	case !m.Mode().IsRegular():
		return unusable(name, "a link or special member", "a regular file in the archive"), nil
	case m.Flags&1 != 0:
		return unusable(name, "an encrypted member", "one without a password"), nil
	case m.Method != zip.Store && m.Method != zip.Deflate:
		return unusable(name, fmt.Sprintf("compression method %d", m.Method), "none or deflate"), nil
	case m.UncompressedSize64 > MaxBytes || m.CompressedSize64 > math.MaxInt64:
		return failed{tooLarge(name, MaxBytes)}, nil
	}
	offset, err := m.DataOffset()
	if err != nil {
		if err = failure(name, "cannot be read", err); invalid.Is(err) {
			return failed{err}, nil
		}
		return nil, err
	}
	return &member{archive: f.path, name: name, offset: offset, stored: int64(m.CompressedSize64),
		size:     int64(m.UncompressedSize64),
		deflated: m.Method == zip.Deflate, checked: true, sum: m.CRC32, stamp: stamp}, nil
}

// zipText reads a small member.
func zipText(m *zip.File) ([]byte, error) {
	if m.UncompressedSize64 > maxLabelBytes {
		return nil, fmt.Errorf("more than %d bytes", maxLabelBytes)
	}
	r, err := m.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(io.LimitReader(r, maxLabelBytes))
}
