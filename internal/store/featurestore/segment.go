package featurestore

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"unsafe"

	"github.com/edsrzf/mmap-go"

	"finetune/internal/store/atomicfile"
)

// A segment file is, little-endian: the magic, the number of rows and of columns (uint32 each), the CRC-32C of keys and of
// rows (uint32 each), zeros up to headerSize; then the keys; then the rows as float32.
const (
	segmentMagic  = "finetune features 1\n"
	segmentSuffix = ".segment"
	headerSize    = 64
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A damageError says why a segment can't be used. It is no failure: the rows are computed again.
type damageError struct{ name, why string }

func (e *damageError) Error() string {
	return fmt.Sprintf("feature cache: %s is damaged (%s); its rows are computed again", e.name, e.why)
}

// A segment is a file of rows. It is mapped between open and close, which may take turns.
type segment struct {
	name       string
	rows, cols int // known once it was open
	mapping    mmap.MMap
	checksum   uint32 // of the rows, checked when the first of them is wanted
	verified   bool
}

// open maps the segment and reads what stands before its rows.
func (s *segment) open() error {
	f, err := os.Open(s.name)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < headerSize {
		return &damageError{s.name, "cut short"}
	}
	before := *s
	if s.mapping, err = mmap.Map(f, mmap.RDONLY, 0); err != nil {
		return fmt.Errorf("map %s: %w", s.name, err)
	}
	why := s.readHeader()
	if why == "" && before.rows > 0 && (s.rows != before.rows || s.cols != before.cols || s.checksum != before.checksum) {
		why = "it was changed"
	}
	if why != "" {
		s.close()
		return &damageError{s.name, why}
	}
	return nil
}

// readHeader returns what is wrong with the header or the keys, or nothing.
func (s *segment) readHeader() string {
	head := s.mapping[:headerSize]
	if !bytes.HasPrefix(head, []byte(segmentMagic)) {
		return "not a segment"
	}
	field := func(i int) uint32 { return binary.LittleEndian.Uint32(head[len(segmentMagic)+4*i:]) }
	s.rows, s.cols, s.checksum = int(field(0)), int(field(1)), field(3)
	// Each count alone is held against the length first, so that their product can't overflow.
	if s.rows == 0 || s.cols == 0 || s.rows > len(s.mapping) || s.cols > len(s.mapping) || len(s.mapping) != headerSize+s.rows*(len(Key{})+4*s.cols) {
		return "cut short"
	}
	if crc32.Checksum(s.mapping[headerSize:s.dataStart()], castagnoli) != field(2) {
		return "its keys don't agree with their checksum"
	}
	return ""
}

func (s *segment) dataStart() int { return headerSize + s.rows*len(Key{}) }

func (s *segment) key(i int) Key {
	return Key(s.mapping[headerSize+i*len(Key{}):][:len(Key{})])
}

// keys returns a copy of all keys.
func (s *segment) keys() []Key {
	keys := make([]Key, s.rows)
	for i := range keys {
		keys[i] = s.key(i)
	}
	return keys
}

// verify checks the rows against their checksum, once.
func (s *segment) verify() error {
	if s.verified {
		return nil
	}
	if crc32.Checksum(s.mapping[s.dataStart():], castagnoli) != s.checksum {
		return &damageError{s.name, "its rows don't agree with their checksum"}
	}
	s.verified = true
	return nil
}

// row returns a row as it lies in the mapping, which is a multiple of 32 bytes in.
func (s *segment) row(i int) []float32 {
	start := s.dataStart() + 4*i*s.cols
	return unsafe.Slice((*float32)(unsafe.Pointer(&s.mapping[start])), s.cols)
}

func (s *segment) close() {
	if s.mapping != nil {
		s.mapping.Unmap()
		s.mapping = nil
	}
}

// writeSegment writes rows under a name made of their own digest and returns it.
func writeSegment(dir string, cols int, keys []Key, rows []float32) (string, error) {
	var keyBytes []byte
	for _, k := range keys {
		keyBytes = append(keyBytes, k[:]...)
	}
	data := unsafe.Slice((*byte)(unsafe.Pointer(&rows[0])), 4*len(rows))
	head := make([]byte, 0, headerSize)
	head = append(head, segmentMagic...)
	for _, v := range []uint32{
		uint32(len(keys)), uint32(cols), crc32.Checksum(keyBytes, castagnoli), crc32.Checksum(data, castagnoli),
	} {
		head = binary.LittleEndian.AppendUint32(head, v)
	}
	head = head[:headerSize]

	digest := sha256.New()
	for _, part := range [][]byte{head, keyBytes} {
		digest.Write(part)
	}
	name := filepath.Join(dir, hex.EncodeToString(digest.Sum(nil)[:16])+segmentSuffix)
	f, err := atomicfile.Create(name)
	if err != nil {
		return "", err
	}
	defer f.Abort()
	for _, part := range [][]byte{head, keyBytes, data} {
		if _, err := f.Write(part); err != nil {
			return "", err
		}
	}
	return name, f.Commit()
}
