package scratch

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

func TestFloats(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	const n = 1<<20 + 3
	s, err := New(dir, n)
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Data) != n {
		t.Fatalf("room for %d numbers, want %d", len(s.Data), n)
	}
	for i := range s.Data {
		if s.Data[i] != 0 {
			t.Fatalf("number %d is %v at first", i, s.Data[i])
		}
		s.Data[i] = float32(i)
	}
	for i, v := range s.Data {
		if v != float32(i) {
			t.Fatalf("number %d is %v", i, v)
		}
	}
	if runtime.GOOS != "windows" {
		empty(t, dir) // already
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	empty(t, dir)
}

func empty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestNewRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, n := range []int{-1, 0} {
		if s, err := New(dir, n); err == nil {
			s.Close()
			t.Errorf("room for %d numbers", n)
		}
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if s, err := New(file, 1); err == nil {
		s.Close()
		t.Error("a file served as a folder")
	}
}

func TestTotalMemory(t *testing.T) {
	for text, want := range map[string]int64{
		"MemTotal:       24683620 kB\nMemFree:        15 kB\n": 24683620 << 10,
		"MemFree: 1 kB\nMemTotal: 2 kB\n":                      2 << 10,
		"MemTotal: many kB\n":                                  0,
		"":                                                     0,
	} {
		if got := totalMemory(text); got != want {
			t.Errorf("%q: got %d, want %d", text, got, want)
		}
	}
	if runtime.GOOS == "linux" && Memory() < 1<<20 {
		t.Errorf("this machine has %d bytes of memory", Memory())
	}
}
