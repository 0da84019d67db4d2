package pipeline

import (
	"fmt"
	"os"
	"testing"

	"finetune/internal/ort/library"
)

// TestMain gives the tests a cache of their own, and stops where the native library is missing: a test that skipped then
// would hide that nothing was tested.
func TestMain(m *testing.M) {
	os.Exit(func() int {
		lib, err := library.Find("")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		cache, err := os.MkdirTemp("", "finetune-test-cache-")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(cache)
		os.Setenv(library.EnvVar, lib.Path)
		os.Setenv("XDG_CACHE_HOME", cache)
		return m.Run()
	}())
}
