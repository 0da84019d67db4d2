package machine

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"golang.org/x/sys/cpu"

	"finetune/internal/ort/env"
	"finetune/internal/ort/library"
	"finetune/invalid"
	"finetune/pipeline/artifact"
)

// Doctor checks what a run needs of the machine. It changes nothing.
type Doctor struct {
	Library string // path of ONNX Runtime; "" for the default search
	Device  string // what the library is for; "" is the CPU. For cuda what is missing there is a problem
	Cache   string // the cache folder; "" for the default
}

// A DoctorReport is the result of a [Doctor]. Without Problems a run works.
type DoctorReport struct {
	Program  ProgramReport `json:"program"`
	Library  LibraryReport `json:"library"`
	CUDA     *CUDAReport   `json:"cuda,omitempty"` // of the library, where it is a build for CUDA
	CPU      CPUReport     `json:"cpu"`
	Cache    CacheReport   `json:"cache"`
	Problems []Problem     `json:"problems"`
}

// A Problem prevents a run. Advice says how to fix it; both name options as an [invalid.Error] does.
type Problem struct {
	Message string `json:"found"`
	Advice  string `json:"do"`
}

// ProgramReport describes the build of the program.
type ProgramReport struct {
	Version  string `json:"version"` // of this module; "(devel)" when built from a work tree without tags
	Revision string `json:"revision,omitempty"`
	Modified bool   `json:"modified"` // the work tree had changes
	Go       string `json:"go"`
	Platform string `json:"platform"` // GOOS/GOARCH
}

// LibraryPlace is a file or folder of the library search with its state.
type LibraryPlace = library.Place

// LibraryReport describes the ONNX Runtime that a run would use.
type LibraryReport struct {
	Found     bool           `json:"found"`
	Path      string         `json:"path,omitempty"`
	Origin    string         `json:"origin,omitempty"`
	Version   string         `json:"version,omitempty"` // as reported by the library
	Needed    string         `json:"needed"`            // the oldest supported version
	Tested    string         `json:"tested"`            // the version that Setup installs
	Works     bool           `json:"works"`             // it loaded and computed a small network correctly
	Providers []string       `json:"providers"`         // usable on this machine
	Places    []LibraryPlace `json:"places"`            // in search order
}

// CPUReport describes the processor.
type CPUReport struct {
	Cores      int      `json:"cores"`
	GOMAXPROCS int      `json:"gomaxprocs"`
	SIMD       []string `json:"simd"`
}

// CacheReport describes the folder of cached features and the installed library.
type CacheReport struct {
	Path     string `json:"path"`
	Exists   bool   `json:"exists"`
	Files    int    `json:"files"`
	Bytes    int64  `json:"bytes"`
	Writable bool   `json:"writable"`
}

// Run returns the report. Problems of the machine are in the report; the only error is that of ctx.
func (d Doctor) Run(ctx context.Context) (*DoctorReport, error) {
	r := &DoctorReport{
		Program:  Program(),
		CPU:      CPUReport{Cores: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0), SIMD: simd()},
		Problems: []Problem{},
	}
	r.library(ctx, d.Library, d.Device)
	if err := r.cache(ctx, d.Cache); err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return r, nil
}

// problem adds a Problem. The advice is the hint of an *invalid.Error that has one.
func (r *DoctorReport) problem(err error, advice string) {
	var m *invalid.Error
	if errors.As(err, &m) && m.Hint != "" {
		found, hint := *m, &invalid.Error{Hint: m.Hint}
		found.Hint = ""
		r.Problems = append(r.Problems, Problem{found.Error(), strings.TrimPrefix(hint.Error(), ": ; ")})
		return
	}
	r.Problems = append(r.Problems, Problem{err.Error(), advice})
}

// Program returns the build of the running program.
func Program() ProgramReport {
	p := ProgramReport{Version: artifact.Version(), Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	p.Revision, p.Modified = artifact.Revision()
	return p
}

func (r *DoctorReport) library(ctx context.Context, flag, device string) {
	l := &r.Library
	l.Needed, l.Tested = library.Minimum, library.Version
	l.Providers = []string{}
	l.Places = library.Search(flag, device)
	lib, err := env.Open(flag, device)
	if err != nil {
		if found, findErr := library.Find(flag, device); findErr == nil {
			l.Found, l.Path, l.Origin, l.Version = true, found.Path, string(found.Origin), found.Version
		}
		r.problem(err, "run `finetune setup`")
		return
	}
	l.Found, l.Path, l.Origin, l.Version = true, lib.Path, string(lib.Origin), lib.Version
	if lib.Origin == library.FromCache {
		if _, ok := library.Intact(ctx, lib.Path); !ok && ctx.Err() == nil {
			r.problem(errors.New(lib.Path+": not the bytes that were installed"), "run `finetune setup`")
		}
	}
	if err := env.Check(); err != nil {
		r.problem(err, "install the tested library with `finetune setup`, or name another with "+library.EnvVar)
		return
	}
	l.Works = true
	if r.CUDA, err = lookForCUDA(lib.Path); err != nil {
		r.problem(err, "run `finetune setup --device cuda` again")
	}
	switch {
	case device != library.CUDA:
	case r.CUDA == nil:
		r.problem(errors.New(lib.Path+": a build without CUDA"), "run `finetune setup --device cuda`")
	default:
		for _, p := range r.CUDA.Problems() {
			r.Problems = append(r.Problems, Problem{p.Found, p.Advice})
		}
		var e *invalid.Error
		if err := env.CheckOn(library.CUDA, nil); errors.As(err, &e) && len(r.CUDA.Problems()) == 0 {
			r.Problems = append(r.Problems, Problem{fmt.Sprintf("no network runs on CUDA: %v", e.Err), "check the NVIDIA driver with `nvidia-smi`"})
		}
	}
	if l.Providers, err = env.Providers(); err != nil {
		r.problem(err, "install the tested library with `finetune setup`")
	}
}

// simd returns the names of the vector instruction sets that matrix products use.
func simd() []string {
	found := []string{}
	for _, f := range []struct {
		has  bool
		name string
	}{
		{cpu.X86.HasSSE42, "sse4.2"},
		{cpu.X86.HasAVX, "avx"},
		{cpu.X86.HasAVX2, "avx2"},
		{cpu.X86.HasFMA, "fma"},
		{cpu.X86.HasF16C, "f16c"},
		{cpu.X86.HasAVX512F, "avx512f"},
		{cpu.X86.HasAVX512VNNI, "avx512vnni"},
		{cpu.X86.HasAMXTile, "amx"},
		{cpu.ARM64.HasASIMD, "neon"},
		{cpu.ARM64.HasASIMDHP, "fp16"},
		{cpu.ARM64.HasASIMDDP, "dotprod"},
		{cpu.ARM64.HasSVE, "sve"},
	} {
		if f.has {
			found = append(found, f.name)
		}
	}
	return found
}

func (r *DoctorReport) cache(ctx context.Context, dir string) error {
	if dir == "" {
		base, err := os.UserCacheDir()
		if err != nil {
			r.problem(err, "set HOME or XDG_CACHE_HOME, or name a cache folder")
			return nil
		}
		dir = filepath.Join(base, "finetune")
	}
	c := &r.Cache
	c.Path = dir
	info, err := os.Stat(dir)
	c.Exists = err == nil
	if c.Exists && !info.IsDir() {
		r.problem(errors.New("cache "+dir+": not a folder"), "name another cache folder")
		return nil
	}
	err = filepath.WalkDir(dir, func(_ string, e fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil || !e.Type().IsRegular() {
			return nil // deleted or unreadable: the size is an estimate
		}
		if info, err := e.Info(); err == nil {
			c.Files++
			c.Bytes += info.Size()
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := writable(dir); err != nil {
		r.problem(err, "make it writable, or name another cache folder")
		return nil
	}
	c.Writable = true
	return nil
}

// writable creates and removes a file in dir or, if dir doesn't exist, in its nearest existing parent.
func writable(dir string) error {
	for {
		f, err := os.CreateTemp(dir, ".finetune-doctor-*")
		if errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir {
			dir = filepath.Dir(dir)
			continue
		}
		if err != nil {
			return err
		}
		return errors.Join(f.Close(), os.Remove(f.Name()))
	}
}
