package features

import (
	"os"
	"path/filepath"

	"finetune/invalid"
)

// CacheFolder is where a cache folder keeps its features; "" is the user's cache folder.
func CacheFolder(cache string) (string, error) { return cacheFolder(cache, "features") }

// cacheFolder is the folder of that name in the given cache, or in the user's own where none is given.
func cacheFolder(cache, name string) (string, error) {
	if cache == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return "", &invalid.Error{Field: "Images.Cache", Found: "no cache folder of the user", Err: err, Hint: "give {Images.Cache} DIR, or {Images.NoCache}"}
		}
		cache = filepath.Join(user, "finetune")
	}
	return filepath.Join(cache, name), nil
}
