package jpeg

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Expected pixels to the bit are in package decode, whose golden values come from libjpeg-turbo. Here the
// standard library is the reference, which rounds differently.

func files(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("../../../preprocess/testdata/images/*.jpg")
	if err != nil || len(paths) < 20 {
		t.Fatalf("%d test images, %v", len(paths), err)
	}
	contents := map[string][]byte{}
	for _, path := range paths {
		if contents[filepath.Base(path)], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return contents
}

// tolerance bounds the difference to image/jpeg, whose inverse DCT keeps fewer bits.
const tolerance = 3

func compare(t *testing.T, name string, got Plane, want []uint8, stride int) {
	t.Helper()
	for y := range got.Height {
		for x, v := range got.Row(y) {
			if d := int(v) - int(want[y*stride+x]); d < -tolerance || d > tolerance {
				t.Fatalf("%s: sample (%d, %d) is %d, want %d", name, x, y, v, want[y*stride+x])
			}
		}
	}
}

func TestAgainstStandardLibrary(t *testing.T) {
	var d Decoder
	compared := 0
	for name, data := range files(t) {
		p, err := d.Decode(data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		reference, err := jpeg.Decode(bytes.NewReader(data))
		if err != nil {
			continue // CMYK without an Adobe segment
		}
		if b := reference.Bounds(); p.Width != b.Dx() || p.Height != b.Dy() {
			t.Errorf("%s: %d × %d, want %v", name, p.Width, p.Height, b)
		}
		switch m := reference.(type) {
		case *image.YCbCr:
			compare(t, name, p.Planes[0], m.Y, m.YStride)
			compare(t, name, p.Planes[1], m.Cb, m.CStride)
			compare(t, name, p.Planes[2], m.Cr, m.CStride)
			compared++
		case *image.Gray:
			compare(t, name, p.Planes[0], m.Pix, m.Stride)
			compared++
		}
	}
	if compared < 20 {
		t.Errorf("only %d files compared", compared)
	}
}

// TestRandomPictures decodes noise, which has every coefficient and every code length, of sizes that leave
// blocks incomplete.
func TestRandomPictures(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var d Decoder
	for _, size := range [][2]int{{1, 1}, {7, 9}, {8, 8}, {16, 17}, {64, 33}, {201, 3}} {
		for _, quality := range []int{1, 50, 100} {
			img := image.NewRGBA(image.Rect(0, 0, size[0], size[1]))
			for i := range img.Pix {
				img.Pix[i] = uint8(r.Uint32()) | 255*uint8(i&3/3)
			}
			var data bytes.Buffer
			if err := jpeg.Encode(&data, img, &jpeg.Options{Quality: quality}); err != nil {
				t.Fatal(err)
			}
			p, err := d.Decode(data.Bytes())
			if err != nil {
				t.Fatal(err)
			}
			reference, err := jpeg.Decode(bytes.NewReader(data.Bytes()))
			if err != nil {
				t.Fatal(err)
			}
			m := reference.(*image.YCbCr)
			for i, pix := range [][]uint8{m.Y, m.Cb, m.Cr} {
				compare(t, "noise", p.Planes[i], pix, []int{m.YStride, m.CStride, m.CStride}[i])
			}
		}
	}
}

func TestColour(t *testing.T) {
	all := files(t)
	for name, want := range map[string]struct {
		colour       Colour
		across, down int // of the second plane
	}{
		"jpeg-grey.jpg":       {Grey, 0, 0},
		"jpeg-444.jpg":        {YCbCr, 1, 1},
		"jpeg-422.jpg":        {YCbCr, 2, 1},
		"jpeg-420.jpg":        {YCbCr, 2, 2},
		"jpeg-440.jpg":        {YCbCr, 1, 2},
		"jpeg-411.jpg":        {YCbCr, 4, 1},
		"jpeg-rgb.jpg":        {RGB, 1, 1},
		"jpeg-cmyk.jpg":       {CMYK, 1, 1},
		"jpeg-cmyk-plain.jpg": {CMYK, 1, 1},
		"jpeg-ycck.jpg":       {YCCK, 1, 1},
	} {
		p, err := new(Decoder).Decode(all[name])
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Colour != want.colour {
			t.Errorf("%s: colour %d, want %d", name, p.Colour, want.colour)
		}
		if want.across > 0 && (p.Planes[1].Across != want.across || p.Planes[1].Down != want.down) {
			t.Errorf("%s: sampling %d × %d, want %d × %d", name, p.Planes[1].Across, p.Planes[1].Down, want.across, want.down)
		}
	}
}

func TestSize(t *testing.T) {
	var d Decoder
	w, h, err := d.Size(files(t)["jpeg-progressive.jpg"])
	if w != 73 || h != 55 || err != nil {
		t.Errorf("%d × %d, %v", w, h, err)
	}
}

func TestCutOffAnywhere(t *testing.T) {
	all := files(t)
	var d Decoder
	for _, name := range []string{"jpeg-420.jpg", "jpeg-progressive.jpg", "jpeg-restart.jpg"} {
		data := all[name]
		for n := range data {
			if _, err := d.Decode(data[:n]); err == nil {
				t.Fatalf("%s: no error for %d of %d bytes", name, n, len(data))
			}
		}
		if _, err := d.Decode(data[:len(data)/2]); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s, the first half: %v", name, err)
		}
	}
}

func TestUnsupportedAndDamaged(t *testing.T) {
	whole := files(t)["jpeg-restart.jpg"]
	change := func(marker byte, offset int, value byte) []byte {
		data := bytes.Clone(whole)
		data[bytes.Index(data, []byte{0xff, marker})+offset] = value
		return data
	}
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"arithmetic coding":      {change(sof0, 1, 0xc9), ErrUnsupported},
		"lossless":               {change(sof0, 1, 0xc3), ErrUnsupported},
		"12 bits":                {change(sof0, 4, 12), ErrUnsupported},
		"no height":              {zeroHeight(whole), ErrUnsupported},
		"sampling factor 0":      {change(sof0, 11, 0x01), ErrDamaged},
		"fractional sampling":    {change(sof0, 14, 0x31), ErrUnsupported},
		"quantisation table 7":   {change(sof0, 12, 7), ErrDamaged},
		"unknown component":      {change(sos, 5, 99), ErrDamaged},
		"Huffman table 5":        {change(sos, 6, 0x55), ErrDamaged},
		"restart marker missing": {change(rst0, 1, 0), ErrDamaged},
		"restart out of order":   {change(rst0, 1, rst7), ErrDamaged},
		"not a JPEG":             {[]byte("\x89PNG\r\n"), ErrDamaged},
		"only an end":            {[]byte{0xff, soi, 0xff, eoi}, ErrDamaged},
	} {
		if _, err := new(Decoder).Decode(c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: error %v, want %v", name, err, c.want)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: more than a line: %v", name, err)
		}
	}
}

// manyScans returns a progressive file whose last scan is there so many times more.
func manyScans(t *testing.T, more int) []byte {
	t.Helper()
	data := files(t)["jpeg-progressive.jpg"]
	last := bytes.LastIndex(data, []byte{0xff, sos})
	end := len(data) - 2
	return append(append(bytes.Clone(data[:end]), bytes.Repeat(data[last:end], more)...), 0xff, eoi)
}

func TestLimits(t *testing.T) {
	whole := files(t)["jpeg-progressive.jpg"]
	const pixels = 80 * 64 // whole MCUs of the 73 × 55 of the picture; 4:2:0 has 1.5 samples of each
	const memory = pixels * 3 / 2 * (64 + 136) / 64
	for name, c := range map[string]struct {
		data   []byte
		limits Limits
		want   error
	}{
		"at the limits":      {whole, Limits{Memory: memory, Work: 8 * pixels}, nil},
		"memory":             {whole, Limits{Memory: memory - 1}, ErrTooLarge},
		"work":               {whole, Limits{Work: 8*pixels - 1}, ErrTooLarge},
		"scans":              {manyScans(t, 200), Limits{Work: 32 * pixels}, ErrTooLarge},
		"memory of baseline": {files(t)["jpeg-420.jpg"], Limits{Memory: pixels*3/2 - 1}, ErrTooLarge},
		"work of baseline":   {files(t)["jpeg-420.jpg"], Limits{Work: 1}, nil},
	} {
		d := Decoder{Limits: c.limits}
		if _, err := d.Decode(c.data); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if c.want != nil && d.kept[0] != nil {
			t.Errorf("%s: memory was allocated", name)
		}
	}
}

func TestStop(t *testing.T) {
	for name, rows := range map[string]int{"jpeg-420.jpg": 4, "jpeg-progressive.jpg": 10} {
		calls, enough := 0, errors.New("enough")
		d := Decoder{Stop: func() error {
			if calls++; calls == rows {
				return enough
			}
			return nil
		}}
		if _, err := d.Decode(files(t)[name]); !errors.Is(err, enough) || calls != rows {
			t.Errorf("%s: %v after %d calls", name, err, calls)
		}
	}
}

// TestStandardTables compares the tables of the standard with those that an encoder wrote, which uses them.
func TestStandardTables(t *testing.T) {
	data := files(t)["jpeg-444.jpg"]
	want, err := new(Decoder).Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	var without []byte
	for at := 0; ; {
		next := bytes.Index(data[at:], []byte{0xff, dht})
		if next < 0 || at+next > bytes.Index(data, []byte{0xff, sos}) {
			without = append(without, data[at:]...)
			break
		}
		without = append(without, data[at:at+next]...)
		at += next
		at += 2 + int(data[at+2])<<8 + int(data[at+3])
	}
	if len(without) >= len(data)-400 {
		t.Fatal("the tables are still there")
	}
	got, err := new(Decoder).Decode(without)
	if err != nil {
		t.Fatal(err)
	}
	for i := range want.Planes {
		if !bytes.Equal(got.Planes[i].Pix, want.Planes[i].Pix) {
			t.Errorf("plane %d differs", i)
		}
	}
}

func TestMetadata(t *testing.T) {
	all := files(t)
	exif, xmp := Metadata(all["jpeg-orientation-6.jpg"])
	if !bytes.HasPrefix(exif, []byte("MM\x00*")) && !bytes.HasPrefix(exif, []byte("II*\x00")) || xmp != nil {
		t.Errorf("EXIF %q, XMP %q", exif, xmp)
	}
	if exif, xmp := Metadata(all["jpeg-420.jpg"]); exif != nil || xmp != nil {
		t.Errorf("EXIF %q, XMP %q", exif, xmp)
	}
}

func zeroHeight(data []byte) []byte {
	data = bytes.Clone(data)
	at := bytes.Index(data, []byte{0xff, sof0})
	data[at+5], data[at+6] = 0, 0
	return data
}

func FuzzDecode(f *testing.F) {
	for _, data := range files(f) {
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var d Decoder
		w, h, err := d.Size(data)
		if err != nil || w*h > 1<<18 {
			return
		}
		p, err := d.Decode(data)
		if err != nil {
			return
		}
		for _, plane := range p.Planes {
			if plane.Width != ceil(w, plane.Across) || plane.Height != ceil(h, plane.Down) {
				t.Fatalf("a plane of %d × %d for %d × %d", plane.Width, plane.Height, w, h)
			}
			for y := range plane.Height {
				_ = plane.Row(y)
			}
		}
	})
}
