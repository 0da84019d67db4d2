package overlay

import (
	"image"
	"image/color"
	"image/draw"
	"strings"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// The fonts are part of the program, so they parse.
var regular, bold = fonts(goregular.TTF), fonts(gobold.TTF)

func fonts(data []byte) func() *opentype.Font {
	return sync.OnceValue(func() *opentype.Font {
		f, err := opentype.Parse(data)
		if err != nil {
			panic(err)
		}
		return f
	})
}

// A pen writes lines of one size. It serves one goroutine.
type pen struct {
	face font.Face
	size int
}

func newPen(f *opentype.Font, size int) *pen {
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		panic(err) // the options are sound
	}
	return &pen{face, size}
}

// fit shortens text to a width.
func (p *pen) fit(text string, width int) string {
	if p.width(text) <= width {
		return text
	}
	runes := []rune(text)
	for len(runes) > 0 && p.width(string(runes)+"…") > width {
		runes = runes[:len(runes)-1]
	}
	return string(runes) + "…"
}

// wrap breaks text between words so that lines fit a width; a word that doesn't is cut short.
func (p *pen) wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		switch longer := strings.TrimSpace(line + " " + word); {
		case line == "" || p.width(longer) <= width:
			line = longer
		default:
			lines, line = append(lines, p.fit(line, width)), word
		}
	}
	return append(lines, p.fit(line, width))
}

func (p *pen) width(text string) int { return font.MeasureString(p.face, text).Ceil() }

// write puts a line with its top left corner at (x, y).
func (p *pen) write(dst draw.Image, x, y int, c color.Color, text string) {
	d := font.Drawer{Dst: dst, Src: image.NewUniform(c), Face: p.face, Dot: fixed.P(x, y+p.size)}
	d.DrawString(text)
}
