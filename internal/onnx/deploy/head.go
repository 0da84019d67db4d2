package deploy

import (
	"fmt"
	"math"

	"finetune/internal/onnx/onnxpb"
)

// A Dense layer computes y = Weight·x + Bias.
type Dense struct {
	In, Out int
	Weight  []float32 // Out × In, row-major
	Bias    []float32 // Out
}

// A Head is a trained head, with all that decides its answers.
type Head struct {
	Layers      []Dense // with a ReLU between each two
	Rule        Rule    // how logits become probabilities
	Temperature float64 // logits are divided by it on their way to probabilities; 0: 1

	Decision  Decision
	Positions []float64 // of the classes, rising; nil: 0, 1, …
	Distances []float64 // K × K, row i for the predicted class; for LeastDistance, nil: distances along a line

	// Values are what the expected value is taken of, in the units of the labels; nil: Positions.
	Values []float64
	// Threshold is the score that no class of a prediction set exceeds; nil: the model has no low and high.
	Threshold *float64
}

// A Decision is the rule that makes one class of a distribution. The names are those of package head.
type Decision string

// The decision rules. Of equally good classes each takes the lowest.
const (
	Argmax        Decision = "argmax"         // the most probable class
	Median        Decision = "median"         // the first class with P(y ≤ k) ≥ ½
	Mean          Decision = "mean"           // the class nearest to the mean position
	LeastDistance Decision = "least-distance" // the class of least expected distance
)

func (h Head) outputs() int { return h.Layers[len(h.Layers)-1].Out }

// check reports parts that don't fit each other. A head that a run holds has passed the checks of package head.
func (h Head) check() error {
	if len(h.Layers) == 0 {
		return fmt.Errorf("the head has no layers")
	}
	for i, l := range h.Layers {
		if l.In < 1 || l.Out < 1 || len(l.Weight) != l.In*l.Out || len(l.Bias) != l.Out {
			return fmt.Errorf("layer %d: %d weights and %d biases for %d × %d",
				i, len(l.Weight), len(l.Bias), l.Out, l.In)
		}
		if i > 0 && l.In != h.Layers[i-1].Out {
			return fmt.Errorf("layer %d reads %d numbers, the one before gives %d", i, l.In, h.Layers[i-1].Out)
		}
	}
	k, err := h.classes()
	if err != nil {
		return err
	}
	for name, list := range map[string][]float64{"positions": h.Positions, "values": h.Values} {
		if list != nil && len(list) != k {
			return fmt.Errorf("%d %s for %d classes", len(list), name, k)
		}
	}
	switch {
	case h.Temperature < 0 || math.IsNaN(h.Temperature) || math.IsInf(h.Temperature, 0):
		return fmt.Errorf("a temperature of %v", h.Temperature)
	case h.Distances != nil && len(h.Distances) != k*k:
		return fmt.Errorf("%d distances for %d classes", len(h.Distances), k)
	case h.Threshold != nil && !(*h.Threshold >= 0 && *h.Threshold <= 1):
		return fmt.Errorf("a threshold of %v", *h.Threshold)
	}
	switch h.Decision {
	case Argmax, Median, Mean, LeastDistance:
		return nil
	}
	return fmt.Errorf("no decision rule %q", h.Decision)
}

// positions returns where the classes lie.
func (h Head) positions(classes int) []float64 {
	if h.Positions != nil {
		return h.Positions
	}
	list := make([]float64, classes)
	for k := range list {
		list[k] = float64(k)
	}
	return list
}

// logits appends the layers to features, rows × In.
func (b *builder) logits(h Head, features string) string {
	tensor := features
	for i, l := range h.Layers {
		if i > 0 {
			tensor = b.op("Relu", tensor)
		}
		weight, bias := b.floats(l.Weight, l.Out, l.In), b.floats(l.Bias, l.Out)
		tensor = b.with(b.op("Gemm", tensor, weight, bias), intAttr("transB", 1))
	}
	return tensor
}

// answers appends everything behind the features and declares the outputs. With several views the features hold as
// many rows an image, first one view of all images, then the next. The distribution of an image is the mean over its
// views, the temperature is applied to that, and the logits are those that the mean stands for.
func (b *builder) answers(h Head, features string, views int, batch any) {
	k, _ := h.classes() // check has seen it
	logits := b.logits(h, features)
	var probs string
	if views > 1 {
		probs = b.meanOfViews(b.probabilities(h, logits), views, k)
		logits = b.inverse(h, probs, k)
	}
	if t := h.Temperature; t != 0 && t != 1 {
		probs = b.probabilities(h, b.op("Div", logits, b.number(float32(t))))
	} else if views == 1 {
		probs = b.probabilities(h, logits)
	}
	class := b.decide(h, probs, k)
	b.output(logits, "logits", onnxpb.TensorProto_FLOAT, batch, h.outputs())
	b.output(probs, "probabilities", onnxpb.TensorProto_FLOAT, batch, k)
	b.output(class, "class", onnxpb.TensorProto_INT64, batch)
	values := h.Values
	if values == nil {
		values = h.positions(k)
	}
	b.output(b.reshape(b.expected(probs, values), -1), "expected", onnxpb.TensorProto_FLOAT, batch)
	if h.Threshold != nil {
		low, high := b.set(probs, class, k, *h.Threshold)
		b.output(low, "low", onnxpb.TensorProto_INT64, batch)
		b.output(high, "high", onnxpb.TensorProto_INT64, batch)
	}
}

// meanOfViews averages distributions, views · N × K, over the views of each image.
func (b *builder) meanOfViews(probs string, views, classes int) string {
	stacked := b.reshape(probs, int64(views), -1, int64(classes))
	sum := b.gather(stacked, 0, 0)
	for v := 1; v < views; v++ {
		sum = b.op("Add", sum, b.gather(stacked, 0, int64(v)))
	}
	return b.reshape(b.op("Div", sum, b.number(float32(views))), -1, int64(classes))
}
