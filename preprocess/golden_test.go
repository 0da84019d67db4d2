package preprocess

import (
	"math"
	"strings"
	"testing"

	"finetune/internal/image/imagetest"
)

// levelsOf turns a tensor back into 8-bit RGB, row by row.
func levelsOf(t *testing.T, spec Spec, tensor []float32) []uint8 {
	t.Helper()
	n := spec.Height * spec.Width
	out := make([]uint8, 3*n)
	for c := range 3 {
		colour := c
		if spec.ChannelOrder == BGR {
			colour = 2 - c
		}
		for i := range n {
			v := (float64(tensor[c*n+i])*spec.Std[c] + spec.Mean[c]) * spec.Scale
			if math.Abs(v-math.Round(v)) > 0.01 {
				t.Fatalf("channel %d, pixel %d: %v is no level", c, i, v)
			}
			out[3*i+colour] = uint8(math.Round(v))
		}
	}
	return out
}

func parse(t *testing.T, text string) Spec {
	t.Helper()
	spec, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func sameLevels(t *testing.T, got, want []uint8) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d values, want %d", len(got), len(want))
	}
	for i := range got {
		if got[i] != want[i] {
			t.Fatalf("value %d is %d, want %d", i, got[i], want[i])
		}
	}
}

// TestAsTorchvision goes from the bytes of every kind of file to the tensor.
func TestAsTorchvision(t *testing.T) {
	golden := imagetest.Load(t, "testdata")
	spec := parse(t, golden.CropOfImages)
	tr, err := NewTransformer(spec, NCHW)
	if err != nil {
		t.Fatal(err)
	}
	tensor := make([]float32, tr.Len())
	for _, g := range golden.Images {
		t.Run(g.File, func(t *testing.T) {
			if err := tr.Tensor(tensor, golden.Read(t, g.File)); err != nil {
				t.Fatal(err)
			}
			sameLevels(t, levelsOf(t, spec, tensor), golden.Blob(g.Crop))
		})
	}
}

// TestCases varies the spec.
func TestCases(t *testing.T) {
	golden := imagetest.Load(t, "testdata")
	if len(golden.Cases) == 0 {
		t.Fatal("no cases")
	}
	for _, g := range golden.Cases {
		t.Run(g.File+" "+strings.ReplaceAll(g.Spec, " ", ","), func(t *testing.T) {
			spec := parse(t, g.Spec)
			if spec.String() != g.Spec {
				t.Errorf("the text form changed: %v", spec)
			}
			tr, err := NewTransformer(spec, NCHW)
			if err != nil {
				t.Fatal(err)
			}
			tensor := make([]float32, tr.Len())
			if err := tr.Tensor(tensor, golden.Read(t, g.File)); err != nil {
				t.Fatal(err)
			}
			sameLevels(t, levelsOf(t, spec, tensor), golden.Blob(g.Crop))
			for c := range 3 {
				mean, std := moments(tensor[c*spec.Height*spec.Width : (c+1)*spec.Height*spec.Width])
				if !near(mean, g.ChannelMeans[c]) || !near(std, g.ChannelStds[c]) {
					t.Errorf("channel %d: mean %v, std %v, want %v and %v", c, mean, std, g.ChannelMeans[c], g.ChannelStds[c])
				}
			}
		})
	}
}

func moments(values []float32) (mean, std float64) {
	for _, v := range values {
		mean += float64(v)
	}
	mean /= float64(len(values))
	for _, v := range values {
		std += (float64(v) - mean) * (float64(v) - mean)
	}
	return mean, math.Sqrt(std / float64(len(values)))
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-5*(1+math.Abs(b)) }
