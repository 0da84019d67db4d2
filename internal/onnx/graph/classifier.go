package graph

import (
	"slices"
	"strings"

	"finetune/internal/onnx/onnxpb"
)

// transparent are the operators between a classifier and the output that change only the form of the logits, and those
// that do nothing at inference.
var transparent = []string{
	"Cast", "DequantizeLinear", "Dropout", "Flatten", "Identity", "LogSoftmax", "QuantizeLinear", "Reshape",
	"Sigmoid", "Softmax", "Squeeze", "Unsqueeze",
}

// An ending describes how one output of the network is made: by a classifier, or by none.
type ending struct {
	output  string
	layer   string   // operator of the classifier, "" when there is none
	feature string   // its input; without classifier the output, before any Identity
	beside  []string // inputs of the other classifiers where the output is the mean of several
	in, out int      // widths of the classifier's weight, 0 where they aren't known
	through []string // transparent operators between it and the output, from the output back
}

// ending walks back from an output to the layer that makes it, or to the layers whose outputs it averages.
func (m *Model) ending(output string) ending {
	e, joint := m.walkBack(output)
	n := m.producerOf(joint)
	if e.layer != "" || n == nil {
		return e
	}
	// The output of distilled transformers is the mean of two classifiers, one for each of their first tokens.
	var several []ending
	for _, in := range n.Input {
		if !m.isConstant(in) {
			branch, _ := m.walkBack(in)
			several = append(several, branch)
		}
	}
	first := slices.IndexFunc(several, func(b ending) bool {
		return b.layer == "" || b.out != several[0].out || b.out == 0
	})
	if len(several) < 2 || first >= 0 {
		return e
	}
	mean := several[0]
	mean.output, mean.through = output, append(e.through, mean.through...)
	for _, b := range several[1:] {
		if b.feature != mean.feature && !slices.Contains(mean.beside, b.feature) {
			mean.beside = append(mean.beside, b.feature)
		}
	}
	return mean
}

// walkBack follows one branch. Where that ends at a sum of several, joint is the sum.
func (m *Model) walkBack(output string) (e ending, joint string) {
	e = ending{output: output}
	tensor, biased, pooled := output, false, false
	for range maxNesting {
		n := m.producerOf(tensor)
		next := ""
		switch {
		case n == nil:
		case is(n, transparent...) && !biased:
			next = input(n, 0)
			e.through = append(e.through, opName(n))
		case is(n, "Transpose") && !biased && m.isVector(input(n, 0)): // TensorFlow's layout around a convolution
			next = input(n, 0)
		case is(n, "Mul", "Div") && !biased && m.isScalar(rightOf(n)):
			next = input(n, 0)
		case is(n, "Gemm", "MatMul") && m.isConstant(rightOf(n)):
			e.layer, e.feature = n.GetOpType(), m.beforeDropout(input(n, 0))
			e.in, e.out = m.weightWidths(n)
			return e, ""
		case is(n, "Conv") && m.isPointwise(n) && (pooled || m.isPooled(input(n, 0))):
			e.layer, e.feature = n.GetOpType(), m.beforeDropout(input(n, 0))
			e.in, e.out = m.weightWidths(n)
			return e, ""
		case is(n, "Add") && !biased && m.isConstant(rightOf(n)):
			next, biased = input(n, 0), true
		case is(n, "Add") && !biased && m.isConstant(input(n, 0)):
			next, biased = rightOf(n), true
		// A sum, or a stack of which the mean is taken. A sum of tokens or maps is no output of classifiers.
		case is(n, "Add", "Sum", "Mean") && len(m.info[tensor].shape) == 2,
			is(n, "Concat") && pooled && len(m.info[tensor].shape) == 3 && intAttribute(n, "axis", 1) == 0:
			joint = tensor
		// A classifier may be a convolution whose outputs are averaged over the map (SqueezeNet).
		case is(n, "GlobalAveragePool", "ReduceMean") && !biased:
			next, pooled = input(n, 0), true
		case isOp(n, "Relu") && pooled:
			next = input(n, 0)
		}
		if next == "" {
			break
		}
		tensor = next
	}
	e.feature = m.beforeDropout(output)
	if slices.ContainsFunc(e.through, isProbability) {
		e.feature = "" // probabilities of an unknown layer
	}
	return e, joint
}

// isVector reports whether a tensor of four axes has one number per channel, on whichever axis its channels are.
func (m *Model) isVector(tensor string) bool {
	s := m.info[tensor].shape
	if len(s) != 4 {
		return false
	}
	wide := 0
	for _, d := range s[1:] {
		if d.Size != 1 {
			wide++
		}
	}
	return wide < 2
}

// isScalar reports whether a tensor is one constant number.
func (m *Model) isScalar(tensor string) bool {
	s := m.info[tensor].shape
	return m.isConstant(tensor) && s != nil && !slices.ContainsFunc(s, func(d Dim) bool { return d.Size != 1 })
}

// embeddings are parts of output names by which exporters mark an output that is the feature itself.
var embeddings = []string{"embed", "feat", "pooler"}

func isProbability(op string) bool { return op == "Softmax" || op == "LogSoftmax" || op == "Sigmoid" }

// beforeDropout skips operators that pass their input on unchanged, so that the tap has the name of the tensor that
// was computed.
func (m *Model) beforeDropout(tensor string) string {
	for range maxNesting {
		n := m.producerOf(tensor)
		if !isOp(n, "Dropout", "Identity") || input(n, 0) == "" {
			break
		}
		tensor = input(n, 0)
	}
	return tensor
}

// weightWidths returns the number of inputs and of outputs of a classifier.
func (m *Model) weightWidths(n *onnxpb.NodeProto) (in, out int) {
	w := m.info[rightOf(n)].shape
	if len(w) < 2 {
		return 0, 0
	}
	a, b := w[0], w[1] // MatMul and Gemm: in × out
	if is(n, "Conv") || intAttribute(n, "transB", 0) != 0 {
		a, b = b, a
	}
	return int(max(a.Size, 0)), int(max(b.Size, 0))
}

// isPointwise reports whether a convolution is 1×1: a linear layer at each place of the map.
func (m *Model) isPointwise(n *onnxpb.NodeProto) bool {
	w := m.info[rightOf(n)].shape
	return len(w) == 4 && w[2].Size == 1 && w[3].Size == 1 &&
		intAttribute(n, "group", 1) == 1 && m.isConstant(rightOf(n))
}

// isPooled reports whether a map has one place only.
func (m *Model) isPooled(tensor string) bool {
	s := m.info[tensor].shape
	return len(s) == 4 && s[2].Size == 1 && s[3].Size == 1
}

// isEmbedding reports whether an output is the feature itself rather than a classifier's logits. Names of outputs
// decide first. Without such a name the width decides: embeddings (faces, CLIP) are multiples of 64 wide, numbers of
// classes rarely are.
func (e ending) isEmbedding() bool {
	name := strings.ToLower(e.output)
	switch {
	case containsAny(name, embeddings...):
		return true
	case e.layer == "":
		return e.feature != ""
	case slices.ContainsFunc(e.through, isProbability),
		containsAny(name, "logit", "prob", "class", "score", "pred", "label"):
		return false
	}
	return e.out >= 64 && e.out%64 == 0
}

func containsAny(s string, parts ...string) bool {
	return slices.ContainsFunc(parts, func(p string) bool { return strings.Contains(s, p) })
}
