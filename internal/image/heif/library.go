//go:build (linux || darwin) && !android && !ios && (amd64 || arm64)

package heif

import (
	"fmt"
	"image"
	"os"
	"runtime"
	"sync"
	"unsafe"

	"github.com/ebitengine/purego"
)

// names are where the dynamic linker may find the library.
var names = map[string][]string{
	"linux":  {"libheif.so.1"},
	"darwin": {"libheif.1.dylib", "/opt/homebrew/lib/libheif.1.dylib", "/usr/local/lib/libheif.1.dylib"},
}

// Values of libheif's enumerations.
const (
	colourRGB          = 1
	interleavedRGB     = 10
	interleavedChannel = 10
)

// A status is struct heif_error.
type status struct {
	code, subcode int32
	message       *byte
}

// A handle is a pointer to one of libheif's own structs.
type handle = uintptr

// A library has the functions of libheif that are used here.
type library struct {
	contextAlloc   func() handle
	contextFree    func(context handle)
	contextThreads func(context handle, threads int32)
	read           func(context handle, data unsafe.Pointer, size uintptr, options uintptr) status
	primary        func(context handle, out *handle) status
	width, height  func(picture handle) int32
	release        func(picture handle)
	decode         func(picture handle, out *handle, colourSpace, chroma int32, options uintptr) status
	version        func() string
	pixels         func(decoded handle, channel int32, stride *int32) unsafe.Pointer
	decodedWidth   func(decoded handle, channel int32) int32
	decodedHeight  func(decoded handle, channel int32) int32
	decodedRelease func(decoded handle)
}

// load opens the library once.
var load = sync.OnceValues(func() (*library, error) {
	candidates := names[runtime.GOOS]
	if path := os.Getenv(EnvVar); path != "" {
		candidates = []string{path}
	}
	for _, name := range candidates {
		if lib, err := purego.Dlopen(name, purego.RTLD_NOW|purego.RTLD_LOCAL); err == nil {
			return bind(lib)
		}
	}
	return nil, ErrNoLibrary
})

// bind finds the functions. All of them are in libheif since 1.13 of 2022.
func bind(lib uintptr) (*library, error) {
	var l library
	for name, function := range map[string]any{
		"heif_context_alloc": &l.contextAlloc, "heif_context_free": &l.contextFree,
		"heif_context_set_max_decoding_threads":      &l.contextThreads,
		"heif_context_read_from_memory_without_copy": &l.read,
		"heif_context_get_primary_image_handle":      &l.primary,
		"heif_image_handle_get_width":                &l.width, "heif_image_handle_get_height": &l.height,
		"heif_image_handle_release": &l.release, "heif_get_version": &l.version,
		"heif_decode_image": &l.decode, "heif_image_get_plane_readonly": &l.pixels,
		"heif_image_get_width": &l.decodedWidth, "heif_image_get_height": &l.decodedHeight,
		"heif_image_release": &l.decodedRelease,
	} {
		address, err := purego.Dlsym(lib, name)
		if err != nil {
			return nil, fmt.Errorf("%w with %s", ErrNoLibrary, name)
		}
		purego.RegisterFunc(function, address)
	}
	return &l, nil
}

// err converts a status.
func (l *library) err(s status) error {
	if s.code == 0 {
		return nil
	}
	text := []byte{}
	for p := unsafe.Pointer(s.message); p != nil && *(*byte)(p) != 0 && len(text) < 200; p = unsafe.Add(p, 1) {
		text = append(text, *(*byte)(p))
	}
	return fmt.Errorf("libheif %s: %s (%d.%d)", l.version(), text, s.code, s.subcode)
}

// A file is one that libheif reads.
type file struct {
	*library
	context, picture handle
	pinned           runtime.Pinner // of the file's bytes, to which libheif keeps a pointer
}

func openFile(data []byte) (*file, error) {
	l, err := load()
	if err != nil {
		return nil, err
	}
	f := &file{library: l, context: l.contextAlloc()}
	l.contextThreads(f.context, 0) // in the calling thread: the caller has a pool of its own
	f.pinned.Pin(unsafe.SliceData(data))
	if err := l.err(l.read(f.context, unsafe.Pointer(unsafe.SliceData(data)), uintptr(len(data)), 0)); err != nil {
		f.close()
		return nil, err
	}
	if err := l.err(l.primary(f.context, &f.picture)); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

func (f *file) close() {
	if f.picture != 0 {
		f.release(f.picture)
	}
	f.contextFree(f.context)
	f.pinned.Unpin()
}

func (f *file) size() (width, height int) {
	return int(f.width(f.picture)), int(f.height(f.picture))
}

// decode writes the pixels to img, whose size is that of the file.
func (f *file) decode(img *image.NRGBA) error {
	var decoded handle
	if err := f.err(f.library.decode(f.picture, &decoded, colourRGB, interleavedRGB, 0)); err != nil {
		return err
	}
	defer f.decodedRelease(decoded)
	w, h := int(f.decodedWidth(decoded, interleavedChannel)), int(f.decodedHeight(decoded, interleavedChannel))
	if size := img.Rect.Size(); size != image.Pt(w, h) {
		return fmt.Errorf("libheif: %d × %d pixels where the header says %d × %d", w, h, size.X, size.Y)
	}
	var stride int32
	pixels := f.pixels(decoded, interleavedChannel, &stride)
	if pixels == nil || int(stride) < 3*w {
		return fmt.Errorf("libheif: no pixels")
	}
	for y := range h {
		row := unsafe.Slice((*byte)(unsafe.Add(pixels, y*int(stride))), 3*w)
		dst := img.Pix[y*img.Stride:]
		for x := range w {
			s := row[3*x : 3*x+3]
			*(*[4]byte)(dst[4*x:]) = [4]byte{s[0], s[1], s[2], 255}
		}
	}
	return nil
}
