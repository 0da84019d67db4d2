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

// Most is the largest number of views of a plan. The gain from more views is negligible long before.
const Most = 64

// version changes whenever the pixels of a view of the same name change.
const version = "1"

// A Plan defines the views of all images. It is comparable.
type Plan struct {
	Kinds Kinds  `json:"augment"` // the augmentations
	Seed  uint64 `json:"seed"`    // of the random augmentations
}

// Len is the number of different views: 1 without augmentations, 2 with Flip alone, else Most.
func (p Plan) Len() int {
	switch p.Kinds {
	case 0:
		return 1
	case Flip:
		return 2
	}
	return Most
}

// Check returns a *invalid.Error of the option named field where the plan hasn't the n views that the option asks
// for.
func (p Plan) Check(field string, n int) error {
	switch {
	case n < 1 || n > Most:
		return &invalid.Error{
			Field: field,
			Found: strconv.Itoa(n),
			Want:  fmt.Sprintf("1 to %d views, counting the image itself", Most),
		}
	case n > p.Len():
		return &invalid.Error{Field: field, Found: fmt.Sprintf("%d views with {Images.Augment} %v", n, p.Kinds),
			Want: fmt.Sprintf(
				"at most %d, the number of different views",
				p.Len(),
			), Hint: "allow more, such as crop or colour, or ask for fewer"}
	}
	return nil
}

// Name identifies a view among those of all plans, as part of a cache key: "" for the image itself.
func (p Plan) Name(view int) string {
	switch {
	case view == 0:
		return ""
	case p.Mirror(view):
		return "mirror" // whatever else is allowed, and whatever the seed
	}
	return fmt.Sprintf("%v seed=%d view=%d version=%s", p.Kinds, p.Seed, view, version)
}

// Mirror reports whether a view is the mirror image of the image and nothing else.
func (p Plan) Mirror(view int) bool { return view == 1 && p.mirrored(view) }

// mirrored reports whether a view is a mirror image. Every second one is, so that both orientations are equally
// frequent.
func (p Plan) mirrored(view int) bool { return p.Kinds&Flip != 0 && view%2 == 1 }

// View returns a view of an image with opaque pixels, without changing img; content is a digest of the image file.
// View 0 is img itself.
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

// draw applies all augmentations but Flip. Each has its own random stream, so that adding one leaves the others as
// they were.
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
