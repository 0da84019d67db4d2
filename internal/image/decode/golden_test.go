package decode

import (
	"image"
	"testing"

	"finetune/internal/image/imagetest"
)

const testdata = "../../../preprocess/testdata"

func TestDecodeAsPillow(t *testing.T) {
	golden := imagetest.Load(t, testdata)
	if len(golden.Images) < 70 {
		t.Fatalf("only %d test images", len(golden.Images))
	}
	var d Decoder // one for all, so that buffers are used again
	for _, g := range golden.Images {
		t.Run(g.File, func(t *testing.T) {
			img, err := d.Decode(golden.Read(t, g.File))
			if err != nil {
				t.Fatal(err)
			}
			if img.Rect != image.Rect(0, 0, g.Width, g.Height) || img.Stride != 4*g.Width {
				t.Fatalf("got %v, stride %d, want %d × %d", img.Rect, img.Stride, g.Width, g.Height)
			}
			if !img.Opaque() {
				t.Error("alpha must be 255 everywhere")
			}
			want := golden.Blob(g.Pixels)
			for i := range g.Width * g.Height {
				if [3]byte(img.Pix[4*i:]) != [3]byte(want[3*i:]) {
					t.Fatalf("pixel (%d, %d) is %v, want %v", i%g.Width, i/g.Width, img.Pix[4*i:4*i+3], want[3*i:3*i+3])
				}
			}
		})
	}
}
