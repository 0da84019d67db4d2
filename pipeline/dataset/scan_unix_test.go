//go:build unix

package dataset

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"finetune/invalid"
)

// Nothing that isn't a regular file is read, since that may never end.
func TestSpecialFiles(t *testing.T) {
	root := folder(t, "1/a.jpg", "2/b.jpg")
	for _, name := range []string{"1/fifo.jpg", "m.csv", "m.jsonl", "m.json", "AVA.txt", "l.txt", "i.jpg",
		"fold_0_data.txt"} {
		if err := syscall.Mkfifo(filepath.Join(root, name), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for _, name := range []string{"m.csv", "m.jsonl", "m.json", "AVA.txt", "l.txt", "i.jpg", "fold_0_data.txt",
			"/dev/zero", "."} {
			path := filepath.Join(root, name)
			if filepath.IsAbs(name) {
				path = name
			}
			for _, unlabelled := range []bool{false, true} {
				if _, err := Load(t.Context(), Options{Path: path, Unlabelled: unlabelled}); !invalid.Is(err) {
					t.Errorf("%s: %v", name, err)
				} else if strings.HasSuffix(name, ".csv") && !strings.Contains(err.Error(), "a named pipe") {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("a file that isn't regular was opened")
	}
}
