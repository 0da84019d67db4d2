package library

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
	"strings"
	"testing"
)

func TestInspect(t *testing.T) {
	fat := func(cpu macho.Cpu) []byte {
		part := machOLibrary(cpu, macho.TypeDylib, "@rpath/libonnxruntime.dylib", 1<<16|24<<8|3)
		var out bytes.Buffer
		binary.Write(&out, binary.BigEndian, []uint32{macho.MagicFat, 1, uint32(cpu), 0, 4096, uint32(len(part)), 12})
		out.Write(make([]byte, 4096-out.Len()))
		out.Write(part)
		return out.Bytes()
	}
	const dll = pe.IMAGE_FILE_DLL
	for _, c := range []struct {
		name         string
		data         []byte
		goos, goarch string
		version      string
		wrong        string // part of the error
	}{
		{"elf", goodLibrary("1.24.3"), "linux", "amd64", "1.24.3", ""},
		{"elf, arm64", elfLibrary(elf.EM_AARCH64, elf.ET_DYN, entryPoint, "1.25.0"), "linux", "arm64", "1.25.0", ""},
		{"elf without a version", goodLibrary(""), "linux", "amd64", "", ""},
		{"elf, odd version", goodLibrary("next"), "linux", "amd64", "", ""},
		{"elf, other processor", elfLibrary(elf.EM_AARCH64, elf.ET_DYN, entryPoint, "1.24.3"), "linux", "amd64", "", "built for EM_AARCH64"},
		{"elf, program", elfLibrary(elf.EM_X86_64, elf.ET_EXEC, entryPoint, "1.24.3"), "linux", "amd64", "", "ET_EXEC"},
		{"elf, other library", elfLibrary(elf.EM_X86_64, elf.ET_DYN, "deflate", "1.24.3"), "linux", "amd64", "", "no OrtGetApiBase"},
		{"elf, cut off", goodLibrary("1.24.3")[:200], "linux", "amd64", "", "damaged ELF"},
		{"elf on macOS", goodLibrary("1.24.3"), "darwin", "arm64", "", "of format ELF, where darwin needs Mach-O"},
		{"mach-o", machOLibrary(macho.CpuArm64, macho.TypeDylib, "@rpath/libonnxruntime.1.24.3.dylib", 1<<16|24<<8|3), "darwin", "arm64", "1.24.3", ""},
		{"mach-o, other processor", machOLibrary(macho.CpuAmd64, macho.TypeDylib, "libonnxruntime", 0), "darwin", "arm64", "", "built for CpuAmd64"},
		{"mach-o, program", machOLibrary(macho.CpuArm64, macho.TypeExec, "libonnxruntime", 0), "darwin", "arm64", "", "not a shared library"},
		{"mach-o, other library", machOLibrary(macho.CpuArm64, macho.TypeDylib, "libz.dylib", 0), "darwin", "arm64", "", "not ONNX Runtime's"},
		{"universal", fat(macho.CpuArm64), "darwin", "arm64", "1.24.3", ""},
		{"universal, other processor", fat(macho.CpuAmd64), "darwin", "arm64", "", "without a part for arm64"},
		{"pe", peLibrary(pe.IMAGE_FILE_MACHINE_AMD64, dll, 1, 24), "windows", "amd64", "1.24", ""},
		{"pe, other processor", peLibrary(pe.IMAGE_FILE_MACHINE_ARM64, dll, 1, 24), "windows", "amd64", "", "another processor"},
		{"pe, program", peLibrary(pe.IMAGE_FILE_MACHINE_AMD64, 0, 1, 24), "windows", "amd64", "", "isn't a library"},
		{"text", []byte("libonnxruntime.so.1.24.3\n"), "linux", "amd64", "", "not a library file"},
		{"linker script", []byte("/* GNU ld script */"), "linux", "amd64", "", "not a library file"},
		{"empty", nil, "linux", "amd64", "", "too short"},
	} {
		t.Run(c.name, func(t *testing.T) {
			version, err := inspectReader(bytes.NewReader(c.data), c.goos, c.goarch)
			if version != c.version {
				t.Errorf("version %q, want %q", version, c.version)
			}
			switch {
			case c.wrong == "" && err != nil:
				t.Error(err)
			case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
				t.Errorf("got %v, want an error with %q", err, c.wrong)
			}
		})
	}
}

func FuzzInspect(f *testing.F) {
	f.Add(goodLibrary("1.24.3"), uint8(0))
	f.Add(machOLibrary(macho.CpuArm64, macho.TypeDylib, "libonnxruntime.dylib", 1<<16), uint8(1))
	f.Add(peLibrary(pe.IMAGE_FILE_MACHINE_AMD64, pe.IMAGE_FILE_DLL, 1, 24), uint8(2))
	f.Fuzz(func(t *testing.T, data []byte, system uint8) {
		at := []platform{{"linux", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}}[system%3]
		version, err := inspectReader(bytes.NewReader(data), at.goos, at.goarch)
		if err != nil && version != "" {
			t.Errorf("both version %q and error %v", version, err)
		}
	})
}

func TestOlderThan(t *testing.T) {
	for _, c := range []struct {
		version string
		older   bool
	}{
		{"1.24", false}, {"1.24.0", false}, {"1.24.3", false}, {"1.100.0", false}, {"2.0.0", false},
		{"1.23.9", true}, {"1.9.0", true}, {"0.99.9", true}, {"1", true},
	} {
		if got := olderThan(c.version, "1.24"); got != c.older {
			t.Errorf("olderThan(%s) is %v", c.version, got)
		}
	}
}
