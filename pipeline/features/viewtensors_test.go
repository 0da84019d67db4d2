package features

import (
	"image"
	"math/rand/v2"
	"slices"
	"testing"

	"finetune/augment"
	"finetune/preprocess"
)

// The tensors of views must be those of the plan; the mirror image is that of the whole picture.
func TestViewTensors(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	img := image.NewNRGBA(image.Rect(0, 0, 400, 300)) // large enough to be reduced
	for i := range img.Pix {
		img.Pix[i] = uint8(random.IntN(256))
		if i%4 == 3 {
			img.Pix[i] = 255
		}
	}
	spec, err := preprocess.Preset("siglip")
	if err != nil {
		t.Fatal(err)
	}
	transformer, err := preprocess.NewTransformer(spec.Sized(32, 32), preprocess.NCHW)
	if err != nil {
		t.Fatal(err)
	}
	plan := augment.Plan{Kinds: augment.All, Seed: 3}
	content := [32]byte{5}
	views := ViewTensors{Plan: plan, Side: 32}
	small := augment.Reduce(img, 32)
	if small == img {
		t.Fatal("the picture isn't reduced")
	}
	for view, want := range []*image.NRGBA{img, plan.View(img, 1, content), plan.View(small, 2, content), plan.View(small, 3, content)} {
		got, expected := make([]float32, transformer.Len()), make([]float32, transformer.Len())
		if err := views.Write(transformer, preprocess.Target{Numbers: got}, img, view, content); err != nil {
			t.Fatal(err)
		}
		if err := transformer.TensorOf(expected, want); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, expected) {
			t.Errorf("view %d differs", view)
		}
	}
}
