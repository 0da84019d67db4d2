package remote

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"strings"

	"github.com/minio/minio-go/v7"

	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// An Info is what is known of an object.
type Info struct {
	Size    int64
	Version string
	Meta    map[string]string // as Upload was given it, with keys in lower case
}

// Stat looks at an object in an object store. Where nothing is there, found is false.
func Stat(ctx context.Context, address string) (info Info, found bool, err error) {
	l, c, err := writable(address)
	if err != nil {
		return Info{}, false, err
	}
	o, err := c.StatObject(ctx, l.bucket, l.key, minio.StatObjectOptions{})
	if err != nil {
		err = describe(address, fromStore(err))
		if errors.Is(err, fs.ErrNotExist) {
			return Info{}, false, nil
		}
		return Info{}, false, err
	}
	info = Info{Size: o.Size, Version: o.ETag, Meta: map[string]string{}}
	for k, v := range o.UserMetadata {
		info.Meta[strings.ToLower(k)] = v
	}
	return info, true, nil
}

// Upload puts a file of this machine at an address in an object store, in parts where it is large. It appears there whole, once all of
// it has arrived.
func Upload(ctx context.Context, file, address string, meta map[string]string) error {
	return upload(ctx, file, address, minio.PutObjectOptions{UserMetadata: meta})
}

// UploadNew is Upload where nothing is at the address yet; otherwise its error wraps [fs.ErrExist]. Of several at a time one succeeds where
// the file is a single part and the store knows If-None-Match. In other cases the store is asked first. Since an answer may be lost after
// the file arrived, the caller has to tell its own file by meta.
func UploadNew(ctx context.Context, file, address string, meta map[string]string) error {
	info, err := os.Stat(file)
	if err != nil {
		return err
	}
	if info.Size() <= usualPart {
		o := minio.PutObjectOptions{UserMetadata: meta}
		o.SetMatchETagExcept("*")
		err := upload(ctx, file, address, o)
		var status *statusError
		if !errors.As(err, &status) || status.status != http.StatusNotImplemented {
			return err
		}
	}
	// The client doesn't set the condition where it puts parts together.
	if _, found, err := Stat(ctx, address); err != nil || found {
		return cmp.Or(err, fmt.Errorf("%s: %w", Redacted(address), fs.ErrExist))
	}
	return Upload(ctx, file, address, meta)
}

func upload(ctx context.Context, file, address string, o minio.PutObjectOptions) error {
	l, c, err := writable(address)
	if err != nil {
		return err
	}
	f, err := userfile.Open(ctx, file, 5<<40) // the size of the largest object
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	o.PartSize, o.ContentType = partSize(info.Size()), "application/octet-stream"
	_, err = c.PutObject(ctx, l.bucket, l.key, f, info.Size(), o)
	return afterWrite(ctx, address, err)
}

// Remove removes an object of an object store. It is no error where there is none.
func Remove(ctx context.Context, address string) error {
	l, c, err := writable(address)
	if err != nil {
		return err
	}
	return afterWrite(ctx, address, c.RemoveObject(ctx, l.bucket, l.key, minio.RemoveObjectOptions{}))
}

// afterWrite describes the error of a request that changes an object.
func afterWrite(ctx context.Context, address string, err error) error {
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err = fromStore(err); errors.Is(err, errChanged) {
		return fmt.Errorf("%s: %w", Redacted(address), fs.ErrExist)
	}
	return describe(address, err)
}

// usualPart is the size of the parts of an upload, unless there would be too many.
const usualPart = 16 << 20

// partSize is that of an upload in at most 10,000 parts.
func partSize(size int64) uint64 {
	const most = 9000
	return uint64(max(usualPart, (size/most+1<<20)>>20<<20))
}

func writable(address string) (location, *minio.Client, error) {
	l, err := parse(address)
	if err == nil && (l.bucket == "" || l.key == "") {
		err = &invalid.Error{Path: Redacted(address), Found: "an address that can't be written to", Want: "s3://bucket/key"}
	}
	if err != nil {
		return l, nil, err
	}
	c, err := store(true)
	return l, c, err
}
