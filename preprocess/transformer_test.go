package preprocess

import (
	"bytes"
	"errors"
	"image"
	"image/jpeg"
	"io"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"finetune/internal/image/decode"
	"finetune/internal/image/imagetest"
)

func transformer(t testing.TB, spec Spec, layout Layout) *Transformer {
	t.Helper()
	tr, err := NewTransformer(spec, layout)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

func TestLayoutAndChannelOrder(t *testing.T) {
	golden := imagetest.Load(t, "testdata")
	data := golden.Read(t, "png-rgb.png")
	spec, err := Preset("raw")
	if err != nil {
		t.Fatal(err)
	}
	spec = spec.Sized(10, 14)
	n := spec.Height * spec.Width
	nchw, nhwc, bgr := make([]float32, 3*n), make([]float32, 3*n), make([]float32, 3*n)
	if err := transformer(t, spec, NCHW).Tensor(nchw, data); err != nil {
		t.Fatal(err)
	}
	if err := transformer(t, spec, NHWC).Tensor(nhwc, data); err != nil {
		t.Fatal(err)
	}
	spec.ChannelOrder = BGR
	if err := transformer(t, spec, NHWC).Tensor(bgr, data); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		for c := range 3 {
			if nhwc[3*i+c] != nchw[c*n+i] || bgr[3*i+2-c] != nchw[c*n+i] {
				t.Fatalf("pixel %d, channel %d: NCHW %v, NHWC %v, BGR %v", i, c, nchw[c*n+i], nhwc[3*i+c], bgr[3*i+2-c])
			}
		}
	}
	if slices.Equal(nhwc, bgr) {
		t.Error("a picture without colours proves nothing")
	}
}

func TestTensorOf(t *testing.T) {
	golden := imagetest.Load(t, "testdata")
	tr := transformer(t, Default().Sized(32, 32), NCHW)
	want, got := make([]float32, tr.Len()), make([]float32, tr.Len())
	for _, file := range []string{"jpeg-orientation-6.jpg", "png-alpha.png"} {
		data := golden.Read(t, file)
		if err := tr.Tensor(want, data); err != nil {
			t.Fatal(err)
		}
		img, err := tr.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		rgba := image.NewRGBA(img.Rect) // another type, the same colours
		copy(rgba.Pix, img.Pix)
		for _, m := range []image.Image{img, rgba} {
			if err := tr.TensorOf(got, m); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s as %T: another tensor", file, m)
			}
		}
	}
	if err := tr.TensorOf(got, image.NewNRGBA(image.Rectangle{})); err == nil {
		t.Error("an empty picture: no error")
	}
}

func TestErrors(t *testing.T) {
	tr := transformer(t, Default().Sized(8, 8), NCHW)
	dst := make([]float32, tr.Len())
	golden := imagetest.Load(t, "testdata")
	whole := golden.Read(t, "jpeg-420.jpg")
	for name, c := range map[string]struct {
		data []byte
		is   error
		says string
	}{
		"text":    {[]byte("path,label"), decode.ErrFormat, "expected JPEG, PNG, WebP, GIF, BMP, TIFF, HEIC or AVIF"},
		"nothing": {nil, decode.ErrFormat, "an empty file"},
		"half":    {whole[:len(whole)/2], io.ErrUnexpectedEOF, "cut off"},
	} {
		err := tr.Tensor(dst, c.data)
		if !errors.Is(err, c.is) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := tr.Tensor(dst, whole); err != nil {
		t.Errorf("after errors: %v", err)
	}
	for name, make := range map[string]func() (*Transformer, error){
		"no size":     func() (*Transformer, error) { return NewTransformer(Default(), NCHW) },
		"zero spec":   func() (*Transformer, error) { return NewTransformer(Spec{}, NCHW) },
		"layout of 7": func() (*Transformer, error) { return NewTransformer(Default().Sized(8, 8), 7) },
	} {
		if _, err := make(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a slice of another length: no panic")
		}
	}()
	_ = tr.Tensor(dst[1:], whole)
}

// TestKeepsItsBuffers bounds the memory that a worker takes for each image beyond what it holds.
func TestKeepsItsBuffers(t *testing.T) {
	tr := transformer(t, Default().Sized(224, 224), NCHW)
	dst := make([]float32, tr.Len())
	data := photo(t, 640, 480)
	allocations := testing.AllocsPerRun(5, func() {
		if err := tr.Tensor(dst, data); err != nil {
			t.Fatal(err)
		}
	})
	if allocations > 100 {
		t.Errorf("%v allocations an image", allocations)
	}
}

// photo returns a JPEG with detail on every scale, 4:2:0, of about 1.5 bits a pixel like a camera's.
func photo(t testing.TB, w, h int) []byte {
	t.Helper()
	img := image.NewYCbCr(image.Rect(0, 0, w, h), image.YCbCrSubsampleRatio420)
	for y := range h {
		for x := range w {
			fx, fy := float64(x), float64(y)
			img.Y[y*img.YStride+x] = uint8(128 + 60*math.Sin(fx/97+fy/71) + 30*math.Sin(fx*fy/9000) + 12*math.Sin(fx/2.3)*math.Sin(fy/1.7))
		}
	}
	for i := range img.Cb {
		x, y := float64(i%img.CStride), float64(i/img.CStride)
		img.Cb[i], img.Cr[i] = uint8(128+50*math.Sin(x/40)), uint8(128+50*math.Sin(y/31+x/200))
	}
	var b bytes.Buffer
	if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: 85}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func BenchmarkTensor(b *testing.B) {
	for _, size := range []struct {
		name string
		w, h int
	}{{"200x200", 200, 200}, {"640x480", 640, 480}, {"12MP", 4000, 3000}} {
		data := photo(b, size.w, size.h)
		tr := transformer(b, Default().Sized(224, 224), NCHW)
		dst := make([]float32, tr.Len())
		b.Run("decode/"+size.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := tr.Decode(data); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("standard-library-decode/"+size.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := jpeg.Decode(bytes.NewReader(data)); err != nil {
					b.Fatal(err)
				}
			}
		})
		img, err := decode.Decode(data, decode.Limits{})
		if err != nil {
			b.Fatal(err)
		}
		b.Run("resize/"+size.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := tr.TensorOf(dst, img); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("all/"+size.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := tr.Tensor(dst, data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The levels of a picture must be those from which the table makes its numbers, in every layout and order of channels.
func TestTargetLevels(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	img := image.NewNRGBA(image.Rect(0, 0, 31, 17))
	for i := range img.Pix {
		img.Pix[i] = uint8(random.IntN(256))
	}
	for _, layout := range []Layout{NCHW, NHWC} {
		for _, order := range []ChannelOrder{RGB, BGR} {
			spec := Default().Sized(8, 12)
			spec.ChannelOrder = order
			tr, err := NewTransformer(spec, layout)
			if err != nil {
				t.Fatal(err)
			}
			for _, mirrored := range []bool{false, true} {
				numbers, levels := make([]float32, tr.Len()), make([]uint8, tr.Len())
				if err := errors.Join(tr.WriteOf(Target{Numbers: numbers}, img, mirrored), tr.WriteOf(Target{Levels: levels}, img, mirrored)); err != nil {
					t.Fatal(err)
				}
				table := spec.Levels()
				for i, v := range numbers {
					channel := i / (8 * 12)
					if layout == NHWC {
						channel = i % 3
					}
					if table[channel][levels[i]] != v {
						t.Fatalf("%v %v: number %d is %v, level %d", layout, order, i, v, levels[i])
					}
				}
			}
		}
	}
}
