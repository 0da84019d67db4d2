package machine

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"finetune/backbone"
	"finetune/internal/store/featurestore"
	"finetune/internal/store/seal"
	"finetune/invalid"
	"finetune/pipeline/features"
)

// Cache looks at the feature cache, checks it or makes it smaller.
type Cache struct {
	Dir string // the cache folder; "" is in the user's cache folder
}

// A CacheList says what the cache holds.
type CacheList struct {
	Dir     string                `json:"dir"`
	Bytes   int64                 `json:"bytes"`
	Limit   int64                 `json:"limit"`
	Folders []featurestore.Folder `json:"folders"` // the recipe that was used last first
	// Others are networks of another precision, fetched runs, and results on their way to an object store; they count towards the limit.
	Others []featurestore.Beside `json:"others"`
}

// List returns what the cache holds, by recipe.
func (c Cache) List(ctx context.Context) (*CacheList, error) {
	root, err := features.CacheFolder(c.Dir)
	if err != nil {
		return nil, err
	}
	out := &CacheList{Dir: root, Limit: featurestore.DefaultLimit, Folders: []featurestore.Folder{}, Others: []featurestore.Beside{}}
	folders, err := featurestore.List(ctx, root)
	for _, f := range folders {
		out.Bytes += f.Bytes
		out.Folders = append(out.Folders, f)
	}
	if err != nil {
		return out, err
	}
	others, err := featurestore.ListBeside(root)
	for _, b := range others {
		out.Bytes += b.Bytes
		out.Others = append(out.Others, b)
	}
	return out, err
}

// Verify reads all that the cache holds and returns the segments, networks and fetched runs that are damaged.
func (c Cache) Verify(ctx context.Context) ([]featurestore.Damage, error) {
	root, err := features.CacheFolder(c.Dir)
	if err != nil {
		return nil, err
	}
	damage, err := featurestore.Verify(ctx, root)
	if err != nil {
		return damage, err
	}
	others, err := featurestore.ListBeside(root)
	if err != nil {
		return damage, err
	}
	for _, b := range others {
		why, err := verifyBeside(ctx, b)
		if err != nil {
			return damage, err
		}
		if why != "" {
			damage = append(damage, featurestore.Damage{Path: b.Path, Why: why})
		}
	}
	if damage == nil {
		damage = []featurestore.Damage{}
	}
	return damage, err
}

// verifyBeside says what is wrong with a network or a fetched run, "" for nothing. An upload is complete only while it is sent.
func verifyBeside(ctx context.Context, b featurestore.Beside) (string, error) {
	var err error
	switch b.Kind {
	case featurestore.Networks:
		_, err = backbone.FileDigest(ctx, b.Path)
	case featurestore.Runs:
		status, failed := seal.Verify(ctx, b.Path)
		if failed != nil {
			err = failed
		} else if _, missing := os.Lstat(filepath.Join(b.Path, seal.Name)); missing == nil { // a head alone has no list
			err = status.Err()
		}
	}
	if err != nil && !invalid.Is(err) {
		return "", err
	}
	if err != nil {
		return err.Error(), nil
	}
	return "", nil
}

// Prune removes what wasn't used for longest until at most limit bytes are left; 0 empties the cache.
func (c Cache) Prune(limit int64) (featurestore.Pruned, error) {
	if limit < 0 {
		return featurestore.Pruned{}, &invalid.Error{Field: "Limit", Found: fmt.Sprint(limit), Want: "0 or more bytes"}
	}
	root, err := features.CacheFolder(c.Dir)
	if err != nil {
		return featurestore.Pruned{}, err
	}
	return featurestore.Prune(root, limit)
}
