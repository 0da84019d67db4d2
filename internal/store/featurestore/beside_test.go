package featurestore

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// What lies beside the features counts towards the limit, and goes by age once it wasn't used for a day.
func TestPruneBeside(t *testing.T) {
	cache := t.TempDir()
	root := filepath.Join(cache, "features")
	for name, age := range map[string]time.Duration{
		"networks/old.onnx": 72 * time.Hour, "networks/new.onnx": time.Hour, "runs/abc/head.safetensors": 48 * time.Hour, "uploads/x/out.csv": time.Minute,
		"other/kept": 99 * time.Hour,
	} {
		path := filepath.Join(cache, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, make([]byte, 1000), 0o666); err != nil {
			t.Fatal(err)
		}
		used := time.Now().Add(-age)
		for _, p := range []string{path, filepath.Dir(path)} {
			if err := os.Chtimes(p, used, used); err != nil {
				t.Fatal(err)
			}
		}
	}
	list, err := ListBeside(root)
	if err != nil || len(list) != 4 {
		t.Fatalf("%d beside the features, %v, want 4", len(list), err)
	}
	for _, b := range list {
		if b.Bytes != 1000 || time.Since(b.Used) > 73*time.Hour {
			t.Errorf("%+v", b)
		}
	}
	there := func(name string) bool {
		_, err := os.Lstat(filepath.Join(cache, filepath.FromSlash(name)))
		return err == nil
	}
	for _, c := range []struct {
		limit int64
		want  Pruned
	}{
		{4000, Pruned{Left: 4000}}, {3000, Pruned{Others: 1, Bytes: 1000, Left: 3000}}, {0, Pruned{Others: 1, Bytes: 1000, Left: 2000, InUse: 2000}},
	} {
		if got, err := Prune(root, c.limit); err != nil || got != c.want {
			t.Errorf("limit %d: %+v, %v, want %+v", c.limit, got, err, c.want)
		}
		if there("networks/old.onnx") != (c.limit == 4000) {
			t.Errorf("limit %d: the oldest network", c.limit)
		}
	}
	if there("runs/abc") || !there("networks/new.onnx") || !there("uploads/x/out.csv") || !there("other/kept") {
		t.Error("something else was removed or left")
	}
}
