package backbone

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"finetune/internal/onnx/graph"
	"finetune/invalid"
)

// cell returns the places of a plane's channel in a cell of a grid.
func (p plane) cell(channel int, b Block) (values []float64) {
	top, bottom := b.Row*p.height/b.Grid, ((b.Row+1)*p.height+b.Grid-1)/b.Grid
	left, right := b.Column*p.width/b.Grid, ((b.Column+1)*p.width+b.Grid-1)/b.Grid
	for y := top; y < bottom; y++ {
		for x := left; x < right; x++ {
			values = append(values, float64(p.data[(channel*p.height+y)*p.width+x]))
		}
	}
	return values
}

func mean(list []float64) (sum float64) {
	for _, v := range list {
		sum += v / float64(len(list))
	}
	return sum
}

func centred(list []float64) []float64 {
	m := mean(list)
	out := make([]float64, len(list))
	for i, v := range list {
		out[i] = v - m
	}
	return out
}

// reference computes a block of standard deviations or covariances from the map, one number after the other.
func reference(p plane, b Block) (want []float64) {
	channels := len(p.data) / (p.height * p.width)
	if b.Stat == graph.StatStd {
		for c := range channels {
			var sum float64
			values := centred(p.cell(c, b))
			for _, v := range values {
				sum += v * v
			}
			want = append(want, math.Sqrt(sum/float64(len(values))))
		}
		return want
	}
	rows := make([][]float64, channels)
	for c := range rows {
		rows[c] = centred(p.cell(c, b))
	}
	for i := range rows {
		for j := i; j < channels; j++ {
			var sum float64
			for k := range rows[i] {
				sum += rows[i][k] * rows[j][k]
			}
			sum /= float64(len(rows[i]))
			want = append(want, math.Copysign(math.Sqrt(math.Abs(sum)), sum))
		}
	}
	return want
}

// Statistics of every kind of network must be those of its maps: channels first and last, tokens with and without a
// prefix, of open and of fixed size.
func TestSecondOrderStatistics(t *testing.T) {
	for _, c := range []struct{ network, tap string }{
		{"resnet_basic_11", ""}, {"resnet_basic_11", Multi}, {"resnext_9", ""}, {"efficientnet_15", Multi},
		{"keras_13", ""}, {"nhwc_uint8_13", ""},
		{"mobilenet_v2_dynamo_23", Multi}, {"squeezenet_11", ""}, {"static_batch4_11", ""}, {"dinov2_tokens_16", ""},
		{"timm_swin_17", ""}, {"swin_16", Multi},
		{"resnet_half", ""},
	} {
		o := Options{Tap: c.tap, Threads: 1, Pool: []int{1, 2}, PoolStat: []string{"mean", "std", "cov:512"}}
		m, err := OpenMaps(testdata(c.network+".onnx"), o)
		if err != nil {
			t.Errorf("%s: %v", c.network, err)
			continue
		}
		defer m.Close()
		image := make([]float32, 3*max(m.Input().Height, 32)*max(m.Input().Width, 32))
		for i := range image {
			image[i] = float32(2 + math.Sin(float64(i)*0.37) + math.Cos(float64(i/77)))
		}
		maps, err := m.Maps(t.Context(), image)
		if err != nil {
			t.Errorf("%s: %v", c.network, err)
			continue
		}
		seen := map[string]int{}
		for _, b := range maps.blocks {
			seen[b.Stat]++
			if b.Stat == "" {
				continue
			}
			want := reference(maps.planes[b.Depth], b)
			if len(want) != b.Width {
				t.Errorf("%s: block %+v of %d numbers", c.network, b, len(want))
				continue
			}
			largest := 1e-3
			for _, v := range want {
				largest = max(largest, math.Abs(v))
			}
			for i, v := range maps.Feature[b.Offset:][:b.Width] {
				if math.Abs(float64(v)-want[i]) > 2e-3*largest {
					t.Errorf("%s: number %d of block %+v is %v, not %v", c.network, i, b, v, want[i])
					break
				}
			}
		}
		if seen[graph.StatStd] == 0 || seen[graph.StatCov] == 0 {
			t.Errorf("%s: blocks %v", c.network, seen)
		}
	}
}

// Maps with more channels are projected: the covariances are those of the projected channels, whose trace is at
// most that of all.
func TestCovariancesOfProjectedChannels(t *testing.T) {
	image := make([]float32, 3*32*32)
	for i := range image {
		image[i] = float32(math.Sin(float64(i) * 0.37))
	}
	trace := map[string]float64{}
	for _, cov := range []string{"cov:8", "cov"} {
		b := openFixture(t, "resnet_basic_11", Options{Tap: "/layer2/layer2.0/relu_1/Relu_output_0", Threads: 1,
			PoolStat: []string{"mean", cov}})
		row := features(t, b, image, 1)
		last := b.Blocks()[len(b.Blocks())-1]
		r := b.Feature().Taps[0].Cov
		if last.Stat != graph.StatCov || last.Width != r*(r+1)/2 || b.Dim() != last.Offset+last.Width {
			t.Errorf("%s: %+v of %d", cov, last, b.Dim())
		}
		at := last.Offset
		for i := range r {
			trace[cov] += float64(row[at]) * float64(row[at])
			at += r - i
		}
		again := openFixture(t, "resnet_basic_11", Options{Tap: b.Feature().Text, Threads: 1})
		if !slices.Equal(features(t, again, image, 1), row) || again.Feature().Text != b.Feature().Text {
			t.Errorf("%q gives another feature", b.Feature().Text)
		}
	}
	if !(trace["cov:8"] > 0) || trace["cov:8"] > trace["cov"]*(1+1e-5) {
		t.Errorf("traces %v", trace)
	}
}

func TestPoolStatRefuses(t *testing.T) {
	for _, c := range []struct {
		network string
		stats   []string
		want    string
	}{
		{"resnet_basic_11", []string{"std"}, `Images.PoolStat: "std"; expected mean`},
		{"resnet_basic_11", []string{"mean", "median"}, `"mean,median"`},
		{"resnet_basic_11", []string{"mean", "mean"}, `"mean,mean"`},
		{"resnet_basic_11", []string{"mean", "cov:1"}, `"mean,cov:1"`},
		{"resnet_basic_11", []string{"mean", "cov:x"}, `"mean,cov:x"`},
	} {
		_, err := Open(testdata(c.network+".onnx"), Options{PoolStat: c.stats})
		var e *invalid.Error
		if !errors.As(err, &e) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %v: %v, want %q", c.network, c.stats, err, c.want)
		}
	}
}
