//go:build unix

package source

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"finetune/invalid"
)

func TestSpecialFilesAreErrorsOfTheirItems(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "a.jpg"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "s.tar"), 0o666); err != nil {
		t.Fatal(err)
	}
	write(t, dir, "b.jpg", "b")
	got, err := listed(t, dir, Options{Path: dir})
	if err != nil || !slices.EqualFunc(got, []string{"a.jpg!a named pipe", "b.jpg=b"}, strings.HasPrefix) {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := listed(t, dir, Options{Path: filepath.Join(dir, "s.tar")}); !invalid.Is(err) {
		t.Errorf("got %v", err)
	}
	if os.Getuid() != 0 {
		closed := filepath.Join(dir, "closed")
		os.Mkdir(closed, 0)
		got, err := listed(t, dir, Options{Path: dir})
		if err != nil || len(got) != 3 || !strings.HasPrefix(got[2], "closed!a folder that cannot be read") {
			t.Errorf("%q, %v", got, err)
		}
	}
}

// A failure of the machine must not pass for an error of one image, which a job would only note.
func TestFailuresOfTheMachine(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.EIO, syscall.EMFILE, syscall.ENOMEM} {
		err := failure("x", "damaged", fmt.Errorf("read: %w", &fs.PathError{Op: "read", Path: "x", Err: errno}))
		if invalid.Is(err) {
			t.Errorf("%v became %v", errno, err)
		}
	}
	if err := failure("x", "damaged", fs.ErrInvalid); !invalid.Is(err) {
		t.Errorf("got %v", err)
	}
	if err := failure("x", "damaged", &invalid.Error{Found: "y"}); err.Error() != "x: y" {
		t.Errorf("got %v", err)
	}
}

// The number of open files must be enough for more tables than may be open at once.
func TestFewFilesStayOpen(t *testing.T) {
	data, err := os.ReadFile("testdata/huggingface.parquet")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i := range 3 * maxCursors {
		write(t, dir, fmt.Sprintf("%03d.parquet", i), string(data))
	}
	s, err := Open(t.Context(), Options{Path: dir + "/*.parquet"})
	if err != nil {
		t.Fatal(err)
	}
	items, err := s.Items(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	before := openFiles(t)
	for i := 0; i < len(items); i += 7 {
		if _, err := items[i].Bytes(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := openFiles(t) - before; n > maxCursors {
		t.Errorf("%d files stay open", n)
	}
	s.Close()
	if n := openFiles(t) - before; n != 0 {
		t.Errorf("%d files are left open", n)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(entries)
}
