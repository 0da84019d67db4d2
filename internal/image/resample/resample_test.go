package resample

import (
	"fmt"
	"image"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/disintegration/imaging"
)

// Golden values of Pillow, to the bit, are tested in package preprocess.

// photo returns a smooth picture with noise on it, so that rounding, overshoot and clipping all occur.
func photo(w, h int) *image.NRGBA {
	r := rand.New(rand.NewPCG(uint64(w), uint64(h)))
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			for c := range 3 {
				v := 128 + 127*math.Sin(float64(x*(c+1))/17+float64(y)/11) + 60*(r.Float64()-0.5)
				img.Pix[img.PixOffset(x, y)+c] = uint8(min(max(v, 0), 255))
			}
			img.Pix[img.PixOffset(x, y)+3] = 255
		}
	}
	return img
}

var filters = map[Filter]imaging.ResampleFilter{Bilinear: imaging.Linear, Bicubic: imaging.CatmullRom}

func TestAgainstImaging(t *testing.T) {
	var r Resizer // one for all: tables and buffers must not leak from one to the next
	for _, c := range []struct{ w, h, width, height int }{
		{64, 48, 32, 24}, {640, 480, 341, 256}, {200, 200, 256, 256}, {33, 77, 77, 33}, {5, 190, 48, 1824},
		{300, 3, 25, 56}, {1, 1, 48, 48}, {48, 48, 48, 48}, {1000, 20, 7, 5},
	} {
		for filter, reference := range filters {
			t.Run(fmt.Sprintf("%d×%d to %d×%d, %d", c.w, c.h, c.width, c.height, filter), func(t *testing.T) {
				src := photo(c.w, c.h)
				got := make([]uint8, 3*c.width*c.height)
				r.Resize(got, Image{src}, Turn{}, c.width, c.height, image.Rect(0, 0, c.width, c.height), filter)
				want := src
				if downFirst(c.w, c.h, c.width, c.height) {
					want = imaging.Resize(want, c.w, c.height, reference)
				}
				want = imaging.Resize(want, c.width, c.height, reference)
				for i := range c.width * c.height {
					for k := range 3 {
						if d := int(got[3*i+k]) - int(want.Pix[4*i+k]); d < -1 || d > 1 {
							t.Fatalf("pixel (%d, %d), channel %d: %d, want %d", i%c.width, i/c.width, k, got[3*i+k], want.Pix[4*i+k])
						}
					}
				}
			})
		}
	}
}

func TestCropIsPartOfWhole(t *testing.T) {
	src := photo(150, 111)
	const width, height = 90, 70
	var r Resizer
	whole := make([]uint8, 3*width*height)
	r.Resize(whole, Image{src}, Turn{}, width, height, image.Rect(0, 0, width, height), Bicubic)
	for _, crop := range []image.Rectangle{image.Rect(0, 0, 1, 1), image.Rect(89, 69, 90, 70), image.Rect(13, 7, 61, 55)} {
		got := make([]uint8, 3*crop.Dx()*crop.Dy())
		r.Resize(got, Image{src}, Turn{}, width, height, crop, Bicubic)
		for y := range crop.Dy() {
			from := 3 * ((crop.Min.Y+y)*width + crop.Min.X)
			if want := whole[from : from+3*crop.Dx()]; string(got[3*y*crop.Dx():3*(y+1)*crop.Dx()]) != string(want) {
				t.Fatalf("crop %v differs in row %d", crop, y)
			}
		}
	}
}

func TestPartOfAPictureAndAlpha(t *testing.T) {
	src := photo(60, 60)
	part := image.Rect(10, 20, 50, 55)
	var r Resizer
	got, want := make([]uint8, 3*16*14), make([]uint8, 3*16*14)
	all := image.Rect(0, 0, 16, 14)
	r.Resize(got, Image{src.SubImage(part).(*image.NRGBA)}, Turn{}, 16, 14, all, Bilinear)
	cut := imaging.Crop(src, part)
	for i := 3; i < len(cut.Pix); i += 4 {
		cut.Pix[i] = uint8(i) // must not matter
	}
	r.Resize(want, Image{cut}, Turn{}, 16, 14, all, Bilinear)
	if string(got) != string(want) {
		t.Error("a part of a picture and a copy of it differ")
	}
}

func TestDownFirst(t *testing.T) {
	for _, c := range []struct {
		w, h, width, height int
		want                bool
	}{
		{640, 480, 341, 256, false}, {480, 640, 256, 341, false}, {300, 900, 256, 768, true},
		{200, 300, 224, 224, true}, {300, 200, 224, 224, false}, {100, 100, 150, 150, false},
		{100, 100, 75, 50, false}, {100, 100, 75, 49, true}, {100, 100, 200, 100, false},
	} {
		if got := downFirst(c.w, c.h, c.width, c.height); got != c.want {
			t.Errorf("%+v: got %v", c, got)
		}
	}
}

// turned applies a turn to a picture.
func turned(src *image.NRGBA, turn Turn) *image.NRGBA {
	out := src
	if turn.Transposed {
		out = imaging.Transpose(out)
	}
	if turn.MirroredX {
		out = imaging.FlipH(out)
	}
	if turn.MirroredY {
		out = imaging.FlipV(out)
	}
	return out
}

func TestTurnIsThatOfThePicture(t *testing.T) {
	var r Resizer
	for _, size := range []image.Point{{150, 111}, {40, 170}, {200, 31}, {9, 9}} {
		src := photo(size.X, size.Y)
		for bits := range 8 {
			turn := Turn{bits&1 > 0, bits&2 > 0, bits&4 > 0}
			for _, crop := range []image.Rectangle{image.Rect(0, 0, 37, 23), image.Rect(5, 3, 30, 17)} {
				got, want := make([]uint8, 3*crop.Dx()*crop.Dy()), make([]uint8, 3*crop.Dx()*crop.Dy())
				r.Resize(got, Image{src}, turn, 37, 23, crop, Bicubic)
				r.Resize(want, Image{turned(src, turn)}, Turn{}, 37, 23, crop, Bicubic)
				if string(got) != string(want) {
					t.Errorf("%v, %+v, %v: another picture than resizing after the turn", size, turn, crop)
				}
			}
		}
	}
}

// once is a source that gives each row once, in order, and overwrites it.
type once struct {
	Image
	t    *testing.T
	next int
	line []byte
}

func (o *once) Row(y int) []byte {
	if y < o.next {
		o.t.Errorf("row %d after row %d", y, o.next-1)
	}
	o.next = y + 1
	o.line = append(o.line[:0], o.Image.Row(y)...)
	return o.line
}

func TestRowsAreAskedForOnce(t *testing.T) {
	var r Resizer
	for _, size := range []image.Point{{150, 111}, {40, 170}} { // both orders of the passes
		for bits := range 8 {
			turn := Turn{bits&1 > 0, bits&2 > 0, bits&4 > 0}
			src := Image{photo(size.X, size.Y)}
			got, want := make([]uint8, 3*37*23), make([]uint8, 3*37*23)
			r.Resize(got, &once{Image: src, t: t}, turn, 37, 23, image.Rect(0, 0, 37, 23), Bilinear)
			r.Resize(want, src, turn, 37, 23, image.Rect(0, 0, 37, 23), Bilinear)
			if string(got) != string(want) {
				t.Errorf("%v, %+v: rows were used after the next was asked for", size, turn)
			}
		}
	}
}

func TestConstantStaysConstant(t *testing.T) {
	src := imaging.New(37, 23, image.White.C)
	var r Resizer
	for filter := range filters {
		dst := make([]uint8, 3*50*9)
		r.Resize(dst, Image{src}, Turn{}, 50, 9, image.Rect(0, 0, 50, 9), filter)
		for i, v := range dst {
			if v != 255 {
				t.Fatalf("filter %d: value %d is %d, want 255", filter, i, v)
			}
		}
	}
}

func TestMisusePanics(t *testing.T) {
	for name, call := range map[string]func(r *Resizer){
		"short slice": func(r *Resizer) {
			r.Resize(make([]uint8, 2), Image{photo(4, 4)}, Turn{}, 1, 1, image.Rect(0, 0, 1, 1), Bilinear)
		},
		"crop outside": func(r *Resizer) {
			r.Resize(make([]uint8, 3), Image{photo(4, 4)}, Turn{}, 1, 1, image.Rect(1, 0, 2, 1), Bilinear)
		},
		"empty source": func(r *Resizer) {
			r.Resize(make([]uint8, 3), Image{&image.NRGBA{}}, Turn{}, 1, 1, image.Rect(0, 0, 1, 1), Bilinear)
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			call(new(Resizer))
		}()
	}
}

func BenchmarkResize(b *testing.B) {
	src := photo(4000, 3000)
	crop := image.Rect(58, 16, 58+224, 16+224)
	b.Run("12MP", func(b *testing.B) {
		var r Resizer
		dst := make([]uint8, 3*224*224)
		b.ReportAllocs()
		for b.Loop() {
			r.Resize(dst, Image{src}, Turn{}, 341, 256, crop, Bilinear)
		}
	})
	b.Run("12MP-imaging", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			imaging.Crop(imaging.Resize(src, 341, 256, imaging.Linear), crop)
		}
	})
}
