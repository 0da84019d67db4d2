package remote

import (
	"context"
	"iter"
	"strings"

	"github.com/minio/minio-go/v7"

	"finetune/invalid"
)

// An Entry is an object of a folder.
type Entry struct {
	Address string
	Name    string // relative to the folder
	Size    int64
	Version string
}

// List enumerates the objects at any depth below a folder of an object store, sorted by name. An error ends it.
func List(ctx context.Context, folder string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		l, err := parse(folder)
		if err == nil && l.bucket == "" {
			err = &invalid.Error{Path: Redacted(folder), Found: "a folder of a web server, which can't be listed",
				Want: "a file, a table or an archive", Hint: "write the addresses of the images into a list (.txt) or a table"}
		}
		var c *minio.Client
		if err == nil {
			c, err = store(true)
		}
		if err != nil {
			yield(Entry{}, err)
			return
		}
		prefix := l.key
		if prefix != "" && !strings.HasSuffix(prefix, "/") {
			prefix += "/"
		}
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		for o := range c.ListObjectsIter(ctx, l.bucket, minio.ListObjectsOptions{Prefix: prefix, Recursive: true}) {
			if o.Err != nil {
				if cause := context.Cause(ctx); cause != nil {
					o.Err = cause
				}
				yield(Entry{}, describe(folder, fromStore(o.Err)))
				return
			}
			name := strings.TrimPrefix(o.Key, prefix)
			if name == "" || strings.HasSuffix(name, "/") {
				continue // what some programs write to make a folder seen
			}
			if !yield(Entry{Address: "s3://" + l.bucket + "/" + o.Key, Name: name, Size: o.Size, Version: o.ETag}, nil) {
				return
			}
		}
	}
}
