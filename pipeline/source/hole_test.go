package source

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"finetune/invalid"
)

// A file with a hole reads as zeros, here for an hour if nothing bounded it.
func TestListWithHole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "list.txt")
	if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 1<<12), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 1<<40); err != nil {
		t.Skip("no files with holes here: ", err)
	}
	s, err := Open(t.Context(), Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	_, err = s.Items(t.Context())
	if !invalid.Is(err) || !strings.Contains(err.Error(), "a line of more than") {
		t.Errorf("got %v", err)
	}
}
