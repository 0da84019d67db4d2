package features

import (
	"context"
	"errors"
	"fmt"
	"io"

	"finetune/internal/store/userfile"
	"finetune/invalid"
	"finetune/pipeline/dataset"
	"finetune/preprocess"
)

// An ImageReader reads the bytes of images into a buffer that it keeps. One reader serves one goroutine; the zero value is ready.
type ImageReader struct{ buf []byte }

// Read returns the bytes of an item's image, valid until the next call. See [Fault] for its errors.
func (r *ImageReader) Read(ctx context.Context, item dataset.Item) ([]byte, error) {
	if item.Open != nil {
		data, err := item.Open(ctx, r.buf[:0])
		r.buf = data
		return data, err
	}
	f, err := userfile.Open(ctx, item.File, preprocess.MaxBytes)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r.buf = r.buf[:0]
	for {
		if len(r.buf) == cap(r.buf) {
			r.buf = append(r.buf, make([]byte, max(1<<16, len(r.buf)))...)[:len(r.buf)]
		}
		n, err := f.Read(r.buf[len(r.buf):cap(r.buf)])
		r.buf = r.buf[:len(r.buf)+n]
		if errors.Is(err, io.EOF) {
			return r.buf, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", item.File, err)
		}
		if len(r.buf) > preprocess.MaxBytes {
			return nil, &invalid.Error{Path: item.File, Found: "a file that grows while it is read"}
		}
	}
}

// Fault returns why an image is at fault for an error of reading or decoding it, without its path, and whether it is: only then
// may a job skip the image. Any other error is a failure of the machine, such as an input/output error or too many open files, or
// the end of a context; it ends the job.
func Fault(err error) (reason error, ok bool) {
	if preprocess.Unreadable(err) {
		return err, true
	}
	var e *invalid.Error
	if !errors.As(err, &e) {
		return nil, false
	}
	reason = errors.New(e.Found)
	if e.Err != nil {
		reason = fmt.Errorf("%s (%w)", e.Found, e.Err)
	}
	return reason, true
}
