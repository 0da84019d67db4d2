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
	"sync"
	"unsafe"

	"finetune/internal/store/flock"
	"finetune/internal/store/half"
)

// A segment file is, in the byte order of the machine: the magic, the number of columns (uint32), the CRC-32C of the
// two, zeros up to headerSize; a table with room for segmentRows entries; then the rows as float32, or as float16 where the
// magic says so. An entry is the
// key of a row, the CRC-32C of the row and the CRC-32C of the two. It is written after its row. An entry of zeros is
// free.
//
// A file grows row by row and isn't synced: after a power failure the checksums tell which rows were lost. Readers
// copy rows out of the file, so that one which is cut meanwhile is a damaged row and nothing worse.
const (
	segmentMagic  = "finetune features 2\n"
	halfMagic     = "finetune features h\n" // as long
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

// RowBytes is the room that a row of so many columns takes on disk, as float16 or float32.
func RowBytes(cols int, half bool) int64 { return int64(entrySize) + form{cols, half}.rowBytes() }

// A form is what the rows of a segment are made of.
type form struct {
	cols int
	half bool // of float16
}

func (f form) rowBytes() int64 {
	if f.half {
		return 2 * int64(f.cols)
	}
	return 4 * int64(f.cols)
}

func (f form) rowAt(row int) int64 { return int64(rowsStart) + int64(row)*f.rowBytes() }

// A segment is a file of rows. It is open while it is among a store's open files.
type segment struct {
	form
	name  string
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

// openFile opens a segment for writing too, where that is allowed.
func openFile(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		f, err = os.Open(name)
	}
	return f, err
}

func (f form) header() []byte {
	magic := segmentMagic
	if f.half {
		magic = halfMagic
	}
	head := append(make([]byte, 0, headerSize), magic...)
	head = binary.NativeEndian.AppendUint32(head, uint32(f.cols))
	return binary.NativeEndian.AppendUint32(head, crc32.Checksum(head, castagnoli))[:headerSize]
}

// A table is what stands before the rows of a segment.
type table struct {
	form
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
	t.half = bytes.HasPrefix(buf, []byte(halfMagic))
	if !t.half && !bytes.HasPrefix(buf, []byte(segmentMagic)) {
		t.old = bytes.HasPrefix(buf, []byte(oldMagic))
		return t, "not a segment", nil
	}
	t.cols = int(binary.NativeEndian.Uint32(buf[len(segmentMagic):]))
	if t.cols == 0 || t.cols > maxCols || !bytes.Equal(buf[:headerSize], t.header()) {
		return t, "damaged header", nil
	}
	t.entries = make([]entry, segmentRows)
	for row := range t.entries {
		raw := buf[entryAt(row):][:entrySize]
		e, ok := parseEntry(raw)
		switch {
		case ok && t.rowAt(row+1) <= info.Size():
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
	dst = dst[:s.cols]
	data := bytesOf(dst)
	var halves *[]uint16
	if s.half {
		halves = halvesOf(s.cols)
		defer rows.Put(halves)
		data = half.Bytes(*halves)
	}
	if _, err := s.file.ReadAt(data, s.rowAt(row)); err != nil {
		return err
	}
	if crc32.Checksum(data, castagnoli) != checksum {
		return errors.New("its checksum differs")
	}
	if s.half {
		half.Decode(dst, *halves)
	}
	return nil
}

// rows are buffers for rows of float16.
var rows sync.Pool

func halvesOf(cols int) *[]uint16 {
	if b, ok := rows.Get().(*[]uint16); ok && cap(*b) >= cols {
		*b = (*b)[:cols]
		return b
	}
	return new(make([]uint16, cols))
}

// write stores a row and then its entry.
func (s *segment) write(row int, key Key, values []float32) error {
	data := bytesOf(values)
	if s.half {
		halves := halvesOf(len(values))
		defer rows.Put(halves)
		half.Encode(*halves, values)
		data = half.Bytes(*halves)
	}
	if _, err := s.file.WriteAt(data, s.rowAt(row)); err != nil {
		return err
	}
	_, err := s.file.WriteAt(entry{key, crc32.Checksum(data, castagnoli)}.bytes(), entryAt(row))
	return err
}

// free makes the entry of a damaged row free, so that it isn't found again. Where that isn't allowed it stays.
func free(f *os.File, row int) { f.WriteAt(make([]byte, entrySize), entryAt(row)) }

// createSegment makes an empty segment, locked against removal.
func createSegment(dir string, rows form) (*segment, error) {
	f, err := flock.Create(func() string { return filepath.Join(dir, rand.Text()+segmentSuffix) }, flock.Shared)
	if err != nil {
		return nil, err
	}
	if _, err := f.WriteAt(rows.header(), 0); err != nil {
		f.Close()
		os.Remove(f.Name())
		return nil, err
	}
	return &segment{form: rows, name: f.Name(), file: f}, nil
}

// bytesOf returns the bytes of numbers, without a copy.
func bytesOf(values []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}
