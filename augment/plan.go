package augment

import (
	"encoding/binary"
	"fmt"
	"image"
	"math/rand/v2"
	"strconv"

	"github.com/disintegration/imaging"

	"finetune/internal/randstream"
	"finetune/invalid"
)

// Most is the largest number of views that a plan has. The gain of one more has become small long before.
const Most = 64

// version changes whenever a drawn view of the same name shows other pixels.
const version = "1"

// A Plan says what the views of all pictures are. It is comparable.
type Plan struct {
	Kinds Kinds  `json:"augment"` // what may be changed
	Seed  uint64 `json:"seed"`    // of what is drawn
}

// Len is the number of views that differ: the picture and its mirror image have no others where nothing but Flip is allowed.
func (p Plan) Len() int {
	switch p.Kinds {
	case 0:
		return 1
	case Flip:
		return 2
	}
	return Most
}

// Check returns a *invalid.Error where the plan hasn't the n views that a flag asks for.
func (p Plan) Check(flag string, n int) error {
	switch {
	case n < 1 || n > Most:
		return &invalid.Error{Field: flag, Found: strconv.Itoa(n), Want: fmt.Sprintf("1 to %d views, the picture itself being one", Most)}
	case n > p.Len():
		return &invalid.Error{Field: flag, Found: fmt.Sprintf("%d views with --augment %v", n, p.Kinds),
			Want: fmt.Sprintf("at most %d, which are all that differ", p.Len()), Hint: "allow more, such as crop or colour, or ask for fewer"}
	}
	return nil
}

// Name is all that decides a view besides the picture: "" for the picture itself, else text to keep views of different plans apart.
func (p Plan) Name(view int) string {
	switch {
	case view == 0:
		return ""
	case p.mirrored(view) && view == 1:
		return Flip.String() // whatever else is allowed, and whatever the seed
	}
	return fmt.Sprintf("%v seed=%d view=%d version=%s", p.Kinds, p.Seed, view, version)
}

// mirrored reports whether a view is a mirror image: every second one, so that the views of a picture look both ways equally often.
func (p Plan) mirrored(view int) bool { return p.Kinds&Flip != 0 && view%2 == 1 }

// View returns a view of a picture with opaque pixels, which isn't changed; content is a digest of the picture's file. View 0
// is img itself.
func (p Plan) View(img *image.NRGBA, view int, content [32]byte) *image.NRGBA {
	if view == 0 {
		return img
	}
	if view > 1 || !p.mirrored(view) {
		img = p.draw(img, view, content)
	}
	if p.mirrored(view) {
		img = imaging.FlipH(img)
	}
	return img
}

// draw makes all changes but the mirror image. Each has a stream of its own, so that allowing one leaves the others as they were.
func (p Plan) draw(img *image.NRGBA, view int, content [32]byte) *image.NRGBA {
	for _, c := range []struct {
		kind   Kinds
		change func(*image.NRGBA, *rand.Rand) *image.NRGBA
	}{{Scale, rescale}, {Crop, crop}, {Colour, recolour}} {
		if p.Kinds&c.kind == 0 {
			continue
		}
		sub := []uint64{uint64(view)}
		for i := 0; i < len(content); i += 8 {
			sub = append(sub, binary.LittleEndian.Uint64(content[i:]))
		}
		img = c.change(img, randstream.New(p.Seed, "augment "+c.kind.String(), sub...))
	}
	return img
}
