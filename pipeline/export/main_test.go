package export

import (
	"image"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"finetune/backbone"
	"finetune/head"
	"finetune/internal/image/imagetest"
	"finetune/internal/onnx/graph"
	"finetune/internal/ort/env"
	"finetune/internal/ort/verify"
	"finetune/label"
	"finetune/loss"
	"finetune/preprocess"
)

// TestMain fails rather than skips where the native library is missing: `make test` sets it up first.
func TestMain(m *testing.M) {
	if _, err := env.Open("", ""); err != nil {
		os.Stderr.WriteString(err.Error() + "\n")
		os.Exit(1)
	}
	os.Exit(m.Run())
}

const (
	networks = "../../backbone/testdata"
	pictures = "../../preprocess/testdata"
)

// A headSpec says what head a test makes.
type headSpec struct {
	loss      string
	hidden    int
	decision  head.Decision
	positions []float64
	matrix    []float64
	values    []float64
	t         float64
	threshold float64 // 0: no prediction sets
}

const classes = 5

// trained returns a head with random weights on standardised features, as training makes it, so that it answers
// differently for rows that differ.
func trained(t testing.TB, spec headSpec, rows []float32, width int, origin head.Origin) *head.Head {
	t.Helper()
	ground := loss.GroundDistance{Positions: spec.positions, Matrix: spec.matrix}
	cfg := loss.Config{Name: spec.loss, Classes: classes, Ground: ground}
	l, err := loss.New[float32](cfg.WithDefaults())
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, uint64(width)))
	layer := func(in, out int, size, offset float64) head.Layer {
		y := head.Layer{In: in, Out: out, Weight: make([]float32, in*out), Bias: make([]float32, out)}
		for i := range y.Weight {
			y.Weight[i] = float32(r.NormFloat64() * size / math.Sqrt(float64(in)))
		}
		for i := range y.Bias {
			y.Bias[i] = float32(r.NormFloat64()*0.5 + offset)
		}
		return y
	}
	offset := 0.0
	if spec.loss == loss.L2 { // one number, among the positions
		offset = 2
		if spec.positions != nil {
			offset = spec.positions[2]
		}
	}
	n := head.Network{Layers: []head.Layer{layer(width, l.Outputs(), 1.5, offset)}}
	if spec.hidden > 0 {
		n.Layers = []head.Layer{layer(width, spec.hidden, 1.5, 0), layer(spec.hidden, l.Outputs(), 1.5, offset)}
	}
	standardise(n.Layers[0], rows)
	space, err := label.New([]string{"a", "b", "c", "d", "e"}, spec.values)
	if err != nil {
		t.Fatal(err)
	}
	d := head.Description{Space: space, Loss: cfg, Decision: spec.decision, Temperature: spec.t, Origin: origin}
	if spec.threshold > 0 {
		d.Sets = head.Sets{Coverage: 0.9, Threshold: spec.threshold, Units: 100}
	}
	h, err := head.New(n, d)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// standardise makes a layer for standardised features one for features as they are.
func standardise(l head.Layer, rows []float32) {
	n := len(rows) / l.In
	var square float64
	for _, v := range rows {
		square += float64(v) * float64(v) / float64(len(rows))
	}
	for j := range l.In {
		var mean, variance float64
		for i := range n {
			mean += float64(rows[i*l.In+j]) / float64(n)
		}
		for i := range n {
			d := float64(rows[i*l.In+j]) - mean
			variance += d * d / float64(n)
		}
		std := max(math.Sqrt(variance), 1e-3*math.Sqrt(square), 1e-12) // a constant feature stays one
		for o := range l.Out {
			l.Weight[o*l.In+j] /= float32(std)
			l.Bias[o] -= l.Weight[o*l.In+j] * float32(mean)
		}
	}
}

// A pipe is what a run predicts with.
type pipe struct {
	net         *backbone.Backbone
	network     *Network
	spec        preprocess.Spec
	transformer *preprocess.Transformer
}

func newPipe(t testing.TB, name string, spec preprocess.Spec, o backbone.Options) *pipe {
	t.Helper()
	path := filepath.Join(networks, name+".onnx")
	o.Threads = 1
	net, err := backbone.Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { net.Close() })
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	model, err := graph.Parse(path, data)
	if err != nil {
		t.Fatal(err)
	}
	in := net.Input()
	if in.Height == 0 {
		spec = spec.Sized(32, 32)
	}
	p := &pipe{net: net, spec: spec.Sized(in.Height, in.Width)}
	p.network = &Network{Model: model, Feature: net.Feature(), Dir: networks}
	layout := preprocess.NCHW
	if in.Layout == graph.NHWC {
		layout = preprocess.NHWC
	}
	if p.transformer, err = preprocess.NewTransformer(p.spec, layout); err != nil {
		t.Fatal(err)
	}
	return p
}

// features returns the features of pictures, a row each.
func (p *pipe) features(t testing.TB, list []*image.NRGBA) []float32 {
	t.Helper()
	tensor := make([]float32, len(list)*p.transformer.Len())
	for i, img := range list {
		if err := p.transformer.TensorOf(tensor[i*p.transformer.Len():(i+1)*p.transformer.Len()], img); err != nil {
			t.Fatal(err)
		}
	}
	out := make([]float32, len(list)*p.net.Dim())
	if err := p.net.Features(t.Context(), tensor, len(list), out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (p *pipe) origin() head.Origin {
	return head.Origin{Backbone: p.net.Digest(), Tap: p.net.Feature().Text, Preprocessing: p.spec.String()}
}

// probabilities returns the head's answers for rows of features.
func probabilities(t testing.TB, h *head.Head, rows []float32) []float32 {
	t.Helper()
	n := len(rows) / h.Inputs()
	out := make([]float32, n*h.Space().Len())
	f := head.Features{Rows: n, Cols: h.Inputs(), Data: rows}
	if err := h.Probabilities(f, f.All(), 1, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// decoded returns golden pictures, upright.
func decoded(t testing.TB, files ...string) []*image.NRGBA {
	t.Helper()
	golden := imagetest.Load(t, pictures)
	if files == nil {
		for _, g := range golden.Images {
			files = append(files, g.File)
		}
	}
	tr, err := preprocess.NewTransformer(preprocess.Default().Sized(8, 8), preprocess.NCHW)
	if err != nil {
		t.Fatal(err)
	}
	var list []*image.NRGBA
	for _, file := range files {
		img, err := tr.Decode(golden.Read(t, file))
		if err != nil {
			t.Fatal(err)
		}
		own := image.NewNRGBA(image.Rect(0, 0, img.Rect.Dx(), img.Rect.Dy())) // what Decode returns is reused
		for y := range img.Rect.Dy() {
			copy(own.Pix[y*own.Stride:][:own.Stride], img.Pix[y*img.Stride:])
		}
		list = append(list, own)
	}
	return list
}

// samples pairs pictures with probabilities.
func samples(list []*image.NRGBA, probs []float32) iter.Seq2[verify.Sample, error] {
	return func(yield func(verify.Sample, error) bool) {
		k := len(probs) / len(list)
		for i, img := range list {
			if !yield(verify.Sample{Picture: img, Probabilities: probs[i*k : (i+1)*k]}, nil) {
				return
			}
		}
	}
}
