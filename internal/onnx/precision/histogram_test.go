package precision

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
)

// The counts don't depend on the order of the numbers nor on how they were split.
func TestHistogramOrder(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	values := make([]float32, 5000)
	for i := range values {
		values[i] = float32(random.NormFloat64() * math.Exp(3*random.NormFloat64()))
	}
	var whole, parts, other Histogram
	whole.Add(values)
	for i := 0; i < len(values); i += 100 {
		to := &parts
		if i%300 == 0 {
			to = &other
		}
		to.Add(values[len(values)-i-100:][:100])
	}
	parts.Merge(&other)
	if !reflect.DeepEqual(whole, parts) {
		t.Errorf("reach %g and %g", whole.reach, parts.reach)
	}
}

func TestMethods(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	values := make([]float32, 30000)
	for i := range values {
		values[i] = max(0, float32(random.NormFloat64())) // as after a Relu
	}
	values[7] = 1000
	var h Histogram
	h.Add(values)
	if r, ok := MinMax(&h); !ok || r != (Range{0, 1000}) {
		t.Errorf("min-max %v", r)
	}
	if r, ok := Percentile(0.001)(&h); !ok || r.Low != 0 || r.High < 2.5 || r.High > 4 {
		t.Errorf("percentile %v", r)
	}
	if r, ok := LeastError(&h); !ok || r.Low != 0 || h.rounding(r) > h.rounding(Range{0, 1000}) {
		t.Errorf("least error %v", r)
	}
	for _, bad := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		var h Histogram
		h.Add([]float32{1, bad, 2})
		for _, m := range []Method{MinMax, LeastError, Percentile(0.1)} {
			if r, ok := m(&h); ok {
				t.Errorf("a range %v with %g", r, bad)
			}
		}
	}
	if r, ok := MinMax(new(Histogram)); ok {
		t.Errorf("a range %v of nothing", r)
	}
}

// Every level has an integer for 0, and its ends are at most half a step from those of the range.
func TestLevels(t *testing.T) {
	for _, r := range []Range{{0, 6}, {-1, 1}, {2, 5}, {-3, -1}, {0, 0}, {-1e-30, 1e-30}, {0, 3e38}, {-1e-3, 255}} {
		l, ok := levelOf(r)
		if !ok || l.scale <= 0 {
			t.Fatalf("%v: %v %v", r, l, ok)
		}
		low, high := min(float64(r.Low), 0), max(float64(r.High), 0)
		scale := float64(l.scale)
		if d := math.Abs(-float64(l.zero)*scale - low); d > 0.51*scale {
			t.Errorf("%v: low end off by %g steps", r, d/scale)
		}
		if d := math.Abs((255-float64(l.zero))*scale - high); high-low > 1e-9 && d > 0.51*scale {
			t.Errorf("%v: high end off by %g steps", r, d/scale)
		}
	}
	for _, r := range []Range{{float32(math.NaN()), 1}, {0, float32(math.Inf(1))}, {-3e38, 3e38}} {
		if l, ok := levelOf(r); ok {
			t.Errorf("%v: level %v", r, l)
		}
	}
}

// Weights are within half a step, whatever the channel, and biases fit.
func TestKernelRound(t *testing.T) {
	k := kernel{dims: []int64{4, 2, 1, 1}, channels: 4, each: 2, weight: []float32{1, -0.5, 0, 0, 1e-20, 0, 300, -200},
		bias: []float32{0.25, 7, -3, 1e9}}
	const in = 0.02
	scales, weights, bias := k.round(in)
	for i, w := range k.weight {
		s := float64(scales[i/2])
		if d := math.Abs(float64(int8(weights[i]))*s - float64(w)); d > 0.501*s {
			t.Errorf("weight %d: %g is off by %g steps", i, w, d/s)
		}
	}
	for c, b := range k.bias {
		step := float64(scales[c]) * in
		got := float64(int32(uint32(bias[4*c])|uint32(bias[4*c+1])<<8|uint32(bias[4*c+2])<<16|uint32(bias[4*c+3])<<24)) * step
		if math.Abs(got-float64(b)) > 1e-6*math.Abs(float64(b))+step {
			t.Errorf("bias %d: %g became %g", c, b, got)
		}
	}
}
