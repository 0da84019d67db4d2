package source

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"finetune/internal/remote"
)

// A tarReader enumerates one tar archive.
type tarReader struct {
	f      found
	file   remote.File
	stamp  stamp
	packed bool // compressed or at an address: images are held in memory until their sample is complete
	tar    *tar.Reader
	sample sample
	column string // with the label, of .json members
}

// readTar enumerates the images of a tar archive. Of one on this machine that isn't compressed only headers and labels are read; one at
// an address is read through, once.
func readTar(ctx context.Context, f found, o Options, e *emitter) error {
	file, err := remote.Open(ctx, f.path, anySize)
	if err != nil {
		return err
	}
	defer file.Close()
	t := &tarReader{f: f, file: file, packed: compressed(f.path) || remote.Is(f.path), column: o.LabelColumn}
	t.sample = sample{archive: f.name, text: map[string][]byte{}}
	if t.stamp, err = stampOf(file); err != nil {
		return err
	}
	// The file itself can be positioned: its place after a header is that of the member, and bytes are skipped unread.
	t.tar = tar.NewReader(file)
	if compressed(f.path) {
		unzipped, err := gzip.NewReader(bufio.NewReaderSize(file, 1<<16))
		if err != nil {
			return failure(f.shown(), "not gzip", err)
		}
		t.tar = tar.NewReader(unzipped)
	}
	for {
		err := t.next(ctx, e)
		if errors.Is(err, io.EOF) {
			return t.sample.flush(e, "", t.column)
		}
		if errors.Is(err, errStop) || err == nil {
			if err != nil {
				return err
			}
			continue
		}
		// What came before the damage is whole.
		if flushErr := t.sample.flush(e, "", t.column); flushErr != nil {
			return flushErr
		}
		return failure(f.shown(), "damaged or not a tar archive", err)
	}
}

// next takes one member. It returns io.EOF after the last.
func (t *tarReader) next(ctx context.Context, e *emitter) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	h, err := t.tar.Next()
	if err != nil {
		return err
	}
	if h.Typeflag == tar.TypeDir {
		return nil
	}
	key, ending, p := splitMember(h.Name)
	if p == otherPart {
		return nil
	}
	if key != t.sample.key || len(t.sample.items) == maxSample {
		if err := t.sample.flush(e, key, t.column); err != nil {
			return err
		}
	}
	if p == imagePart {
		it := Item{Name: memberName(t.f.name, h.Name)}
		if it.content, err = t.image(ctx, h, it.Name, e); err != nil {
			return err
		}
		t.sample.add(it)
		return nil
	}
	if h.Typeflag == tar.TypeReg && h.Size <= maxLabelBytes {
		t.sample.text[ending], err = io.ReadAll(t.tar)
	}
	return err
}

// image returns the content of the member that the reader stands at.
func (t *tarReader) image(ctx context.Context, h *tar.Header, name string, e *emitter) (content, error) {
	most := int64(MaxBytes)
	if t.packed {
		most = maxHeld
	}
	switch {
	case h.Typeflag != tar.TypeReg || sparse(h):
		return unusable(name, "a link or special member", "a regular file in the archive"), nil
	case h.Size > most:
		return failed{tooLarge(name, most)}, nil
	case !t.packed:
		at, err := t.file.Seek(0, io.SeekCurrent)
		return &member{archive: t.f.path, name: name, offset: at, stored: h.Size, size: h.Size, stamp: t.stamp}, err
	case !e.shard.Holds(e.next + int64(len(t.sample.items))):
		return nil, nil
	}
	data, err := appendAll(ctx, nil, t.tar, h.Size)
	if err == nil && int64(len(data)) != h.Size {
		err = fmt.Errorf("%d bytes of %d: %w", len(data), h.Size, io.ErrUnexpectedEOF)
	}
	return held(data), err
}

// sparse reports whether a member leaves out runs of zeros, so that its bytes don't lie in one piece.
func sparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}
