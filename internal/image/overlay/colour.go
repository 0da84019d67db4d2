package overlay

import (
	"image"
	"image/color"
	"math"

	"github.com/disintegration/imaging"
)

// Blue and orange are told apart with every common kind of colour blindness, and by their lightness on paper.
var (
	against = color.NRGBA{0x1f, 0x5f, 0xd0, 0xff}
	forIt   = color.NRGBA{0xf2, 0x7a, 0x00, 0xff}
)

// most is how far the strongest places cover the picture.
const most = 0.78

// tint returns the colour and its opacity for a value from −1 to 1.
func tint(v float64) (color.NRGBA, float64) {
	c := forIt
	if v < 0 {
		c = against
	}
	size := min(math.Abs(v), 1)
	return c, most * size * math.Sqrt(size) // weak places hardly show
}

// mix lays a colour over another.
func mix(under, over color.NRGBA, opacity float64) color.NRGBA {
	part := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (float64(b)-float64(a))*opacity)) }
	return color.NRGBA{part(under.R, over.R), part(under.G, over.G), part(under.B, over.B), 0xff}
}

// A View is the part of a picture that a network saw, as shares of its width and height from the left and the top.
type View struct{ Left, Top, Right, Bottom float64 }

// Whole is the view of the whole picture.
var Whole = View{Right: 1, Bottom: 1}

// lay returns a picture with heat laid over the part that it is of: orange above zero, blue below, as strong as the size
// is next to scale. The picture is made grey, since its own colours would be taken for these; what the network didn't see is darker.
func lay(picture image.Image, h *Heat, v View, scale float64) *image.NRGBA {
	out := imaging.Grayscale(picture)
	bounds := out.Bounds()
	width, height := float64(bounds.Dx()), float64(bounds.Dy())
	for y := range bounds.Dy() {
		down := (float64(y) + 0.5 - v.Top*height) / ((v.Bottom - v.Top) * height)
		for x := range bounds.Dx() {
			across := (float64(x) + 0.5 - v.Left*width) / ((v.Right - v.Left) * width)
			i := out.PixOffset(x, y)
			under := color.NRGBA{out.Pix[i], out.Pix[i+1], out.Pix[i+2], 0xff}
			var over color.NRGBA
			if across < 0 || across > 1 || down < 0 || down > 1 {
				over = mix(under, color.NRGBA{0x20, 0x20, 0x20, 0xff}, 0.6)
			} else {
				c, opacity := tint(h.at(across, down) / max(scale, math.SmallestNonzeroFloat64))
				over = mix(under, c, opacity)
			}
			out.Pix[i], out.Pix[i+1], out.Pix[i+2], out.Pix[i+3] = over.R, over.G, over.B, 0xff
		}
	}
	return out
}

// at interpolates the heat at a share of its width and height.
func (h *Heat) at(across, down float64) float64 {
	place := func(share float64, n int) (first, second int, part float64) {
		at := min(max(share*float64(n)-0.5, 0), float64(n-1))
		first = int(at)
		return first, min(first+1, n-1), at - float64(first)
	}
	x0, x1, fx := place(across, h.Width)
	y0, y1, fy := place(down, h.Height)
	row := func(y int) float64 { return h.Values[y*h.Width+x0]*(1-fx) + h.Values[y*h.Width+x1]*fx }
	return row(y0)*(1-fy) + row(y1)*fy
}
