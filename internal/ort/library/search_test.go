package library

import (
	"debug/elf"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"finetune/invalid"
)

// aLinuxSearcher looks only into folders of the test.
func aLinuxSearcher(t *testing.T) *searcher {
	root := t.TempDir()
	return &searcher{
		goos: "linux", goarch: "amd64",
		binaryDir:  filepath.Join(root, "bin"),
		cacheDir:   filepath.Join(root, "cache"),
		systemDirs: []string{filepath.Join(root, "usr1"), filepath.Join(root, "usr2")},
	}
}

func TestFind(t *testing.T) {
	good, old := goodLibrary("1.24.3"), goodLibrary("1.23.2")
	for _, c := range []struct {
		name  string
		setup func(t *testing.T, s *searcher) (want string)
		from  Origin
	}{
		{"flag before all", func(t *testing.T, s *searcher) string {
			s.named = write(t, s.binaryDir, "mine.so", good)
			s.env = write(t, s.binaryDir, "other.so", good)
			write(t, s.binaryDir, "libonnxruntime.so", good)
			return s.named
		}, FromFlag},
		{"environment before the binary's folder", func(t *testing.T, s *searcher) string {
			s.env = write(t, s.binaryDir, "other.so", good)
			write(t, s.binaryDir, "libonnxruntime.so", good)
			return s.env
		}, FromEnv},
		{"binary's folder before the cache", func(t *testing.T, s *searcher) string {
			write(t, s.cacheDir, "digest/libonnxruntime.so."+Version, good)
			return write(t, s.binaryDir, "libonnxruntime.so", good)
		}, FromBinary},
		{"cache before the system", func(t *testing.T, s *searcher) string {
			write(t, s.systemDirs[0], "libonnxruntime.so", good)
			return write(t, s.cacheDir, "digest/libonnxruntime.so."+Version, good)
		}, FromCache},
		{"the last set-up of several", func(t *testing.T, s *searcher) string {
			first := write(t, s.cacheDir, "a/libonnxruntime.so."+Version, good)
			if err := os.Chtimes(first, time.Unix(1, 0), time.Unix(1, 0)); err != nil {
				t.Fatal(err)
			}
			return write(t, s.cacheDir, "b/libonnxruntime.so."+Version, good)
		}, FromCache},
		{"system folders in order", func(t *testing.T, s *searcher) string {
			write(t, s.systemDirs[1], "libonnxruntime.so", good)
			return write(t, s.systemDirs[0], "libonnxruntime.so", good)
		}, FromSystem},
		{"the full name before the plain one", func(t *testing.T, s *searcher) string {
			write(t, s.binaryDir, "libonnxruntime.so", goodLibrary("1.25.0"))
			return write(t, s.binaryDir, "libonnxruntime.so."+Version, good)
		}, FromBinary},
		{"past what is too old", func(t *testing.T, s *searcher) string {
			write(t, s.binaryDir, "libonnxruntime.so", old)
			return write(t, s.systemDirs[1], "libonnxruntime.so", good)
		}, FromSystem},
		{"past what is no library", func(t *testing.T, s *searcher) string {
			write(t, s.binaryDir, "libonnxruntime.so", []byte("text"))
			write(t, s.systemDirs[0], "libonnxruntime.so", elfLibrary(elf.EM_AARCH64, elf.ET_DYN, entryPoint, "1.24.3"))
			return write(t, s.systemDirs[1], "libonnxruntime.so", good)
		}, FromSystem},
		{"through a link", func(t *testing.T, s *searcher) string {
			real := write(t, s.systemDirs[1], "libonnxruntime.so.1.24.3", good)
			s.named = filepath.Join(s.systemDirs[1], "link.so")
			link(t, real, s.named)
			return s.named
		}, FromFlag},
		{"version by the name behind a link", func(t *testing.T, s *searcher) string {
			real := write(t, s.systemDirs[1], "libonnxruntime.so.1.24.3", goodLibrary(""))
			s.env = filepath.Join(s.systemDirs[1], "link.so")
			link(t, real, s.env)
			return s.env
		}, FromEnv},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := aLinuxSearcher(t)
			want := c.setup(t, s)
			got, err := s.find()
			if err != nil {
				t.Fatal(err)
			}
			if got.Path != want || got.Origin != c.from || got.Version != "1.24.3" {
				t.Errorf("got %+v, want %s from %s", got, want, c.from)
			}
		})
	}
}

func link(t *testing.T, to, at string) {
	t.Helper()
	if err := os.Symlink(to, at); err != nil {
		t.Skip("no symbolic links here:", err)
	}
}

func TestFindFails(t *testing.T) {
	for _, c := range []struct {
		name  string
		setup func(t *testing.T, s *searcher) (path string)
		want  []string // parts of the message
	}{
		{"nothing anywhere", func(t *testing.T, s *searcher) string { return s.systemDirs[1] },
			[]string{"ONNX Runtime: not found in", "finetune setup", "Images.Library", EnvVar, "version 1.24 or newer"}},
		{"flag to nothing, though another would do", func(t *testing.T, s *searcher) string {
			write(t, s.binaryDir, "libonnxruntime.so", goodLibrary("1.24.3"))
			s.named = filepath.Join(s.binaryDir, "gone.so")
			return s.named
		}, []string{"Images.Library", "missing", "finetune setup"}},
		{"environment to a folder", func(t *testing.T, s *searcher) string {
			s.env = t.TempDir()
			return s.env
		}, []string{EnvVar + " ", "a folder, not a file", "unset " + EnvVar}},
		{"environment to a text", func(t *testing.T, s *searcher) string {
			s.env = write(t, s.binaryDir, "lib.so", []byte("hello, world"))
			return s.env
		}, []string{EnvVar + " ", "not a library file"}},
		{"flag to an old one", func(t *testing.T, s *searcher) string {
			s.named = write(t, s.binaryDir, "lib.so", goodLibrary("1.19.2"))
			return s.named
		}, []string{"too old: version 1.19.2", "1.24 or newer"}},
		{"flag to one that is old by name alone", func(t *testing.T, s *searcher) string {
			s.named = write(t, s.binaryDir, "libonnxruntime.so.1.8.0", goodLibrary(""))
			return s.named
		}, []string{"too old: version 1.8.0"}},
		{"flag to another processor's", func(t *testing.T, s *searcher) string {
			s.named = write(t, s.binaryDir, "lib.so", elfLibrary(elf.EM_AARCH64, elf.ET_DYN, entryPoint, "1.24.3"))
			return s.named
		}, []string{"built for EM_AARCH64, this program for amd64"}},
		{"only old ones", func(t *testing.T, s *searcher) string {
			return write(t, s.systemDirs[0], "libonnxruntime.so", goodLibrary("1.16.0"))
		}, []string{"too old: version 1.16.0", "nothing in", "finetune setup"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := aLinuxSearcher(t)
			path := c.setup(t, s)
			_, err := s.find()
			var m *invalid.Error
			if !errors.As(err, &m) {
				t.Fatalf("got %v, want a mistake", err)
			}
			for _, part := range append(c.want, path) {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q lacks %q", err, part)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("more than one line: %q", err)
			}
		})
	}
}

// Every place is reported although the first would do, links to one file once.
func TestPlaces(t *testing.T) {
	s := aLinuxSearcher(t)
	first := write(t, s.binaryDir, "libonnxruntime.so.1", goodLibrary("1.24.3"))
	link(t, first, filepath.Join(s.binaryDir, "libonnxruntime.so"))
	old := write(t, s.systemDirs[1], "libonnxruntime.so", goodLibrary("1.2.0"))
	want := []Place{
		{FromBinary, first, Usable, "1.24.3", ""},
		{FromCache, s.cacheDir, Missing, "", ""},
		{FromSystem, s.systemDirs[0], Missing, "", ""},
		{FromSystem, old, TooOld, "1.2.0", "version 1.2.0"},
	}
	if got := slices.Collect(s.places()); !slices.Equal(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// The public functions read the process's environment.
func TestFindByEnvironment(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("the made library is for linux/amd64")
	}
	dir := t.TempDir()
	t.Setenv("XDG_CACHE_HOME", dir)
	t.Setenv(EnvVar, write(t, dir, "a.so", goodLibrary("1.24.1")))
	if got, err := Find("", ""); err != nil || got.Origin != FromEnv || got.Version != "1.24.1" {
		t.Errorf("got %+v, %v", got, err)
	}
	places := Search(filepath.Join(dir, "b.so"), "")
	if places[0].Origin != FromFlag || places[0].State != Missing || places[1].Origin != FromEnv {
		t.Errorf("got %+v", places)
	}
}

func TestSystemDirs(t *testing.T) {
	env := func(string) string {
		return "relative" + string(filepath.ListSeparator) + filepath.FromSlash("/opt/ort/lib")
	}
	if got := systemDirs("linux", "arm64", env); got[0] != "/opt/ort/lib" || !slices.Contains(got, "/usr/lib/aarch64-linux-gnu") {
		t.Errorf("linux: %v", got)
	}
	if got := systemDirs("darwin", "arm64", env); got[0] != "/opt/ort/lib" || !slices.Contains(got, "/opt/homebrew/lib") {
		t.Errorf("darwin: %v", got)
	}
	if got := systemDirs("windows", "amd64", env); len(got) != 0 {
		t.Errorf("windows: %v", got)
	}
}
