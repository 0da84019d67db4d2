package remote

import (
	"context"
	"errors"
	"io/fs"
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
	_, err = c.PutObject(ctx, l.bucket, l.key, f, info.Size(), minio.PutObjectOptions{UserMetadata: meta, PartSize: partSize(info.Size()),
		ContentType: "application/octet-stream"})
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			return cause
		}
		return describe(address, fromStore(err))
	}
	return nil
}

// partSize is that of an upload in at most 10,000 parts.
func partSize(size int64) uint64 {
	const usual, most = 16 << 20, 9000
	return uint64(max(usual, (size/most+1<<20)>>20<<20))
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
