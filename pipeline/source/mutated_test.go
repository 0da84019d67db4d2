package source

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"finetune/invalid"
)

// Damaged archives and tables must give errors that belong to them, never a panic or a failure of the machine.
func TestMutatedFiles(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"huggingface.parquet", "paths.parquet", "webdataset.tar", "webdataset.tar.gz",
		"z.zip"} {
		data := []byte(zipOf(t, "a.jpg=abc", "b.jpg=abcabcabcabcabc", "b.cls=1", "b.json={}"))
		if name != "z.zip" {
			var err error
			if data, err = os.ReadFile("testdata/" + name); err != nil {
				t.Fatal(err)
			}
		}
		r := rand.New(rand.NewPCG(1, 1))
		for range 100 {
			bad := slices.Clone(data)
			for range 1 + r.IntN(4) {
				bad[r.IntN(len(bad))] = byte(r.IntN(256))
			}
			if r.IntN(4) == 0 {
				bad = bad[:r.IntN(len(bad))]
			}
			s, err := Open(t.Context(), Options{Path: write(t, dir, name, string(bad))})
			if err != nil {
				t.Fatal(err)
			}
			for it, err := range s.All(t.Context()) {
				if err == nil {
					_, err = it.Bytes(t.Context())
				}
				if err != nil && !invalid.Is(err) {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}
}
