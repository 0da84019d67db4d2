package library

import (
	"bytes"
	"context"
	"debug/elf"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"finetune/invalid"
)

const (
	cudaMember   = "onnxruntime/capi/libonnxruntime.so." + CUDAVersion
	sharedMember = "onnxruntime/capi/libonnxruntime_providers_shared.so"
)

var (
	cudaBuild  = elfLibrary(elf.EM_X86_64, elf.ET_DYN, entryPoint, CUDAVersion)
	sharedFile = []byte("shared")
)

func cudaInstaller(t *testing.T, bring []byte) *installer {
	return &installer{
		platform: platform{"linux", "amd64"}, device: CUDA, dir: filepath.Join(t.TempDir(), "cache"),
		pins: []pin{{client: "pip", pkg: "onnxruntime-gpu", version: CUDAVersion, tag: "manylinux", member: cudaMember, sha256: sumOf(cudaBuild),
			companions: []companion{{sharedMember, sumOf(sharedFile)}}}},
		fetch: func(_ context.Context, _ pin, dir string) (string, error) {
			if bring == nil {
				return "", errNoClient
			}
			return write(t, dir, "package", bring), nil
		},
	}
}

// A build for CUDA is its library with the files beside it, all verified; the library isn't there before they are.
func TestInstallForCUDA(t *testing.T) {
	whole := wheel(t, entry{name: cudaMember, body: cudaBuild}, entry{name: sharedMember, body: sharedFile})
	for name, c := range map[string]struct {
		bring []byte
		o     Options
		wrong string
	}{
		"from pip":                {whole, Options{}, ""},
		"from a wheel":            {nil, Options{From: write(t, t.TempDir(), "w.whl", whole)}, ""},
		"without a client":        {nil, Options{}, "no pip on this machine; expected Python 3 with pip"},
		"npm":                     {whole, Options{With: "npm"}, `unknown client "npm"; expected pip`},
		"the library alone":       {nil, Options{From: write(t, t.TempDir(), "lib.so", cudaBuild)}, "without the files that belong beside it"},
		"without a companion":     {nil, Options{From: write(t, t.TempDir(), "w.whl", wheel(t, entry{name: cudaMember, body: cudaBuild}))}, "no such file inside"},
		"another companion":       {nil, Options{From: write(t, t.TempDir(), "w.whl", wheel(t, entry{name: cudaMember, body: cudaBuild}, entry{name: sharedMember, body: []byte("other")}))}, "SHA-256 of libonnxruntime_providers_shared.so is"},
		"the build for the CPU":   {nil, Options{From: write(t, t.TempDir(), "w.whl", wheel(t, entry{name: pipMember, body: pipBuild}))}, "expected the wheel of onnxruntime-gpu " + CUDAVersion},
		"a companion is a link":   {nil, Options{From: write(t, t.TempDir(), "w.whl", wheel(t, entry{name: cudaMember, body: cudaBuild}, entry{name: sharedMember, link: "/etc/passwd"}))}, "not a regular file"},
		"a file and a client":     {nil, Options{From: "x", With: "pip"}, "given together"},
		"a wheel that is cut off": {nil, Options{From: write(t, t.TempDir(), "w.whl", whole[:len(whole)/2])}, "damaged zip"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			in := cudaInstaller(t, c.bring)
			done, err := in.install(t.Context(), c.o)
			if c.wrong != "" {
				if !invalid.Is(err) || !strings.Contains(err.Error(), c.wrong) {
					t.Errorf("got %v, want %q", err, c.wrong)
				}
				if left := filesUnder(t, in.dir); len(left) != 0 {
					t.Errorf("in the cache: %v", left)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			shared := filepath.Join(filepath.Dir(done.Path), filepath.Base(sharedMember))
			for path, want := range map[string][]byte{done.Path: cudaBuild, shared: sharedFile} {
				if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%s: %v", path, err)
				}
			}
			if done.Version != CUDAVersion || done.Already || filepath.Base(done.Path) != filepath.Base(cudaMember) {
				t.Errorf("got %+v", done)
			}
			if again, err := cudaInOffline(in).install(t.Context(), Options{}); err != nil || !again.Already {
				t.Errorf("again: %+v, %v", again, err)
			}
			if err := os.WriteFile(shared, []byte("damaged"), 0o644); err != nil {
				t.Fatal(err)
			}
			if again, err := in.install(t.Context(), c.o); err != nil || again.Already {
				t.Errorf("damaged: %+v, %v", again, err)
			}
			if got, err := os.ReadFile(shared); err != nil || !bytes.Equal(got, sharedFile) {
				t.Errorf("not mended: %q, %v", got, err)
			}
		})
	}
}

// cudaInOffline is the same cache without clients.
func cudaInOffline(in *installer) *installer {
	other := *in
	other.fetch = func(context.Context, pin, string) (string, error) { return "", errNoClient }
	return &other
}

// The build for CUDA is taken for CUDA alone; without it the other one is.
func TestFindForCUDA(t *testing.T) {
	cpu, cuda := t.TempDir(), t.TempDir()
	plain := write(t, filepath.Join(cpu, "a"), fileNames("linux")[0], goodLibrary(Version))
	s := &searcher{goos: "linux", goarch: "amd64", cacheDir: cpu, cudaDir: cuda}
	if lib, err := s.find(); err != nil || lib.Path != plain {
		t.Errorf("without a build for CUDA: %+v, %v", lib, err)
	}
	special := write(t, filepath.Join(cuda, "b"), cudaFile("linux"), cudaBuild)
	if lib, err := s.find(); err != nil || lib.Path != special || lib.Version != CUDAVersion || lib.Origin != FromCache {
		t.Errorf("with one: %+v, %v", lib, err)
	}
	for device, want := range map[string]bool{"": false, "cpu": false, "xnnpack": false, CUDA: true, "auto": true} {
		if got := newSearcher("", device).cudaDir != ""; got != want {
			t.Errorf("%q looks for a build for CUDA: %v", device, got)
		}
	}
}

func TestInstallForOtherDevices(t *testing.T) {
	if _, err := Install(t.Context(), Options{Device: "coreml"}); !invalid.Is(err) || !strings.Contains(err.Error(), `Images.Device: "coreml"; expected cpu or cuda`) {
		t.Errorf("got %v", err)
	}
	in := &installer{platform: platform{"darwin", "arm64"}, device: CUDA, dir: t.TempDir()}
	if _, err := in.install(t.Context(), Options{}); !invalid.Is(err) || !strings.Contains(err.Error(), "no ONNX Runtime for CUDA is pinned for darwin/arm64; expected linux/amd64") {
		t.Errorf("got %v", err)
	}
}

func TestCUDAPins(t *testing.T) {
	digest := regexp.MustCompile(`^[0-9a-f]{64}$`)
	for at, list := range cudaPins {
		for _, p := range list {
			if p.release() != CUDAVersion || !digest.MatchString(p.sha256) || !strings.HasSuffix(p.member, "libonnxruntime.so."+CUDAVersion) {
				t.Errorf("%v: pin %+v", at, p)
			}
			provider := false
			for _, c := range p.companions {
				provider = provider || strings.HasSuffix(c.member, CUDAProvider)
				if !digest.MatchString(c.sha256) {
					t.Errorf("%v: %+v", at, c)
				}
			}
			if !provider {
				t.Errorf("%v: no provider for CUDA", at)
			}
		}
	}
}
