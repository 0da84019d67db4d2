package overlay

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func random(n int) []float64 {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	out := make([]float64, n)
	for i := range out {
		out[i] = r.NormFloat64()
	}
	return out
}

// Enlarging, making smaller and blurring must lose nothing.
func TestHeatKeepsItsSum(t *testing.T) {
	for _, c := range []struct{ height, width, toHeight, toWidth int }{
		{1, 1, 9, 7}, {7, 7, 224, 224}, {3, 5, 10, 8}, {2, 13, 31, 4}, {30, 20, 7, 6}, {1, 40, 40, 1}, {5, 5, 5, 5},
	} {
		values := random(c.height * c.width)
		var want, size float64
		for _, v := range values {
			want += v
			size += math.Abs(v)
		}
		h := NewHeat(c.toHeight, c.toWidth)
		h.Add(values, c.height, c.width)
		for _, reach := range []int{0, 1, 3, 50} {
			if got := h.Smooth(reach).Sum(); !(math.Abs(got-want) <= 1e-12*size) {
				t.Errorf("%+v, blurred by %d: %v, want %v", c, reach, got, want)
			}
		}
	}
}

// A map of the heat's own size is added as it is, and a flat map becomes a flat heat.
func TestAdd(t *testing.T) {
	values := random(12)
	h := NewHeat(3, 4)
	h.Add(values, 3, 4)
	for i, v := range h.Values {
		if v != values[i] {
			t.Fatalf("%v, want %v", h.Values, values)
		}
	}
	flat := NewHeat(12, 8)
	flat.Add([]float64{3, 3, 3, 3, 3, 3}, 3, 2)
	for _, v := range flat.Values {
		if !(math.Abs(v-18.0/96) < 1e-12) {
			t.Fatalf("%v", flat.Values)
		}
	}
}

// One hot place must end up where it was.
func TestPlaces(t *testing.T) {
	for y := range 4 {
		for x := range 5 {
			values := make([]float64, 20)
			values[y*5+x] = 1
			h := NewHeat(80, 60)
			h.Add(values, 4, 5)
			var down, across float64
			for i, v := range h.Values {
				down += v * (float64(i/60) + 0.5) / 80
				across += v * (float64(i%60) + 0.5) / 60
			}
			// At a border half of the triangle is folded back.
			if math.Abs(down-(float64(y)+0.5)/4) > 0.05 || math.Abs(across-(float64(x)+0.5)/5) > 0.05 {
				t.Errorf("row %d, column %d: its middle is at %.3f, %.3f", y, x, down, across)
			}
		}
	}
}

func grey(width, height int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = 128
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	return img
}

// Heat covers the part that the network saw: orange where it is above zero, blue below, nothing at zero, darkness elsewhere.
func TestLay(t *testing.T) {
	h := NewHeat(1, 3)
	h.Values = []float64{-1, 0, 1}
	out := lay(grey(200, 50), h, View{Left: 0.25, Right: 0.75, Bottom: 1}, 1)
	at := func(x int) color.NRGBA { return out.NRGBAAt(x, 25) }
	if c := at(10); c.R >= 100 || c != at(190) {
		t.Errorf("outside: %v and %v", c, at(190))
	}
	if c := at(55); !(c.B > c.R+80) {
		t.Errorf("below zero: %v", c)
	}
	if c := at(145); !(c.R > c.B+80) {
		t.Errorf("above zero: %v", c)
	}
	if c := at(100); abs(int(c.R)-128) > 3 || abs(int(c.B)-128) > 3 {
		t.Errorf("at zero: %v", c)
	}
	if c := lay(grey(4, 4), NewHeat(2, 2), Whole, 0).NRGBAAt(1, 1); c.R != c.B {
		t.Errorf("no heat at all: %v", c)
	}
}

func sheet(width, height, classes int) Sheet {
	s := Sheet{Picture: grey(width, height), View: Whole, Caption: []string{"first", "a second line, short too"}}
	for k := range classes {
		s.Bars = append(s.Bars, Bar{Name: "a class with a long name", Probability: 1 / float64(k+1), Predicted: k == 0, Truth: k == 1})
	}
	h := NewHeat(7, 7)
	h.Values[10] = 1
	s.Panels = []Panel{{Title: "for", Heat: h, Scale: 1, Against: "against", For: "for it"}, {Title: "order", Heat: h, Scale: 1}}
	return s
}

// Pictures of any shape are drawn at a sensible size, and the same each time.
func TestSheet(t *testing.T) {
	for _, c := range []struct{ width, height, classes, wantWidth, wantHeight int }{
		{640, 480, 3, 480, 360}, {100, 200, 2, 160, 320}, {400, 400, 50, 400, 400}, {5000, 1, 0, 480, 1}, {1, 1, 3, 320, 320},
	} {
		s := sheet(c.width, c.height, c.classes)
		out := s.Draw()
		want := image.Pt(3*(c.wantWidth+margin)+margin, 2*margin+titleHeight+c.wantHeight+legendHeight+2*lineHeight)
		if out.Bounds().Size() != want {
			t.Errorf("%d × %d: drawn %v, want %v", c.width, c.height, out.Bounds().Size(), want)
		}
		if !bytes.Equal(out.Pix, s.Draw().Pix) {
			t.Errorf("%d × %d: drawn otherwise the second time", c.width, c.height)
		}
	}
}

func TestFit(t *testing.T) {
	p := newPen(regular(), 12)
	if got := p.fit("short", 200); got != "short" {
		t.Errorf("%q", got)
	}
	for _, width := range []int{0, 5, 30, 60} {
		if got := p.fit("a long line of text", width); len(got) > 3 && p.width(got) > width {
			t.Errorf("%q is %d wide, not %d", got, p.width(got), width)
		}
	}
}

func TestWrap(t *testing.T) {
	p := newPen(regular(), 12)
	text := "a line of text with a veryveryveryveryverylongword in it"
	lines := p.wrap(text, 100)
	for _, line := range lines {
		if p.width(line) > 100 {
			t.Errorf("%q is %d wide", line, p.width(line))
		}
	}
	if joined := strings.Join(lines, " "); len(lines) < 3 || !strings.HasPrefix(joined, "a line of text with a very") || !strings.HasSuffix(joined, "… in it") {
		t.Errorf("%q", lines)
	}
	if lines := p.wrap("", 100); len(lines) != 1 || lines[0] != "" {
		t.Errorf("%q of nothing", lines)
	}
}

func TestStrongest(t *testing.T) {
	h := NewHeat(10, 10)
	for i := range h.Values {
		h.Values[i] = -float64(i)
	}
	if got := Strongest(h); got != 99 {
		t.Errorf("%v", got)
	}
	if got := Strongest(); got != 0 {
		t.Errorf("%v of nothing", got)
	}
}
