package overlay

import (
	"image"
	"image/color"
	"image/draw"

	"github.com/disintegration/imaging"
)

// Sizes in pixels. A picture is enlarged or reduced until its longer side lies between the two.
const (
	minSide, maxSide = 320, 480
	margin           = 12
	titleHeight      = 24
	legendHeight     = 64
	lineHeight       = 20
	textSize, small  = 14, 12
)

var (
	paper = color.NRGBA{0xff, 0xff, 0xff, 0xff}
	ink   = color.NRGBA{0x16, 0x20, 0x2b, 0xff}
	muted = color.NRGBA{0x4d, 0x5b, 0x69, 0xff}
	rule  = color.NRGBA{0xd3, 0xda, 0xe1, 0xff}
)

// A Sheet is one picture, explained: the picture itself with the probabilities of the classes below, and a panel for each
// question that was asked, side by side, above a caption.
type Sheet struct {
	Picture image.Image // upright
	View    View        // what the heats of the panels are of
	Bars    []Bar       // lowest class first
	Panels  []Panel
	Caption []string // paragraphs
}

// A Panel is the picture under heat.
type Panel struct {
	Title   string
	Heat    *Heat
	Scale   float64 // the size that is drawn strongest
	Against string  // what blue stands for
	For     string  // what orange stands for
}

// A Bar is the probability of a class.
type Bar struct {
	Name             string
	Probability      float64
	Predicted, Truth bool
}

// Draw returns the sheet. Panels stand in one row, above the caption.
func (s Sheet) Draw() *image.NRGBA {
	picture := fitted(s.Picture)
	size := picture.Bounds().Size()
	columns := 1 + len(s.Panels)
	width := columns*(size.X+margin) + margin
	d := drawer{nil, newPen(bold(), textSize), newPen(regular(), textSize), newPen(regular(), small)}
	var caption []string
	for _, text := range s.Caption {
		caption = append(caption, d.line.wrap(text, width-2*margin)...)
	}
	height := margin + titleHeight + size.Y + legendHeight + len(caption)*lineHeight + margin
	out := imaging.New(width, height, paper)
	d.to = out

	at := image.Pt(margin, margin)
	d.title(at, size.X, "picture")
	draw.Draw(out, image.Rectangle{Max: size}.Add(at.Add(image.Pt(0, titleHeight))), picture, picture.Bounds().Min, draw.Src)
	d.bars(image.Rect(at.X, at.Y+titleHeight+size.Y, at.X+size.X, at.Y+titleHeight+size.Y+legendHeight), s.Bars)
	for _, p := range s.Panels {
		at.X += size.X + margin
		d.title(at, size.X, p.Title)
		over := lay(picture, p.Heat, s.View, p.Scale)
		draw.Draw(out, image.Rectangle{Max: size}.Add(at.Add(image.Pt(0, titleHeight))), over, over.Bounds().Min, draw.Src)
		d.legend(image.Pt(at.X, at.Y+titleHeight+size.Y+6), size.X, p)
	}
	for i, line := range caption {
		d.line.write(out, margin, margin+titleHeight+size.Y+legendHeight+i*lineHeight, ink, line)
	}
	return out
}

// fitted brings a picture to the size that it is drawn in.
func fitted(picture image.Image) *image.NRGBA {
	size := picture.Bounds().Size()
	longer := max(size.X, size.Y)
	side := min(max(longer, minSide), maxSide)
	scale := func(n int) int { return max(1, (n*side+longer/2)/longer) }
	return imaging.Resize(picture, scale(size.X), scale(size.Y), imaging.CatmullRom)
}

// A drawer writes on one picture.
type drawer struct {
	to                *image.NRGBA
	head, line, notes *pen
}

func (d *drawer) title(at image.Point, width int, text string) {
	d.head.write(d.to, at.X, at.Y+2, ink, d.head.fit(text, width))
}

// legend draws the colours from one end to the other, and below them what the ends stand for.
func (d *drawer) legend(at image.Point, width int, p Panel) {
	const strip = 10
	for x := range width {
		c, opacity := tint(2*(float64(x)+0.5)/float64(width) - 1)
		shade := mix(color.NRGBA{0xe6, 0xe6, 0xe6, 0xff}, c, opacity)
		draw.Draw(d.to, image.Rect(at.X+x, at.Y, at.X+x+1, at.Y+strip), image.NewUniform(shade), image.Point{}, draw.Src)
	}
	left := d.notes.fit(p.Against, width/2-4)
	right := d.notes.fit(p.For, width/2-4)
	d.notes.write(d.to, at.X, at.Y+strip+2, muted, left)
	d.notes.write(d.to, at.X+width-d.notes.width(right), at.Y+strip+2, muted, right)
}

// mostNamed is how many classes have room for names under their bars.
const mostNamed = 16

// bars draws the probabilities of the classes, the predicted one orange, and marks the true one.
func (d *drawer) bars(in image.Rectangle, list []Bar) {
	if len(list) == 0 {
		return
	}
	top := 0.0
	for _, b := range list {
		top = max(top, b.Probability)
	}
	room := in.Dy() - 6 - small - 6
	if len(list) > mostNamed {
		room += small
	}
	base := in.Min.Y + 4 + room
	for i, b := range list {
		left, right := in.Min.X+i*in.Dx()/len(list), in.Min.X+(i+1)*in.Dx()/len(list)
		tall := int(b.Probability / max(top, 1e-9) * float64(room))
		c := muted
		if b.Predicted {
			c = forIt
		}
		gap := 0
		if right-left > 4 {
			gap = 1
		}
		fill := func(r image.Rectangle, c color.Color) {
			draw.Draw(d.to, r, image.NewUniform(c), image.Point{}, draw.Src)
		}
		fill(image.Rect(left+gap, base-tall, right-gap, base), c)
		fill(image.Rect(left, base, right, base+1), rule)
		if b.Truth {
			fill(image.Rect(left+gap, base+1, right-gap, base+4), ink)
		}
		if len(list) <= mostNamed {
			name := d.notes.fit(b.Name, right-left-2)
			d.notes.write(d.to, (left+right-d.notes.width(name))/2, base+4, muted, name)
		}
	}
}

// Small returns the picture under heat with its longer side reduced to that many pixels.
func Small(picture image.Image, h *Heat, v View, scale float64, side int) *image.NRGBA {
	return lay(imaging.Fit(picture, side, side, imaging.CatmullRom), h, v, scale)
}
