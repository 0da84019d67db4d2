package decode

import (
	"errors"
	"fmt"
	"io"

	"finetune/internal/image/jpeg"
)

// An Error means that the file is at fault: it isn't an image, is damaged or cut off, exceeds the limits, or uses an
// unsupported feature of its format. Reading the file again gives the same error. The message doesn't contain the
// file's name; the caller adds it.
//
// This package returns no other errors, apart from those of Decoder.Stop.
type Error struct{ Err error }

// Error returns the message of the cause.
func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errors that a caller may want to tell apart, for use with errors.Is.
var (
	ErrFormat   = errors.New("expected JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF")
	ErrTooLarge = errors.New("image too large")
)

// explain adds the format to a decoder's error and replaces a bare EOF by a readable message.
func explain(format Format, err error) error {
	switch {
	case errors.Is(err, ErrTooLarge), errors.Is(err, ErrFormat):
		return err
	case errors.Is(err, jpeg.ErrTooLarge):
		return fmt.Errorf("%w: %w", ErrTooLarge, err)
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return fmt.Errorf("%s image that is cut off: %w", format, err)
	}
	return fmt.Errorf("%s image that cannot be decoded: %w", format, err)
}

// panicked is the error for a panic of a decoder. Decoders of untrusted bytes have panicked before (CVE-2023-36308); that
// is an error of one image.
func panicked(format Format, value any) error {
	return fmt.Errorf("damaged %s image: the decoder failed: %v", format, value)
}

// stopped returns the error of Stop.
func (d *Decoder) stopped() error {
	if d.Stop == nil {
		return nil
	}
	return d.Stop()
}

// fault returns the error of a failed call: that of Stop if the caller stopped it, else an Error.
func (d *Decoder) fault(err error) error {
	if stopped := d.stopped(); stopped != nil {
		return stopped
	}
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	return &Error{err}
}
