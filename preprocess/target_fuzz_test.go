package preprocess

import (
	"image"
	"testing"
)

// FuzzTarget compares the two kinds of Target: a table turns the levels of any picture into the bits of its numbers.
func FuzzTarget(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, uint8(3), 255.0, 0.4, 0.2, uint8(0))
	f.Add([]byte{255, 0, 128, 7}, uint8(1), 1.0, 127.0, 128.0, uint8(7))
	f.Fuzz(func(t *testing.T, pixels []byte, width uint8, scale, mean, std float64, kinds uint8) {
		w := int(width)%16 + 1
		h := len(pixels) / (4 * w)
		if h == 0 || h > 64 {
			t.Skip()
		}
		img := &image.NRGBA{Pix: pixels[:4*w*h], Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
		spec := Default().Sized(5, 7)
		spec.Scale, spec.Mean, spec.Std = scale, [3]float64{mean, mean / 2, -mean}, [3]float64{std, std * 2, std}
		layout := Layout(kinds & 1)
		if kinds&2 != 0 {
			spec.ChannelOrder = BGR
		}
		tr, err := NewTransformer(spec, layout)
		if err != nil {
			t.Skip() // numbers that no preprocessing has
		}
		mirrored := kinds&4 != 0
		numbers, levels := make([]float32, tr.Len()), make([]uint8, tr.Len())
		if err := tr.WriteOf(Target{Numbers: numbers}, img, mirrored); err != nil {
			t.Fatal(err)
		}
		if err := tr.WriteOf(Target{Levels: levels}, img, mirrored); err != nil {
			t.Fatal(err)
		}
		table := spec.Levels()
		for i, v := range numbers {
			channel := i / 35
			if layout == NHWC {
				channel = i % 3
			}
			if table[channel][levels[i]] != v {
				t.Fatalf("number %d is %v, level %d of channel %d", i, v, levels[i], channel)
			}
		}
	})
}
