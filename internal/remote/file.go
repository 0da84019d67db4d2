package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"sync"
	"time"

	"finetune/internal/store/userfile"
	"finetune/invalid"
)

// A File is an open file of this machine or object at an address.
type File interface {
	io.Reader
	io.ReaderAt
	io.Seeker
	io.Closer
	Stat() (fs.FileInfo, error)
	// Version tells whether an object is still the one that was opened: its ETag, or the time of change of a file.
	Version() string
	// Use makes the context end what the file reads from now on. A file of this machine has no need of it.
	Use(ctx context.Context)
}

// Open opens a file, or an object at an address, of at most maxBytes. Its first bytes come with the same request.
func Open(ctx context.Context, name string, maxBytes int64) (File, error) {
	if !Is(name) {
		f, err := userfile.Open(ctx, name, maxBytes)
		if err != nil {
			return nil, err
		}
		return local{f}, nil
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	l, err := parse(name)
	if err != nil {
		return nil, err
	}
	o := &object{location: l, policy: patient, ctx: ctx}
	if err := o.open(); err != nil {
		return nil, describe(name, err)
	}
	if o.size > maxBytes {
		o.Close()
		return nil, &invalid.Error{Path: Redacted(name), Found: "a file that is too large", Want: fmt.Sprintf("at most %d bytes", maxBytes)}
	}
	return o, nil
}

// local is a file of this machine.
type local struct{ *os.File }

func (f local) Use(context.Context) {}

func (f local) Version() string {
	info, err := f.Stat()
	if err != nil {
		return err.Error()
	}
	return fmt.Sprint(info.ModTime().UnixNano())
}

const (
	firstBytes = 256 << 10 // that come when an object is opened
	blockBytes = 2 << 20   // of a random access
	mostBlocks = 4         // that an object keeps
)

// An object is what lies at an address. Read and Seek are for one goroutine, ReadAt for several. It has no resources of this machine but
// the body of a sequential read, which Close ends.
type object struct {
	location
	policy
	ctx context.Context

	size   int64 // -1 where only the end will tell
	tag    string
	ranges bool   // the server answers them
	start  []byte // the first bytes
	meta   map[string]string

	at     int64 // of Read
	body   *body // a sequential read from at; nil for none
	failed patience

	mu     sync.Mutex
	blocks []*block // the last used one last
}

// A block is a part of an object in memory, or on its way there.
type block struct {
	number int64
	once   sync.Once
	data   []byte
	err    error
}

// open asks for the first bytes.
func (o *object) open() error {
	o.failed.policy = o.policy
	return o.retry(o.ctx, func() error {
		b, err := o.request(0, firstBytes, "")
		if err != nil {
			return err
		}
		o.size, o.tag, o.ranges, o.meta = b.size, b.tag, b.ranged, b.meta
		want := int64(firstBytes)
		if o.size >= 0 {
			want = min(want, o.size)
		}
		o.start = make([]byte, want)
		n, err := io.ReadFull(b, o.start)
		o.start = o.start[:n]
		switch ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF); {
		case ended && o.size < 0: // it had no length, and this is all
			o.size, err = int64(n), nil
		case ended:
			err = fmt.Errorf("%d bytes of %d: %w", n, want, io.ErrUnexpectedEOF)
		}
		b.close()
		return err
	})
}

// A body is the bytes of an answer, which ends with an error when none come for too long.
type body struct {
	*answer
	cancel context.CancelCauseFunc
	stall  time.Duration
	timer  *time.Timer
}

// request asks for bytes of the object.
func (o *object) request(offset, end int64, tag string) (*body, error) {
	return request(o.ctx, o.location, o.policy, offset, end, tag)
}

func request(ctx context.Context, l location, p policy, offset, end int64, tag string) (*body, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	a, err := get(ctx, l, offset, end, tag)
	if err != nil {
		cancel(nil)
		return nil, err
	}
	b := &body{answer: a, cancel: cancel, stall: p.stall}
	b.timer = time.AfterFunc(p.stall, func() { cancel(errStalled) })
	if a.ranged || offset == 0 {
		return b, nil
	}
	if _, err := io.CopyN(io.Discard, b, offset); err != nil { // the server only gives the whole
		b.close()
		return nil, err
	}
	return b, nil
}

func (b *body) Read(p []byte) (int, error) {
	b.timer.Reset(b.stall)
	n, err := b.answer.body.Read(p)
	if errors.Is(err, context.Canceled) {
		err = errStalled // of the caller's context the caller knows
	}
	return n, err
}

func (b *body) close() {
	b.timer.Stop()
	b.answer.body.Close()
	b.cancel(nil)
}

// Read reads on, over as many answers as it takes.
func (o *object) Read(p []byte) (int, error) {
	if err := context.Cause(o.ctx); err != nil {
		return 0, err
	}
	if len(p) == 0 {
		return 0, nil
	}
	if o.at < int64(len(o.start)) {
		n := copy(p, o.start[o.at:])
		o.at += int64(n)
		return n, nil
	}
	for {
		if o.size >= 0 && o.at >= o.size {
			return 0, io.EOF
		}
		n, err := o.read(p)
		if n > 0 {
			o.at += int64(n)
			o.failed.progress()
			return n, nil
		}
		if err == nil || errors.Is(err, io.EOF) && o.size < 0 {
			return 0, err
		}
		o.drop()
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err := o.failed.again(o.ctx, err); err != nil {
			return 0, describe(o.address, err)
		}
	}
}

// read reads from the body, which it asks for where there is none.
func (o *object) read(p []byte) (n int, err error) {
	if o.body == nil {
		if o.body, err = o.request(o.at, 0, o.tag); err != nil {
			o.body = nil
			return 0, err
		}
		if o.body.size != o.size {
			return 0, errChanged
		}
	}
	if o.size >= 0 {
		p = p[:min(int64(len(p)), o.size-o.at)]
	}
	return o.body.Read(p)
}

// drop ends the body of a sequential read.
func (o *object) drop() {
	if o.body != nil {
		o.body.close()
		o.body = nil
	}
}

// ReadAt reads by ranges, of which it keeps a few.
func (o *object) ReadAt(p []byte, off int64) (int, error) {
	switch {
	case off < 0:
		return 0, errors.New("remote: a negative offset")
	case !o.ranges && (o.size < 0 || o.size > int64(len(o.start))):
		return 0, &invalid.Error{Path: Redacted(o.address), Found: "a server that doesn't answer requests for a range of bytes",
			Hint: "download the file and give its path"}
	}
	n := 0
	for n < len(p) && off < o.size {
		if err := context.Cause(o.ctx); err != nil {
			return n, err
		}
		var part []byte
		if off < int64(len(o.start)) {
			part = o.start[off:]
		} else {
			data, err := o.block(off / blockBytes)
			if err != nil {
				return n, err
			}
			part = data[off%blockBytes:]
		}
		copied := copy(p[n:], part)
		n, off = n+copied, off+int64(copied)
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// block returns a part of the object, from memory where it is among the last.
func (o *object) block(number int64) ([]byte, error) {
	o.mu.Lock()
	at := -1
	for i, b := range o.blocks {
		if b.number == number {
			at = i
		}
	}
	var b *block
	if at < 0 {
		b = &block{number: number}
	} else {
		b = o.blocks[at]
		o.blocks = append(o.blocks[:at], o.blocks[at+1:]...)
	}
	o.blocks = append(o.blocks, b)
	if len(o.blocks) > mostBlocks {
		o.blocks = o.blocks[1:]
	}
	o.mu.Unlock()
	b.once.Do(func() {
		first := number * blockBytes
		b.data, b.err = readRange(o.ctx, o.location, o.policy, first, min(o.size, first+blockBytes)-first, o.tag)
	})
	if b.err != nil {
		o.mu.Lock()
		for i := range o.blocks {
			if o.blocks[i] == b {
				o.blocks = append(o.blocks[:i], o.blocks[i+1:]...)
				break
			}
		}
		o.mu.Unlock()
		return nil, describe(o.address, b.err)
	}
	return b.data, nil
}

// readRange reads size bytes from an offset of the version of an object with the tag.
func readRange(ctx context.Context, l location, p policy, offset, size int64, tag string) ([]byte, error) {
	data := make([]byte, size)
	have := int64(0)
	wait := patience{policy: p}
	for have < size {
		b, err := request(ctx, l, p, offset+have, offset+size, tag)
		if err == nil {
			var n int
			n, err = io.ReadFull(b, data[have:])
			if have += int64(n); n > 0 {
				wait.progress()
			}
			b.close()
		}
		if err == nil {
			break
		}
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		if err := wait.again(ctx, err); err != nil {
			return nil, err
		}
	}
	return data, nil
}

// Seek sets where Read goes on. A short way forward is read over, which is cheaper than another request.
func (o *object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += o.at
	case io.SeekEnd:
		offset += o.size
	}
	if offset < 0 || whence == io.SeekEnd && o.size < 0 {
		return o.at, errors.New("remote: a seek to before the start, or from an end that isn't known")
	}
	if offset != o.at {
		if ahead := offset - o.at; o.body == nil || ahead < 0 || ahead > blockBytes {
			o.drop()
		} else if _, err := io.CopyN(io.Discard, o, ahead); err != nil {
			return o.at, err
		}
		o.at = offset
	}
	return o.at, nil
}

func (o *object) Close() error {
	o.drop()
	return nil
}

func (o *object) Use(ctx context.Context) { o.ctx = ctx }

func (o *object) Version() string { return o.tag }

func (o *object) Stat() (fs.FileInfo, error) { return objectInfo{o}, nil }

// objectInfo is what is known of an object as a file.
type objectInfo struct{ o *object }

func (i objectInfo) Name() string     { return path.Base(Path(i.o.address)) }
func (i objectInfo) Size() int64      { return max(0, i.o.size) }
func (objectInfo) Mode() fs.FileMode  { return 0o444 }
func (objectInfo) ModTime() time.Time { return time.Time{} }
func (objectInfo) IsDir() bool        { return false }
func (objectInfo) Sys() any           { return nil }

// Append appends a whole file or object of at most maxBytes to buf.
func Append(ctx context.Context, buf []byte, name string, maxBytes int64) ([]byte, error) {
	f, err := Open(ctx, name, maxBytes)
	if err != nil {
		return buf, err
	}
	defer f.Close()
	in := userfile.Reader(ctx, io.LimitReader(f, maxBytes+1))
	start := len(buf)
	if info, err := f.Stat(); err == nil {
		if free := cap(buf) - start; int64(free) <= info.Size() {
			buf = append(make([]byte, 0, int64(start)+info.Size()+1), buf...)
		}
	}
	for {
		if len(buf) == cap(buf) {
			buf = append(buf, make([]byte, max(1<<12, len(buf)-start))...)[:len(buf)]
		}
		n, err := in.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)-start) > maxBytes:
			return buf, &invalid.Error{Path: Redacted(name), Found: "a file that is too large", Want: fmt.Sprintf("at most %d bytes", maxBytes)}
		case errors.Is(err, io.EOF):
			return buf, nil
		case err != nil:
			if !Is(name) {
				err = fmt.Errorf("read %s: %w", name, err)
			}
			return buf, err
		}
	}
}

// AppendRange appends size bytes from an offset of an object of a version.
func AppendRange(ctx context.Context, buf []byte, name string, offset, size int64, version string) ([]byte, error) {
	l, err := parse(name)
	if err != nil {
		return buf, err
	}
	data, err := readRange(ctx, l, patient, offset, size, version)
	if err != nil {
		return buf, describe(name, err)
	}
	return append(buf, data...), nil
}
