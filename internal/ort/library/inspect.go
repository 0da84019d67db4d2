package library

import (
	"bytes"
	"context"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
	"errors"
	"finetune/internal/store/userfile"
	"fmt"
	"io"
	"strings"
)

// entryPoint is the one function that ONNX Runtime's C API is reached through.
const entryPoint = "OrtGetApiBase"

// inspect reads the headers of the file at path and returns the version in them, or "" if there is
// none. It fails unless the file is a shared library for goos and goarch that can be ONNX Runtime.
func inspect(path, goos, goarch string) (version string, err error) {
	f, err := userfile.Open(context.Background(), path, maxLibrary)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return inspectReader(f, goos, goarch)
}

func inspectReader(r io.ReaderAt, goos, goarch string) (version string, err error) {
	var magic [4]byte
	if _, err := r.ReadAt(magic[:], 0); err != nil {
		if errors.Is(err, io.EOF) {
			return "", errors.New("too short for a library")
		}
		return "", err
	}
	format, needed := formatOf(magic), map[string]string{"darwin": "Mach-O", "windows": "PE"}[goos]
	if needed == "" {
		needed = "ELF"
	}
	switch {
	case format == "":
		return "", errors.New("not a library file")
	case format != needed:
		return "", fmt.Errorf("of format %s, where %s needs %s", format, goos, needed)
	case format == "Mach-O":
		return inspectMachO(r, magic, goarch)
	case format == "PE":
		return inspectPE(r, goarch)
	default:
		return inspectELF(r, goarch)
	}
}

// formatOf returns the executable format by its first bytes, or "".
func formatOf(magic [4]byte) string {
	le, be := binary.LittleEndian.Uint32(magic[:]), binary.BigEndian.Uint32(magic[:])
	switch {
	case string(magic[:]) == elf.ELFMAG:
		return "ELF"
	case le == macho.Magic64 || le == macho.Magic32 || be == macho.MagicFat:
		return "Mach-O"
	case magic[0] == 'M' && magic[1] == 'Z':
		return "PE"
	}
	return ""
}

// wrongProcessor is the error for a library of another architecture.
func wrongProcessor(found fmt.Stringer, goarch string) error {
	return fmt.Errorf("built for %s, this program for %s", found, goarch)
}

func inspectELF(r io.ReaderAt, goarch string) (string, error) {
	f, err := elf.NewFile(r)
	if err != nil {
		return "", fmt.Errorf("damaged ELF file: %w", err)
	}
	machines := map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}
	if want, ok := machines[goarch]; ok && f.Machine != want {
		return "", wrongProcessor(f.Machine, goarch)
	}
	if f.Type != elf.ET_DYN {
		return "", fmt.Errorf("an ELF file of type %s, not a shared library", f.Type)
	}
	symbols, err := f.DynamicSymbols()
	if err != nil {
		return "", fmt.Errorf("a shared library without readable symbols: %w", err)
	}
	for _, s := range symbols {
		if s.Name == entryPoint && s.Section != elf.SHN_UNDEF {
			// The build stamps each export with VERS_<release>.
			version, _ := strings.CutPrefix(s.Version, "VERS_")
			return versionPattern.FindString(version), nil
		}
	}
	return "", errors.New("a shared library, but not ONNX Runtime's: no " + entryPoint)
}

func inspectMachO(r io.ReaderAt, magic [4]byte, goarch string) (string, error) {
	cpus := map[string]macho.Cpu{"amd64": macho.CpuAmd64, "arm64": macho.CpuArm64}
	if binary.BigEndian.Uint32(magic[:]) == macho.MagicFat {
		fat, err := macho.NewFatFile(r)
		if err != nil {
			return "", fmt.Errorf("damaged universal file: %w", err)
		}
		for _, arch := range fat.Arches {
			if arch.Cpu == cpus[goarch] {
				return machOVersion(arch.File)
			}
		}
		return "", errors.New("a universal library without a part for " + goarch)
	}
	f, err := macho.NewFile(r)
	if err != nil {
		return "", fmt.Errorf("damaged Mach-O file: %w", err)
	}
	if want, ok := cpus[goarch]; ok && f.Cpu != want {
		return "", wrongProcessor(f.Cpu, goarch)
	}
	return machOVersion(f)
}

// machOVersion reads the library's own name and version from its LC_ID_DYLIB command: command, size, offset of
// the name, timestamp, version as 16.8.8 bits, compatible version, then the name.
func machOVersion(f *macho.File) (string, error) {
	if f.Type != macho.TypeDylib {
		return "", fmt.Errorf("a Mach-O file of type %s, not a shared library", f.Type)
	}
	const idDylib, headLen = 0xd, 24
	for _, l := range f.Loads {
		raw := l.Raw()
		if len(raw) < headLen || f.ByteOrder.Uint32(raw) != idDylib {
			continue
		}
		if !bytes.Contains(raw[headLen:], []byte("onnxruntime")) {
			return "", errors.New("a shared library, but not ONNX Runtime's")
		}
		v := f.ByteOrder.Uint32(raw[16:])
		return fmt.Sprintf("%d.%d.%d", v>>16, v>>8&0xff, v&0xff), nil
	}
	return "", errors.New("a shared library without a name of its own")
}

func inspectPE(r io.ReaderAt, goarch string) (string, error) {
	f, err := pe.NewFile(r)
	if err != nil {
		return "", fmt.Errorf("damaged PE file: %w", err)
	}
	machines := map[string]uint16{"amd64": pe.IMAGE_FILE_MACHINE_AMD64, "arm64": pe.IMAGE_FILE_MACHINE_ARM64}
	if want, ok := machines[goarch]; ok && f.Machine != want {
		return "", fmt.Errorf("built for another processor (PE machine %#x), this program for %s", f.Machine, goarch)
	}
	if f.Characteristics&pe.IMAGE_FILE_DLL == 0 {
		return "", errors.New("a PE file that isn't a library")
	}
	section := f.Section(".rsrc")
	if section == nil || section.Size > 1<<20 {
		return "", nil
	}
	data, err := section.Data()
	if err != nil {
		return "", fmt.Errorf("damaged PE file: %w", err)
	}
	// VS_FIXEDFILEINFO: signature, structure version, then the file version in 16.16 bits.
	i := bytes.Index(data, []byte{0xbd, 0x04, 0xef, 0xfe})
	if i < 0 || len(data) < i+12 {
		return "", nil
	}
	// The third number of the Windows builds is a date and not the patch release.
	major := binary.LittleEndian.Uint32(data[i+8:])
	return fmt.Sprintf("%d.%d", major>>16, major&0xffff), nil
}
