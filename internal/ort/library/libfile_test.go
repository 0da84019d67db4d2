package library

import (
	"bytes"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"
)

// The makers here write the least that the format's reader and the loader's checks look at: headers, one
// exported symbol, a version. No code is in the files.

// elfLibrary is an ELF file that exports symbol, stamped VERS_<version> unless version is "".
func elfLibrary(machine elf.Machine, kind elf.Type, symbol, version string) []byte {
	le := binary.LittleEndian
	dynstr := []byte("\x00" + symbol + "\x00VERS_" + version + "\x00")
	versionName := uint32(len(symbol) + 2)
	var dynsym, versym, verdef bytes.Buffer
	binary.Write(&dynsym, le, []elf.Sym64{{}, {Name: 1, Info: elf.ST_INFO(elf.STB_GLOBAL, elf.STT_FUNC), Shndx: 1, Value: 0x1000}})
	binary.Write(&versym, le, []uint16{0, 2})
	// Elf64_Verdef {version, flags, index, count, hash, aux, next} and its Elf64_Verdaux {name, next}.
	binary.Write(&verdef, le, []uint16{1, 0, 2, 1})
	binary.Write(&verdef, le, []uint32{0, 20, 0, versionName, 0})

	names := "\x00.dynsym\x00.dynstr\x00.gnu.version\x00.gnu.version_d\x00.shstrtab\x00"
	sections := []struct {
		name       string
		kind       elf.SectionType
		link, info uint32
		entry      uint64
		data       []byte
	}{
		{".dynsym", elf.SHT_DYNSYM, 2, 1, 24, dynsym.Bytes()},
		{".dynstr", elf.SHT_STRTAB, 0, 0, 0, dynstr},
		{".gnu.version", elf.SHT_GNU_VERSYM, 1, 0, 2, versym.Bytes()},
		{".gnu.version_d", elf.SHT_GNU_VERDEF, 2, 1, 0, verdef.Bytes()},
		{".shstrtab", elf.SHT_STRTAB, 0, 0, 0, []byte(names)},
	}
	if version == "" {
		sections[2].kind, sections[3].kind = elf.SHT_PROGBITS, elf.SHT_PROGBITS
	}
	const headerSize, sectionSize = 64, 64
	var body bytes.Buffer
	table := []elf.Section64{{}}
	for _, s := range sections {
		table = append(table, elf.Section64{
			Name: uint32(bytes.Index([]byte(names), []byte(s.name+"\x00"))), Type: uint32(s.kind), Link: s.link, Info: s.info,
			Off: uint64(headerSize + body.Len()), Size: uint64(len(s.data)), Entsize: s.entry, Addralign: 1,
		})
		body.Write(s.data)
	}
	head := elf.Header64{
		Ident: [16]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
		Type:  uint16(kind), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT), Ehsize: headerSize,
		Shoff: uint64(headerSize + body.Len()), Shentsize: sectionSize, Shnum: uint16(len(table)), Shstrndx: uint16(len(table) - 1),
	}
	var out bytes.Buffer
	binary.Write(&out, le, head)
	out.Write(body.Bytes())
	binary.Write(&out, le, table)
	return out.Bytes()
}

// goodLibrary is an ELF library for linux/amd64 that passes for ONNX Runtime of that version.
func goodLibrary(version string) []byte {
	return elfLibrary(elf.EM_X86_64, elf.ET_DYN, entryPoint, version)
}

// machOLibrary is a Mach-O library that calls itself name, with a version of 16.8.8 bits.
func machOLibrary(cpu macho.Cpu, kind macho.Type, name string, version uint32) []byte {
	le := binary.LittleEndian
	for len(name)%8 != 0 {
		name += "\x00"
	}
	var out bytes.Buffer
	binary.Write(&out, le, macho.FileHeader{Magic: macho.Magic64, Cpu: cpu, Type: kind, Ncmd: 1, Cmdsz: uint32(24 + len(name))})
	binary.Write(&out, le, uint32(0)) // reserved
	binary.Write(&out, le, []uint32{0xd, uint32(24 + len(name)), 24, 0, version, version})
	out.WriteString(name)
	return out.Bytes()
}

// peLibrary is a PE file whose resources hold the file version major.minor.
func peLibrary(machine, characteristics uint16, major, minor uint32) []byte {
	le := binary.LittleEndian
	var out bytes.Buffer
	dos := make([]byte, 128)
	copy(dos, "MZ")
	le.PutUint32(dos[0x3c:], 128)
	out.Write(dos)
	out.WriteString("PE\x00\x00")
	binary.Write(&out, le, pe.FileHeader{Machine: machine, NumberOfSections: 1, SizeOfOptionalHeader: 240, Characteristics: characteristics})
	binary.Write(&out, le, pe.OptionalHeader64{Magic: 0x20b, NumberOfRvaAndSizes: 16})
	offset := uint32(out.Len() + 40)
	binary.Write(&out, le, pe.SectionHeader32{Name: [8]uint8{'.', 'r', 's', 'r', 'c'}, SizeOfRawData: 32, PointerToRawData: offset})
	binary.Write(&out, le, []uint32{0, 0, 0xfeef04bd, 0x10000, major<<16 | minor, 0, 0, 0})
	return out.Bytes()
}

// write puts a file into dir, whose folders it makes, and returns its path.
func write(t testing.TB, dir, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}
