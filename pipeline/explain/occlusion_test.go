package explain

import (
	"context"
	"errors"
	"math"
	"testing"

	"finetune/backbone"
	"finetune/internal/pipelinetest"
	"finetune/loss"
	"finetune/pipeline/progress"
)

func newOccluder(t testing.TB, file string) *occluder {
	t.Helper()
	net, err := backbone.Open("../../backbone/testdata/"+file, backbone.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { net.Close() })
	h := randomHead(t, loss.EMD2, 4, net.Dim(), 3)
	return &occluder{head: h, net: net, height: 32, width: 32, patch: 8, stride: 4,
		channelsLast: net.Input().Layout == "NHWC", threads: 2, stage: progress.None{}}
}

// TestOcclusionFindsTheSpot: in an image that is constant except for one spot, only occluding the spot changes the
// target.
func TestOcclusionFindsTheSpot(t *testing.T) {
	for _, file := range []string{"vit_14.onnx", "vgg_18.onnx", "resnet_basic_11.onnx", "keras_13.onnx"} {
		o := newOccluder(t, file)
		tensor := make([]float32, 3*o.height*o.width)
		const top, left, side = 5, 18, 6
		spot := noise(3*side*side, 4)
		var sum float32
		for c := range 3 {
			sum = 0
			for i := range side * side {
				if i == side*side-1 {
					spot[c*side*side+i] = -sum // keeps the mean at 0, the colour of the background
				}
				sum += spot[c*side*side+i]
				tensor[o.index(c, (top+i/side)*o.width+left+i%side)] = spot[c*side*side+i]
			}
		}
		a, err := o.Attribute(t.Context(), tensor, func(class int) []Target {
			return targetsOf(t,
				o.head).targets(class, -1, -1)
		})
		if err != nil {
			t.Fatal(file, err)
		}
		if a.sums != nil || len(a.maps) != 2 {
			t.Errorf("%s: sums %v, %d maps", file, a.sums, len(a.maps))
		}
		for _, h := range a.maps {
			var inside, outside float64
			for i, v := range h.Values {
				y, x := i/h.Width, i%h.Width
				// patch and interpolation reach as far
				far := y < top-8 || y > top+side+8 || x < left-8 || x > left+side+8
				if far {
					outside = max(outside, math.Abs(v))
				} else {
					inside = max(inside, math.Abs(v))
				}
			}
			if !(inside > 0 && outside < 1e-3*inside) {
				t.Errorf("%s: %g around the spot, %g elsewhere", file, inside, outside)
			}
		}
	}
}

func TestOcclusionHonoursContext(t *testing.T) {
	o := newOccluder(t, "vit_14.onnx")
	ctx, cancel := context.WithCancel(t.Context())
	o.stage = (&pipelinetest.Recorder{OnAdd: func(string, int) { cancel() }}).Start("occlusion", 0, "")
	if _, err := o.Attribute(ctx, noise(3*32*32, 1), func(int) []Target { return nil }); !errors.Is(err,
		context.Canceled) {
		t.Errorf("%v", err)
	}
}
