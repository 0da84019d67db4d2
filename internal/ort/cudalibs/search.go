package cudalibs

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// A searcher holds everything that the outcome of a search depends on.
type searcher struct {
	root   string // of the file system, "" for "/"; another one in tests
	arch   string
	getenv func(string) string
	home   string
	python string // the python3 on PATH, "" for none
}

func newSearcher() *searcher {
	s := &searcher{arch: runtime.GOARCH, getenv: os.Getenv}
	s.home, _ = os.UserHomeDir()
	s.python, _ = exec.LookPath("python3")
	return s
}

// folders lists where libraries of CUDA may lie: what the environment names, Python environments, the system.
func (s *searcher) folders() []string {
	list := filepath.SplitList(s.getenv("LD_LIBRARY_PATH"))
	for _, prefix := range s.prefixes() {
		for _, packages := range []string{"site-packages", "dist-packages"} {
			list = append(list, s.glob(prefix, "lib/python3*", packages, "nvidia/*/lib")...)
		}
	}
	if conda := s.getenv("CONDA_PREFIX"); conda != "" {
		list = append(list, filepath.Join(conda, "lib"))
	}
	for _, name := range []string{"CUDA_HOME", "CUDA_PATH"} {
		if dir := s.getenv(name); dir != "" {
			list = append(list, filepath.Join(dir, "lib64"))
		}
	}
	list = append(list, "/usr/local/cuda/lib64")
	list = append(list, s.glob("/usr/local/cuda-*/lib64")...)
	list = append(list, s.configured("/etc/ld.so.conf", 0)...)
	triplet := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[s.arch]
	list = append(list, filepath.Join("/usr/lib", triplet), "/usr/lib64", "/usr/lib", "/usr/lib/wsl/lib")
	seen := map[string]bool{}
	return slices.DeleteFunc(list, func(dir string) bool {
		again := seen[dir]
		seen[dir] = true
		return again || !filepath.IsAbs(dir)
	})
}

// prefixes lists the Python environments: the one that is active, that of the python3 on PATH, the user's, the system's.
func (s *searcher) prefixes() []string {
	list := []string{s.getenv("VIRTUAL_ENV"), s.getenv("CONDA_PREFIX")}
	if s.python != "" {
		list = append(list, filepath.Dir(filepath.Dir(s.python)))
	}
	if s.home != "" {
		list = append(list, filepath.Join(s.home, ".local"))
	}
	list = append(list, "/usr/local", "/usr")
	return slices.DeleteFunc(list, func(dir string) bool { return dir == "" })
}

// configured reads the folders of the loader's configuration.
func (s *searcher) configured(file string, depth int) (list []string) {
	const deepest = 4 // a file may include itself
	data, err := os.ReadFile(filepath.Join(s.root, file))
	if err != nil || depth > deepest {
		return nil
	}
	for line := range strings.Lines(string(data)) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		switch {
		case len(fields) == 2 && fields[0] == "include":
			pattern := fields[1]
			if !filepath.IsAbs(pattern) {
				pattern = filepath.Join(filepath.Dir(file), pattern)
			}
			for _, included := range s.glob(pattern) {
				list = append(list, s.configured(included, depth+1)...)
			}
		case len(fields) == 1:
			list = append(list, fields[0])
		}
	}
	return list
}

// glob returns the matches below root, without root.
func (s *searcher) glob(parts ...string) []string {
	matches, err := filepath.Glob(filepath.Join(append([]string{s.root}, parts...)...))
	if err != nil {
		return nil
	}
	for i := range matches {
		matches[i] = "/" + strings.TrimPrefix(strings.TrimPrefix(matches[i], s.root), "/")
	}
	return matches
}

// find returns the file of a library, and where there is none a file of another version of it.
func (s *searcher) find(name string, folders []string) (path, other string) {
	stem, _, _ := strings.Cut(name, ".so")
	for _, dir := range folders {
		file := filepath.Join(dir, name)
		if info, err := os.Stat(filepath.Join(s.root, file)); err == nil && !info.IsDir() {
			return file, ""
		}
		if others := s.glob(dir, stem+".so.*"); other == "" && len(others) > 0 {
			other = others[0]
		}
	}
	return "", other
}
