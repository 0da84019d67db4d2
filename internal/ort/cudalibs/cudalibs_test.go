package cudalibs

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"finetune/internal/ort/library"
)

// provider is an ELF file that says it needs libraries, and nothing else.
func provider(needed ...string) []byte {
	le := binary.LittleEndian
	names, dynamic := []byte{0}, &bytes.Buffer{}
	for _, n := range needed {
		binary.Write(dynamic, le, elf.Dyn64{Tag: int64(elf.DT_NEEDED), Val: uint64(len(names))})
		names = append(append(names, n...), 0)
	}
	binary.Write(dynamic, le, elf.Dyn64{})
	sections := "\x00.dynamic\x00.dynstr\x00.shstrtab\x00"
	const head = 64
	var body bytes.Buffer
	table := []elf.Section64{{}}
	for _, s := range []struct {
		name string
		kind elf.SectionType
		link uint32
		data []byte
	}{{".dynamic", elf.SHT_DYNAMIC, 2, dynamic.Bytes()}, {".dynstr", elf.SHT_STRTAB, 0, names}, {".shstrtab", elf.SHT_STRTAB, 0, []byte(sections)}} {
		table = append(table, elf.Section64{Name: uint32(strings.Index(sections, s.name+"\x00")), Type: uint32(s.kind), Link: s.link,
			Off: uint64(head + body.Len()), Size: uint64(len(s.data)), Addralign: 1})
		body.Write(s.data)
	}
	var out bytes.Buffer
	binary.Write(&out, le, elf.Header64{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(elf.ET_DYN), Machine: uint16(elf.EM_X86_64), Version: uint32(elf.EV_CURRENT), Ehsize: head,
		Shoff: uint64(head + body.Len()), Shentsize: 64, Shnum: uint16(len(table)), Shstrndx: uint16(len(table) - 1)})
	out.Write(body.Bytes())
	binary.Write(&out, le, table)
	return out.Bytes()
}

// write puts files, by their paths, below a root.
func write(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for path, body := range files {
		path = filepath.Join(root, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(body), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
}

// build is a folder with a provider.
func build(t *testing.T, needed ...string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, map[string]string{library.CUDAProvider: string(provider(needed...))})
	return dir
}

// of13 is what the build for CUDA 13 says it needs.
var of13 = []string{"libcublasLt.so.13", "libcublas.so.13", "libcurand.so.10", "libcudart.so.13", "libcuda.so.1", "libc.so.6"}

func TestNeeds(t *testing.T) {
	for name, c := range map[string]struct {
		needed []string
		want   string
		cuda   string
	}{
		"cuda 13": {of13, "libcudart.so.13 libnvrtc.so.13 libcublasLt.so.13 libcublas.so.13 libcurand.so.10 libcudnn.so.9 libcuda.so.1", "13"},
		"cuda 12, cuDNN declared": {[]string{"libcudnn.so.9", "libcufft.so.11", "libcudart.so.12"},
			"libcudart.so.12 libnvrtc.so.12 libcufft.so.11 libcudnn.so.9 libcuda.so.1", "12"},
	} {
		got, cuda, err := needs(build(t, c.needed...))
		if err != nil || strings.Join(got, " ") != c.want || cuda != c.cuda {
			t.Errorf("%s: %q, CUDA %s, %v", name, got, cuda, err)
		}
	}
	for name, dir := range map[string]string{"no provider": t.TempDir(), "for no GPU": build(t, "libc.so.6")} {
		if _, _, err := needs(dir); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	damaged := t.TempDir()
	write(t, damaged, map[string]string{library.CUDAProvider: string(provider(of13...)[:100])})
	if _, _, err := needs(damaged); err == nil || errors.Is(err, os.ErrNotExist) {
		t.Errorf("damaged: %v", err)
	}
}

// Libraries are found where pip, conda, the environment and the system put them; the first place counts.
func TestLook(t *testing.T) {
	const site = "/venv/lib/python3.12/site-packages/nvidia/"
	all := map[string]string{
		site + "cu13/lib/libcudart.so.13": "", site + "cu13/lib/libnvrtc.so.13": "", site + "cu13/lib/libcublasLt.so.13": "",
		site + "cu13/lib/libcublas.so.13": "", site + "cu13/lib/libcurand.so.10": "", site + "cudnn/lib/libcudnn.so.9": "",
		"/usr/lib/x86_64-linux-gnu/libcuda.so.1": "",
		"/proc/driver/nvidia/version":            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\nGCC version: gcc 13.3.0\n",
	}
	for name, c := range map[string]struct {
		env      map[string]string
		python   string
		files    map[string]string
		missing  string // names
		problems []string
	}{
		"active environment":     {map[string]string{"VIRTUAL_ENV": "/venv"}, "", all, "", nil},
		"python3 on PATH":        {nil, "/venv/bin/python3", all, "", nil},
		"another environment":    {nil, "/usr/bin/python3", all, "libcudart.so.13 libnvrtc.so.13 libcublasLt.so.13 libcublas.so.13 libcurand.so.10 libcudnn.so.9", []string{"missing for CUDA 13: libcudart.so.13, "}},
		"named by the loader":    {map[string]string{"LD_LIBRARY_PATH": "relative:" + site + "cu13/lib:" + site + "cudnn/lib"}, "", all, "", nil},
		"configured":             {nil, "", with(all, "/etc/ld.so.conf", "include ld.so.conf.d/*.conf\ninclude /etc/ld.so.conf\n", "/etc/ld.so.conf.d/a.conf", "# CUDA\n"+site+"cu13/lib # all\n"+site+"cudnn/lib\n"), "", nil},
		"old driver":             {map[string]string{"VIRTUAL_ENV": "/venv"}, "", with(all, "/proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX x86_64 Kernel Module  535.104.05\n"), "", []string{"the NVIDIA driver is 535.104.05; CUDA 13 needs 580 or newer"}},
		"toolkit of the system":  {nil, "", map[string]string{"/usr/local/cuda-13.0/lib64/libcudart.so.13": "", "/usr/lib/wsl/lib/libcuda.so.1": ""}, "libnvrtc.so.13 libcublasLt.so.13 libcublas.so.13 libcurand.so.10 libcudnn.so.9", []string{"libnvrtc.so.13, "}},
		"another toolkit":        {map[string]string{"VIRTUAL_ENV": "/venv"}, "", without(with(all, "/usr/local/cuda/lib64/libcublas.so.12", ""), site+"cu13/lib/libcublas.so.13"), "libcublas.so.13", []string{"missing for CUDA 13: libcublas.so.13 (/usr/local/cuda/lib64/libcublas.so.12 is of another version)"}},
		"no driver":              {map[string]string{"VIRTUAL_ENV": "/venv"}, "", without(all, "/usr/lib/x86_64-linux-gnu/libcuda.so.1", "/proc/driver/nvidia/version"), driver, []string{"part of the NVIDIA driver"}},
		"nothing but the folder": {nil, "", nil, "libcudart.so.13 libnvrtc.so.13 libcublasLt.so.13 libcublas.so.13 libcurand.so.10 libcudnn.so.9 libcuda.so.1", []string{"libcuda.so.1: missing", "missing for CUDA 13"}},
	} {
		root := t.TempDir()
		write(t, root, c.files)
		s := &searcher{root: root, arch: "amd64", getenv: func(name string) string { return c.env[name] }, python: c.python}
		r, err := s.look(build(t, of13...))
		if err != nil {
			t.Fatal(err)
		}
		var missing []string
		for _, l := range r.Libraries {
			if l.Path == "" {
				missing = append(missing, l.Name)
			} else if _, err := os.Stat(filepath.Join(root, l.Path)); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := strings.Join(missing, " "); got != c.missing {
			t.Errorf("%s: missing %q, want %q", name, got, c.missing)
		}
		problems := r.Problems()
		if len(problems) != len(c.problems) {
			t.Fatalf("%s: problems %+v", name, problems)
		}
		for i, p := range problems {
			if !strings.Contains(p.Found, c.problems[i]) || p.Advice == "" {
				t.Errorf("%s: %+v, want %q", name, p, c.problems[i])
			}
		}
	}
}

func with(files map[string]string, more ...string) map[string]string {
	all := map[string]string{}
	for path, body := range files {
		all[path] = body
	}
	for i := 0; i < len(more); i += 2 {
		all[more[i]] = more[i+1]
	}
	return all
}

func without(files map[string]string, paths ...string) map[string]string {
	all := with(files)
	for _, p := range paths {
		delete(all, p)
	}
	return all
}

// The advice is one command for all that pip can bring, with the names that CUDA's major version has there.
func TestAdvice(t *testing.T) {
	for cuda, want := range map[string]string{
		"12": "run `python3 -m pip install nvidia-cuda-runtime-cu12 nvidia-cublas-cu12 nvidia-cudnn-cu12`",
		"13": "run `python3 -m pip install nvidia-cuda-runtime nvidia-cublas nvidia-cudnn-cu13`",
	} {
		r := &Report{CUDA: cuda}
		for _, name := range []string{"libcudart.so", "libcublasLt.so", "libcublas.so", "libcudnn.so.9"} {
			r.Libraries = append(r.Libraries, Library{Name: name, Package: packageOf(name, cuda)})
		}
		if p := r.Problems(); len(p) != 1 || !strings.HasPrefix(p[0].Advice, want) {
			t.Errorf("%+v, want %s", p, want)
		}
	}
}

// The loader's choice comes first; what it doesn't find is loaded from where it was found, before what needs it.
func TestLoad(t *testing.T) {
	r := &Report{Libraries: []Library{{Name: "libcudart.so.13", Path: "/pip/libcudart.so.13"}, {Name: "libcublas.so.13"},
		{Name: "libcudnn.so.9", Path: "/pip/libcudnn.so.9"}, {Name: driver}}}
	var asked []string
	r.load(func(name string) error {
		asked = append(asked, name)
		if name == driver || strings.HasPrefix(name, "/pip") {
			return nil
		}
		return errors.New("not found")
	})
	want := []string{"libcudart.so.13", "/pip/libcudart.so.13", "libcublas.so.13", "libcudnn.so.9", "/pip/libcudnn.so.9", driver}
	if !slices.Equal(asked, want) {
		t.Errorf("asked for %q", asked)
	}
	if r.Libraries[1].Path != "" || r.Libraries[3].Path != driver {
		t.Errorf("%+v", r.Libraries)
	}
	if _, err := Load(t.TempDir()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a folder without a provider: %v", err)
	}
}
