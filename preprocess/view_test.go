package preprocess

import "testing"

func TestView(t *testing.T) {
	squash := Default().Sized(224, 224)
	squash.Resize = Squash
	whole := Default().Sized(100, 100)
	whole.CropPct = 1
	for _, c := range []struct {
		name          string
		spec          Spec
		width, height int
		want          View
	}{
		{"squashed", squash, 640, 480, View{0, 0, 1, 1}},
		{"square", Default().Sized(224, 224), 500, 500, View{16. / 256, 16. / 256, 240. / 256, 240. / 256}},
		{"wide", whole, 400, 100, View{0.375, 0, 0.625, 1}},
		{"tall", whole, 50, 100, View{0, 0.25, 1, 0.75}},
	} {
		if got := c.spec.View(c.width, c.height); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}
