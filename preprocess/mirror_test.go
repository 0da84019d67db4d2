package preprocess

import (
	"image"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/disintegration/imaging"
)

// MirrorTensorOf must give the tensor of the mirror image, to the bit, also where margins of a crop are uneven.
func TestMirrorTensorOf(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"imagenet", "siglip"} {
		spec, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		transformer, err := NewTransformer(spec.Sized(37, 32), NCHW)
		if err != nil {
			t.Fatal(err)
		}
		for _, size := range []image.Point{{1, 1}, {32, 37}, {61, 44}, {44, 61}, {701, 500}} {
			img := image.NewNRGBA(image.Rectangle{Max: size})
			for i := range img.Pix {
				img.Pix[i] = uint8(random.IntN(256))
			}
			got, want := make([]float32, transformer.Len()), make([]float32, transformer.Len())
			if err := transformer.MirrorTensorOf(got, img); err != nil {
				t.Fatal(err)
			}
			if err := transformer.TensorOf(want, imaging.FlipH(img)); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got, want) {
				t.Errorf("%s: the mirror image of %v differs", name, size)
			}
		}
	}
}
