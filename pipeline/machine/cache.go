package machine

import (
	"context"
	"fmt"

	"finetune/internal/store/featurestore"
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
}

// List returns what the cache holds, by recipe.
func (c Cache) List(ctx context.Context) (*CacheList, error) {
	root, err := features.CacheFolder(c.Dir)
	if err != nil {
		return nil, err
	}
	out := &CacheList{Dir: root, Limit: featurestore.DefaultLimit, Folders: []featurestore.Folder{}}
	folders, err := featurestore.List(ctx, root)
	for _, f := range folders {
		out.Bytes += f.Bytes
		out.Folders = append(out.Folders, f)
	}
	return out, err
}

// Verify reads every row of the cache and returns the damaged segments.
func (c Cache) Verify(ctx context.Context) ([]featurestore.Damage, error) {
	root, err := features.CacheFolder(c.Dir)
	if err != nil {
		return nil, err
	}
	damage, err := featurestore.Verify(ctx, root)
	if damage == nil {
		damage = []featurestore.Damage{}
	}
	return damage, err
}

// Prune removes the segments that weren't used for longest until at most limit bytes are left; 0 empties the cache.
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
