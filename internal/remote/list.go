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

// List enumerates the objects at any depth below a folder of an object store, sorted by name. An answer that fails or is cut off is asked
// for again from the object after the last. An error ends it.
func List(ctx context.Context, folder string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		l, err := parse(folder)
		if err == nil && l.bucket == "" {
			err = &invalid.Error{Path: Redacted(folder), Found: "a folder of a web server, which can't be listed",
				Want: "a file, a table or an archive", Hint: "write the addresses of the images into a list (.txt) or a table"}
		}
		var c *minio.Client
		if err == nil {
			c, err = store(false)
		}
		if err != nil {
			yield(Entry{}, err)
			return
		}
		o := minio.ListObjectsOptions{Prefix: l.key, Recursive: true}
		if o.Prefix != "" && !strings.HasSuffix(o.Prefix, "/") {
			o.Prefix += "/"
		}
		wait := patience{policy: patient}
		for {
			err := listAfter(ctx, c, l.bucket, &o, func(e Entry) bool {
				wait.progress()
				return yield(e, nil)
			})
			if err == nil {
				return
			}
			if err = wait.again(ctx, fromStore(err)); err != nil {
				yield(Entry{}, describe(folder, err))
				return
			}
		}
	}
}

// listAfter calls take for the objects after o.StartAfter, which moves on, until take returns false.
func listAfter(ctx context.Context, c *minio.Client, bucket string, o *minio.ListObjectsOptions, take func(Entry) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	for object := range c.ListObjectsIter(ctx, bucket, *o) {
		if object.Err != nil {
			return object.Err
		}
		o.StartAfter = object.Key
		name := strings.TrimPrefix(object.Key, o.Prefix)
		if name == "" || strings.HasSuffix(name, "/") {
			continue // what some programs write to make a folder seen
		}
		if !take(Entry{Address: "s3://" + bucket + "/" + object.Key, Name: name, Size: object.Size, Version: object.ETag}) {
			return nil
		}
	}
	return nil
}
