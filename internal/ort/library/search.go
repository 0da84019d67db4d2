package library

import (
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// A searcher holds everything that the outcome of a search depends on.
type searcher struct {
	goos, goarch string
	named, env   string   // file names given by the user
	binaryDir    string   // folder of the running program
	cacheDir     string   // holds a folder per digest, each with one library; see [installedPath]
	cudaDir      string   // the same for builds for CUDA; "" where they aren't looked for
	systemDirs   []string // in the order of search
}

func newSearcher(path, device string) *searcher {
	s := &searcher{goos: runtime.GOOS, goarch: runtime.GOARCH, named: path, env: os.Getenv(EnvVar)}
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		s.binaryDir = filepath.Dir(exe)
	}
	if dir, err := CacheDir(""); err == nil {
		s.cacheDir = dir
	}
	if dir, err := CacheDir(CUDA); err == nil && (device == CUDA || device == "auto") {
		s.cudaDir = dir
	}
	s.systemDirs = systemDirs(s.goos, s.goarch, os.Getenv)
	return s
}

// systemDirs lists where the system's loader or its package managers keep shared libraries. Windows has none:
// the onnxruntime.dll in its system folder is the old one that Windows itself uses.
func systemDirs(goos, goarch string, getenv func(string) string) []string {
	var dirs []string
	switch goos {
	case "darwin":
		dirs = append(filepath.SplitList(getenv("DYLD_LIBRARY_PATH")),
			"/opt/homebrew/lib", "/usr/local/lib", "/opt/local/lib")
	case "windows":
		return nil
	default:
		triplet := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[goarch]
		dirs = append(filepath.SplitList(getenv("LD_LIBRARY_PATH")), "/usr/local/lib", "/usr/local/lib64")
		if triplet != "" {
			dirs = append(dirs, filepath.Join("/usr/lib", triplet))
		}
		dirs = append(dirs, "/usr/lib64", "/usr/lib")
	}
	// A relative entry would make the outcome depend on the working folder.
	return slices.DeleteFunc(dirs, func(d string) bool { return !filepath.IsAbs(d) })
}

// fileNames lists the names that ONNX Runtime's packages give the library on goos, best first.
func fileNames(goos string) []string {
	switch goos {
	case "darwin":
		return []string{"libonnxruntime." + Version + ".dylib", "libonnxruntime.dylib"}
	case "windows":
		return []string{"onnxruntime.dll"}
	default:
		return []string{"libonnxruntime.so." + Version, "libonnxruntime.so.1", "libonnxruntime.so"}
	}
}

// cudaFile is the name of the library of a build for CUDA.
func cudaFile(goos string) string {
	return strings.Replace(fileNames(goos)[0], Version, CUDAVersion, 1)
}

// places yields what is at each place in the order of search. A folder without any candidate is one missing
// place; a folder with candidates yields each of them.
func (s *searcher) places() iter.Seq[Place] {
	return func(yield func(Place) bool) {
		for _, file := range []struct {
			origin Origin
			path   string
		}{{FromFlag, s.named}, {FromEnv, s.env}} {
			if file.path == "" {
				continue
			}
			// The loader searches its own folders for a bare name; an absolute one means this file.
			if abs, err := filepath.Abs(file.path); err == nil {
				file.path = abs
			}
			if !yield(s.look(file.origin, file.path)) {
				return
			}
		}
		if s.binaryDir != "" && !s.folder(FromBinary, s.binaryDir, s.candidates(s.binaryDir), yield) {
			return
		}
		if s.cudaDir != "" && !s.folder(FromCache, s.cudaDir, installed(s.cudaDir, cudaFile(s.goos)), yield) {
			return
		}
		if s.cacheDir != "" && !s.folder(FromCache, s.cacheDir, installed(s.cacheDir, fileNames(s.goos)[0]), yield) {
			return
		}
		for _, dir := range s.systemDirs {
			if !s.folder(FromSystem, dir, s.candidates(dir), yield) {
				return
			}
		}
	}
}

// folder yields the files of dir, or dir itself as missing when there are none.
func (s *searcher) folder(origin Origin, dir string, files []string, yield func(Place) bool) bool {
	if len(files) == 0 {
		return yield(Place{Origin: origin, Path: dir, State: Missing})
	}
	for _, f := range files {
		if !yield(s.look(origin, f)) {
			return false
		}
	}
	return true
}

// candidates returns the files in dir with one of the library's names, each file once however many links to
// it there are.
func (s *searcher) candidates(dir string) []string {
	var found []string
	var infos []fs.FileInfo
	for _, name := range fileNames(s.goos) {
		path := filepath.Join(dir, name)
		info, err := os.Stat(path)
		if err != nil || slices.ContainsFunc(infos, func(other fs.FileInfo) bool { return os.SameFile(info, other) }) {
			continue
		}
		infos = append(infos, info)
		found = append(found, path)
	}
	return found
}

// look says what is at path.
func (s *searcher) look(origin Origin, path string) Place {
	p := Place{Origin: origin, Path: path}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		p.State = Missing
		return p
	case err != nil:
		p.State, p.Detail = Unfit, cause(err)
		return p
	case info.IsDir():
		p.State, p.Detail = Unfit, "a folder, not a file"
		return p
	case !info.Mode().IsRegular():
		p.State, p.Detail = Unfit, "not a regular file"
		return p
	}
	version, err := inspect(path, s.goos, s.goarch)
	if err != nil {
		p.State, p.Detail = Unfit, cause(err)
		return p
	}
	if version == "" {
		version = versionInName(path)
	}
	p.Version, p.State = version, Usable
	if version != "" && olderThan(version, Minimum) {
		p.State, p.Detail = TooOld, "version "+version
	}
	return p
}

// cause drops the operation and the path that the os package puts before a cause: the message names them.
func cause(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return strings.TrimSpace(err.Error())
}
