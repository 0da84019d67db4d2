package featurestore

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"unsafe"

	"finetune/internal/store/flock"
)

// A segment file is, in the byte order of the machine: the magic, the number of columns (uint32), the CRC-32C of the
// two, zeros up to headerSize; a table with room for segmentRows entries; then the rows as float32. An entry is the
// key of a row, the CRC-32C of the row and the CRC-32C of the two. It is written after its row. An entry of zeros is
// free.
//
// A file grows row by row and isn't synced: after a power failure the checksums tell which rows were lost. Readers
// copy rows out of the file, so that one which is cut meanwhile is a damaged row and nothing worse.
const (
	segmentMagic  = "finetune features 2\n"
	segmentSuffix = ".segment"
	headerSize    = 64
	entrySize     = len(Key{}) + 8
	segmentRows   = 1024
	rowsStart     = headerSize + segmentRows*entrySize
	maxCols       = 1 << 24
)

// oldMagic starts the segments of version 0.2 and earlier, which are removed: their rows are computed again.
const oldMagic = "finetune features 1\n"

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// RowBytes is the room that a row of so many columns takes on disk.
func RowBytes(cols int) int64 { return int64(entrySize + 4*cols) }

// A segment is a file of rows. It is open while it is among a store's open files.
type segment struct {
	name  string
	cols  int
	file  *os.File
	pins  int  // users that need the file to stay open
	noted bool // that it has damaged rows
}

type entry struct {
	key      Key
	checksum uint32 // of the row
}

func (e entry) bytes() []byte {
	b := append(make([]byte, 0, entrySize), e.key[:]...)
	b = binary.NativeEndian.AppendUint32(b, e.checksum)
	return binary.NativeEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// parseEntry reports false for a free or damaged entry.
func parseEntry(b []byte) (entry, bool) {
	n := len(Key{})
	e := entry{Key(b[:n]), binary.NativeEndian.Uint32(b[n:])}
	return e, binary.NativeEndian.Uint32(b[n+4:]) == crc32.Checksum(b[:n+4], castagnoli)
}

func isFree(b []byte) bool { return bytes.Count(b, []byte{0}) == len(b) }

func entryAt(row int) int64 { return int64(headerSize + row*entrySize) }

func (s *segment) rowAt(row int) int64 { return int64(rowsStart) + int64(row)*int64(s.cols)*4 }

// openFile opens a segment for writing too, where that is allowed.
func openFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f, err = os.Open(name)
	}
	return f, err
}

func header(cols int) []byte {
	head := append(make([]byte, 0, headerSize), segmentMagic...)
	head = binary.NativeEndian.AppendUint32(head, uint32(cols))
	return binary.NativeEndian.AppendUint32(head, crc32.Checksum(head, castagnoli))[:headerSize]
}

// A table is what stands before the rows of a segment.
type table struct {
	cols    int
	entries []entry // of segmentRows; those that are free or damaged have the zero key
	damaged []int   // entries that are neither free nor whole, or whose row isn't there
	old     bool    // the file has the format of an earlier version
}

// readTable reads the header and the table. The text says why the file isn't a segment.
func readTable(f *os.File, buf []byte) (t table, why string, err error) {
	info, err := f.Stat()
	if err != nil {
		return t, "", err
	}
	n, err := f.ReadAt(buf[:rowsStart], 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return t, "", err
	}
	clear(buf[n:rowsStart])
	if !bytes.HasPrefix(buf, []byte(segmentMagic)) {
		t.old = bytes.HasPrefix(buf, []byte(oldMagic))
		return t, "not a segment", nil
	}
	t.cols = int(binary.NativeEndian.Uint32(buf[len(segmentMagic):]))
	if t.cols == 0 || t.cols > maxCols || !bytes.Equal(buf[:headerSize], header(t.cols)) {
		return t, "damaged header", nil
	}
	seg := segment{cols: t.cols}
	t.entries = make([]entry, segmentRows)
	for row := range t.entries {
		raw := buf[entryAt(row):][:entrySize]
		e, ok := parseEntry(raw)
		switch {
		case ok && seg.rowAt(row+1) <= info.Size():
			t.entries[row] = e
		case !isFree(raw):
			t.damaged = append(t.damaged, row)
		}
	}
	return t, "", nil
}

// entry reads one entry of an open segment.
func (s *segment) entry(row int) (entry, bool) {
	var b [entrySize]byte
	if _, err := s.file.ReadAt(b[:], entryAt(row)); err != nil {
		return entry{}, false
	}
	return parseEntry(b[:])
}

// read copies a row of an open segment to dst and checks it.
func (s *segment) read(row int, checksum uint32, dst []float32) error {
	data := bytesOf(dst[:s.cols])
	if _, err := s.file.ReadAt(data, s.rowAt(row)); err != nil {
		return err
	}
	if crc32.Checksum(data, castagnoli) != checksum {
		return errors.New("its checksum differs")
	}
	return nil
}

// write stores a row and then its entry.
func (s *segment) write(row int, key Key, values []float32) error {
	data := bytesOf(values)
	if _, err := s.file.WriteAt(data, s.rowAt(row)); err != nil {
		return err
	}
	_, err := s.file.WriteAt(entry{key, crc32.Checksum(data, castagnoli)}.bytes(), entryAt(row))
	return err
}

// free makes the entry of a damaged row free, so that it isn't found again. Where that isn't allowed it stays.
func free(f *os.File, row int) { f.WriteAt(make([]byte, entrySize), entryAt(row)) }

// createSegment makes an empty segment, locked against removal.
func createSegment(dir string, cols int) (*segment, error) {
	f, err := flock.Create(func() string { return filepath.Join(dir, rand.Text()+segmentSuffix) }, flock.Shared)
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteAt(header(cols), 0); err != nil {
		f.Close()
		os.Remove(f.Name())
		return nil, err
	}
	return &segment{name: f.Name(), cols: cols, file: f}, nil
}

// bytesOf returns the bytes of numbers, without a copy.
func bytesOf(values []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}
