package graph

import (
	"fmt"
	"math"

	"finetune/internal/onnx/onnxpb"

	"google.golang.org/protobuf/proto"
)

// A Probability is a rule that computes the probabilities of K classes from logits. The names are those of package
// loss.
type Probability string

// The rules.
const (
	// Softmax takes K logits: p = exp z / Σ exp z.
	Softmax Probability = "softmax"
	// Cumulative takes K−1 logits of P(y > k), limits each to the one before, and takes differences.
	Cumulative Probability = "cumulative"
	// Conditional takes K−1 logits of P(y > k | y ≥ k), and multiplies.
	Conditional Probability = "conditional"
	// Position takes one number and interpolates between the two of Head.Positions around it.
	Position Probability = "position"
)

// classes is the number of classes of a head with that many outputs; an error if the rule doesn't fit it.
func (h Head) classes(outputs int) (int, error) {
	switch h.Probability {
	case Softmax:
		return outputs, nil
	case Cumulative, Conditional:
		return outputs + 1, nil
	case Position:
		if outputs != 1 || len(h.Positions) < 2 {
			return 0, fmt.Errorf("%d outputs and %d positions for the rule %q",
				outputs, len(h.Positions), h.Probability)
		}
		return len(h.Positions), nil
	}
	return 0, fmt.Errorf("no rule %q for probabilities", h.Probability)
}

// probabilities adds nodes that compute the tensor out, N × K, from logits, N × outputs.
func (h Head) probabilities(g *onnxpb.GraphProto, logits, out string, outputs int) {
	b := &graphBuilder{g}
	switch h.Probability {
	case Softmax:
		b.node("Softmax", out, []string{logits}, intAttr("axis", 1))
	case Cumulative:
		// The running minimum, over twice as many logits in each step.
		z := logits
		for step := 1; step < outputs; step *= 2 {
			before := b.shift(z, fmt.Sprintf("before%d", step), step, 0, math.MaxFloat32)
			cut := b.node("Slice", before+".cut", []string{before, b.ints(before+".from", 0),
				b.ints(before+".to", int64(outputs)), b.ints(before+".axis", 1)})
			z = b.node("Min", fmt.Sprintf("least%d", step), []string{z, cut})
		}
		b.differences(b.node("Sigmoid", "above", []string{z}), out)
	case Conditional:
		// P(y > k) = σ(z₀) ⋯ σ(zₖ), in logarithms: log σ(z) = −softplus(−z).
		negative := b.node("Neg", "negative", []string{logits})
		surprise := b.node("Softplus", "surprise", []string{negative})
		sum := b.node("CumSum", "sum", []string{surprise, b.scalar("sum.axis", 1)})
		above := b.node("Exp", "above", []string{b.node("Neg", "log_above", []string{sum})})
		stay := b.node("Sigmoid", "stay", []string{negative})
		b.node("Mul", out, []string{b.shift(above, "reached", 1, 0, 1), b.shift(stay, "stop", 0, 1, 1)})
	case Position:
		// P(y > k) rises from 0 to 1 between positions k and k+1.
		n := len(h.Positions) - 1
		from, gap := make([]float32, n), make([]float32, n)
		for k := range n {
			from[k], gap[k] = float32(h.Positions[k]), float32(h.Positions[k+1]-h.Positions[k])
		}
		past := b.node("Sub", "past", []string{logits, b.tensor(floatTensor("positions", from, 1, n))})
		share := b.node("Div", "share", []string{past, b.tensor(floatTensor("gaps", gap, 1, n))})
		b.differences(b.node("Clip", "above", []string{share, b.tensor(floatTensor("zero", []float32{0})),
			b.tensor(floatTensor("one", []float32{1}))}), out)
	}
}

// A graphBuilder adds nodes and constants to a graph. Its methods return the name of the tensor that they add.
type graphBuilder struct{ g *onnxpb.GraphProto }

func (b *graphBuilder) node(op, out string, in []string, attributes ...*onnxpb.AttributeProto) string {
	b.g.Node = append(b.g.Node, &onnxpb.NodeProto{
		Name: proto.String(out), OpType: proto.String(op), Attribute: attributes, Input: in, Output: []string{out},
	})
	return out
}

func (b *graphBuilder) tensor(t *onnxpb.TensorProto) string {
	b.g.Initializer = append(b.g.Initializer, t)
	return t.GetName()
}

func (b *graphBuilder) ints(name string, values ...int64) string {
	return b.tensor(intTensor(name, values...))
}

func (b *graphBuilder) scalar(name string, v int64) string {
	t := intTensor(name, v)
	t.Dims = nil
	return b.tensor(t)
}

// shift adds columns of one value before and after those of a matrix.
func (b *graphBuilder) shift(in, out string, before, after int, value float32) string {
	return b.node("Pad", out, []string{in, b.ints(out+".pads", 0, int64(before), 0, int64(after)),
		b.tensor(floatTensor(out+".value", []float32{value}))})
}

// differences computes P(y = k) from P(y > k), N × (K−1).
func (b *graphBuilder) differences(above, out string) {
	b.node("Sub", out, []string{b.shift(above, "from", 1, 0, 1), b.shift(above, "to", 0, 1, 0)})
}
