package backbone

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"

	"finetune/internal/onnx/graph"
	"finetune/internal/onnx/precision"
	"finetune/invalid"
)

// Precisions. Float16 and Int8 are those of a [Lowering]; TF32 is [Options.TF32].
const (
	Float32 = "float32"
	TF32    = "tf32"
	Float16 = "float16"
	Int8    = "int8"
)

// PrecisionKey is the key of a file's metadata_props that holds the [PrecisionReport] of a network that Lower made.
const PrecisionKey = "finetune.precision"

// A Lowering makes a network cheaper: it computes nearly the same with fewer bits.
type Lowering struct {
	Precision string // Int8 or Float16
	// Calibration are tensors of images, one each, over which the ranges of activations are measured; for Int8 alone.
	Calibration [][]float32
	// Check are tensors of other images. What is left open is chosen by the features of these.
	Check    [][]float32
	Threads  int               // runs at a time; 0: one
	Metadata map[string]string // of the file
}

// A PrecisionReport says how a network was made cheaper and what it lost.
type PrecisionReport struct {
	Precision string   `json:"precision"`
	Images    int      `json:"calibration_images,omitempty"`
	Ranges    string   `json:"ranges,omitempty"`          // how they were chosen: min-max, a percentile or least-error
	Kernels   int      `json:"kernels,omitempty"`         // convolutions
	Integer   int      `json:"integer_kernels,omitempty"` // those that compute with integers
	Half      int      `json:"half_nodes,omitempty"`      // those that compute in half precision
	Float     []string `json:"float,omitempty"`           // tensors that stay in float32, as they lose most or would overflow
	Checked   int      `json:"checked_images"`
	Cosine    float64  `json:"cosine"`       // of the features with those of float32: the mean over the checked images
	Least     float64  `json:"least_cosine"` // the least
}

// A Lowered is a network that Lower made.
type Lowered struct {
	Data    []byte // of its file, from the input of the given network to the tensors of the feature
	Feature Feature
	Report  PrecisionReport
}

// LowestCosine is the mean cosine of features below which Lower refuses.
const (
	LowestCosine        = 0.95
	lowestFloat16Cosine = 0.999
)

// Lower is LowerContext for a network in a file.
func Lower(ctx context.Context, path string, o Options, l Lowering) (*Lowered, error) {
	src, err := readFile(ctx, path)
	if err != nil {
		return nil, err
	}
	return lower(ctx, src, o, l)
}

// LowerBytes is Lower for a network that isn't in a file; name identifies it in errors.
func LowerBytes(ctx context.Context, name string, data []byte, o Options, l Lowering) (*Lowered, error) {
	return lower(ctx, source{name: name, data: data}, o, l)
}

func lower(ctx context.Context, src source, o Options, l Lowering) (*Lowered, error) {
	float, err := open(ctx, src, o, (*graph.Model).Cut)
	if err != nil {
		return nil, err
	}
	feature := float.Feature()
	defer float.Close()
	model, err := graph.Parse(src.name, src.data)
	if err != nil {
		return nil, err
	}
	if files, err := model.ExternalFiles(); err != nil {
		return nil, err
	} else if len(files) > 0 {
		if model, err = model.WithExternal(ctx, src.dir); err != nil {
			return nil, err
		}
	}
	part, feature, err := model.Part(feature, l.Metadata)
	if err != nil {
		return nil, &invalid.Error{Field: "Images.Precision", Path: src.name, Found: l.Precision + " for a network that can't be cut at its feature", Err: err,
			Hint: "give {Images.Precision} " + Float32}
	}
	net, err := precision.New(part)
	if err != nil {
		return nil, err
	}
	o.Threads, o.Tap, o.Pool, o.PoolStat = 1, feature.Text, nil, nil
	w := &lowerer{Lowering: l, net: net, options: o, feature: feature, name: src.name}
	w.Threads = max(1, l.Threads)
	// Transformers gain little from integers of eight bits, and half precision ends the process in fusions of ONNX Runtime 1.24.
	if kernels, products := len(net.Kernels()), net.Products(); kernels == 0 || products > kernels {
		return nil, &invalid.Error{Field: "Images.Precision", Path: w.name,
			Found: fmt.Sprintf("%s for a network of %d convolutions of %s and %d matrix products", l.Precision, kernels, Float32, products),
			Want:  "a convolutional network of " + Float32, Hint: "give {Images.Precision} " + Float32}
	}
	if w.rows, err = w.features(ctx, float); err != nil {
		return nil, err
	}
	switch l.Precision {
	case Int8:
		return w.int8(ctx)
	case Float16:
		return w.float16(ctx)
	}
	return nil, fmt.Errorf("lower %s: no precision %q", src.name, l.Precision)
}

// A lowerer is a Lowering under way.
type lowerer struct {
	Lowering
	name    string
	net     *precision.Network
	options Options
	feature Feature
	rows    []float32 // features of Check in float32

	ranges func(precision.Method) map[string]precision.Range
}

// An attempt is one network of integers.
type attempt struct {
	model   *graph.Model
	kernels int
	cosines []float64
}

// loss is what the features lost, from 0.
func (a *attempt) loss() float64 {
	sum := 0.0
	for _, c := range a.cosines {
		sum += 1 - c
	}
	return sum / float64(len(a.cosines))
}

// What is not worth looking further for, and how much of the network may stay in float32 for accuracy's sake.
const (
	littleLoss    = 1e-3
	worthKeeping  = 0.07 // of the loss
	mostFloatWork = 0.08 // of the multiplications, in kernels that would gain
	candidates    = 8
)

// int8 chooses the ranges and what stays in float32 by the features of the checked images.
func (w *lowerer) int8(ctx context.Context) (*Lowered, error) {
	kernels := w.net.Kernels()
	seen, err := w.observe(ctx)
	if err != nil {
		return nil, err
	}
	w.ranges = seen.ranges
	best, method, err := w.chooseRanges(ctx)
	if err != nil {
		return nil, err
	}
	var float []string
	if best.loss() > littleLoss {
		if best, float, err = w.chooseFloat(ctx, best, methods[method].choose, seen); err != nil {
			return nil, err
		}
	}
	return w.finish(best, PrecisionReport{Precision: Int8, Images: len(w.Calibration), Ranges: methods[method].name,
		Kernels: len(kernels), Integer: best.kernels, Float: float}, LowestCosine)
}

// methods are those that ranges are chosen from, the first where several are as good.
var methods = []struct {
	name   string
	choose precision.Method
}{
	{"min-max", precision.MinMax},
	{"percentile 99.999", precision.Percentile(1e-5)},
	{"percentile 99.99", precision.Percentile(1e-4)},
	{"least-error", precision.LeastError},
}

func (w *lowerer) chooseRanges(ctx context.Context) (best *attempt, method int, err error) {
	for i, m := range methods {
		a, err := w.try(ctx, m.choose, nil)
		if err != nil {
			return nil, 0, err
		}
		if best == nil || a.loss() < best.loss() {
			best, method = a, i
		}
	}
	return best, method, nil
}

// chooseFloat gives the kernels that lose most back to float32: among the first, the last and those where the error grows
// most, those without whose rounding the features lose clearly less, as long as they are a small part of the work.
func (w *lowerer) chooseFloat(ctx context.Context, base *attempt, method precision.Method, seen *observation,
) (*attempt, []string, error) {
	grown, err := w.growth(ctx, base)
	if err != nil {
		return nil, nil, err
	}
	kernels := w.net.Kernels()
	work := make(map[string]float64, len(kernels))
	total := 0.0
	for _, k := range kernels {
		work[k.Output] = float64(seen.size[k.Output]) * float64(k.Weights)
		total += work[k.Output]
	}
	type gain struct {
		kernel string
		loss   float64
	}
	var gains []gain
	for i, k := range grown {
		if i >= candidates && k != kernels[0].Output && k != kernels[len(kernels)-1].Output || work[k] > mostFloatWork*total {
			continue
		}
		a, err := w.try(ctx, method, []string{k})
		if err != nil {
			return nil, nil, err
		}
		if a.loss() < (1-worthKeeping)*base.loss() {
			gains = append(gains, gain{k, a.loss()})
		}
	}
	slices.SortStableFunc(gains, func(a, b gain) int { return cmp.Compare(a.loss, b.loss) })
	var float []string
	used := 0.0
	for _, g := range gains {
		if used+work[g.kernel] <= mostFloatWork*total {
			float, used = append(float, g.kernel), used+work[g.kernel]
		}
	}
	if len(float) == 0 {
		return base, nil, nil
	}
	a, err := w.try(ctx, method, float)
	if err != nil || a.loss() >= base.loss() {
		return base, nil, err
	}
	return a, float, nil
}

// float16 leaves in float32 what would overflow, by the images for calibration.
func (w *lowerer) float16(ctx context.Context) (*Lowered, error) {
	tensors, err := w.net.FloatTensors()
	if err != nil {
		return nil, err
	}
	float, err := w.net.Float()
	if err != nil {
		return nil, err
	}
	var mu sync.Mutex
	wide := map[string]bool{}
	err = w.expose(ctx, float, tensors, w.Calibration, func(values [][]float32) {
		mu.Lock()
		defer mu.Unlock()
		for i, v := range values {
			wide[tensors[i]] = wide[tensors[i]] || slices.ContainsFunc(v, func(x float32) bool {
				return !(x <= precision.MostHalf && x >= -precision.MostHalf)
			})
		}
	})
	if err != nil {
		return nil, err
	}
	m, nodes, err := w.net.Float16(func(tensor string) bool { return wide[tensor] })
	if err != nil {
		return nil, err
	}
	if nodes == 0 {
		return nil, &invalid.Error{Field: "Images.Precision", Path: w.name, Found: Float16 + "; no node of the network is of " + Float32,
			Want: "a network of " + Float32}
	}
	a, err := w.compare(ctx, m, 0)
	if err != nil {
		return nil, err
	}
	r := PrecisionReport{Precision: Float16, Images: len(w.Calibration), Half: nodes}
	for _, t := range tensors {
		if wide[t] {
			r.Float = append(r.Float, t)
		}
	}
	return w.finish(a, r, lowestFloat16Cosine)
}

// try makes a network of integers and compares its features.
func (w *lowerer) try(ctx context.Context, method precision.Method, float []string) (*attempt, error) {
	stays := map[string]bool{}
	for _, k := range float {
		stays[k] = true
	}
	m, kernels, err := w.net.Int8(w.ranges(method), stays)
	if err != nil {
		return nil, err
	}
	return w.compare(ctx, m, kernels)
}

// compare runs the checked images through a network.
func (w *lowerer) compare(ctx context.Context, m *graph.Model, kernels int) (*attempt, error) {
	data, err := m.Bytes()
	if err != nil {
		return nil, err
	}
	b, err := open(ctx, source{name: w.name, data: data}, w.options, (*graph.Model).Cut)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	got, err := w.features(ctx, b)
	if err != nil {
		return nil, err
	}
	a := &attempt{model: m, kernels: kernels}
	for i := 0; i < len(got); i += b.Dim() {
		a.cosines = append(a.cosines, cosine(got[i:i+b.Dim()], w.rows[i:i+b.Dim()]))
	}
	return a, nil
}

// cosine returns that of the angle between two rows; 1 for two rows of zeros.
func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for k, x := range a {
		x, y := float64(x), float64(b[k])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 && bb == 0 {
		return 1
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}

// finish writes what was chosen, unless its features are too different.
func (w *lowerer) finish(a *attempt, r PrecisionReport, lowest float64) (*Lowered, error) {
	r.Checked, r.Cosine, r.Least = len(a.cosines), 1-a.loss(), slices.Min(a.cosines)
	if !(r.Cosine >= lowest) {
		return nil, &invalid.Error{Field: "Images.Precision", Path: w.name,
			Found: fmt.Sprintf("%s, with which features have a mean cosine of %.4f with those of %s", r.Precision, r.Cosine, Float32),
			Want:  fmt.Sprintf("at least %g", lowest), Hint: "give {Images.Precision} " + Float32}
	}
	text, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	about := maps.Clone(w.Metadata)
	if about == nil {
		about = map[string]string{}
	}
	about[PrecisionKey] = string(text)
	part, feature, err := a.model.Part(w.feature, about)
	if err != nil {
		return nil, err
	}
	data, err := part.Bytes()
	if err != nil {
		return nil, err
	}
	return &Lowered{Data: data, Feature: feature, Report: r}, nil
}

// ReportOf returns the report of a network that Lower made, nil for others.
func ReportOf(d *Description) *PrecisionReport {
	var r PrecisionReport
	if d.Precision == "" || json.Unmarshal([]byte(d.Precision), &r) != nil {
		return nil
	}
	return &r
}

var errNothingToCheck = errors.New("lower a network: no images to calibrate with or to compare on")
