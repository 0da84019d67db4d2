package deploy

import "fmt"

// A Rule says how logits become the probabilities of K classes. The names are those of package loss.
type Rule string

// The rules.
const (
	// Softmax takes K logits: p = exp z / Σ exp z.
	Softmax Rule = "softmax"
	// Cumulative takes K−1 logits of P(y > k), each lowered to the one before where it is above, and their
	// differences.
	Cumulative Rule = "cumulative"
	// Conditional takes K−1 logits of P(y > k | y ≥ k), and multiplies.
	Conditional Rule = "conditional"
	// Position takes one number and shares 1 between the two positions around it, the nearer getting more.
	Position Rule = "position"
)

// classes is the number of classes; the error says why the rule has none for the layers.
func (h Head) classes() (int, error) {
	outputs := h.outputs()
	switch h.Rule {
	case Softmax:
		return outputs, nil
	case Cumulative, Conditional:
		return outputs + 1, nil
	case Position:
		if outputs != 1 || len(h.Positions) < 2 {
			return 0, fmt.Errorf("%d outputs and %d positions for the rule %q", outputs, len(h.Positions), h.Rule)
		}
		return len(h.Positions), nil
	}
	return 0, fmt.Errorf("no rule %q for probabilities", h.Rule)
}

// probabilities appends what makes N × K probabilities of N × outputs logits. Shifts by a class and sums over classes
// are products with small constant matrices, whose operator never changed its form; those of Pad, Slice and CumSum
// did.
func (b *builder) probabilities(h Head, logits string) string {
	outputs := h.outputs()
	switch h.Rule {
	case Cumulative:
		least := b.runningMin(logits, outputs, -1)
		return b.differences(b.op("Sigmoid", least), outputs)
	case Conditional:
		// log P(y = k) = Σ_{j<k} log σ(zⱼ) + log σ(−zₖ), the last term being absent for the last class; log σ(z) =
		// −softplus(−z).
		passed := b.op("Softplus", b.op("Neg", logits))
		stopped := b.op("Softplus", logits)
		sum := b.op("Add",
			b.op("MatMul", passed, b.matrix(outputs, outputs+1, func(j, k int) bool { return j < k })),
			b.op("MatMul", stopped, b.matrix(outputs, outputs+1, func(j, k int) bool { return j == k })))
		return b.op("Exp", b.op("Neg", sum))
	case Position:
		// P(y > k) rises from 0 to 1 between positions k and k+1.
		n := len(h.Positions) - 1
		from, gap := make([]float32, n), make([]float32, n)
		for k := range n {
			from[k], gap[k] = float32(h.Positions[k]), float32(h.Positions[k+1]-h.Positions[k])
		}
		share := b.op("Div", b.op("Sub", logits, b.floats(from, 1, n)), b.floats(gap, 1, n))
		return b.differences(b.op("Min", b.op("Relu", share), b.number(1)), n)
	}
	return b.with(b.op("Softmax", logits), intAttr("axis", 1))
}

// leastProbability stands for probabilities that underflowed to 0 where a logarithm is taken: the least normal
// float32.
const leastProbability = 0x1p-126

// inverse appends the logits that a distribution stands for: the inverse of probabilities.
func (b *builder) inverse(h Head, probs string, classes int) string {
	probs = b.op("Max", probs, b.number(leastProbability))
	above := func() string {
		return b.op("MatMul", probs, b.matrix(classes, classes-1, func(j, k int) bool { return j > k }))
	}
	logRatio := func(over, under string) string { return b.op("Sub", b.op("Log", over), b.op("Log", under)) }
	switch h.Rule {
	case Cumulative:
		below := b.op("MatMul", probs, b.matrix(classes, classes-1, func(j, k int) bool { return j <= k }))
		return logRatio(above(), below)
	case Conditional:
		at := b.op("MatMul", probs, b.matrix(classes, classes-1, func(j, k int) bool { return j == k }))
		return logRatio(above(), at)
	case Position:
		return b.expected(probs, h.Positions)
	}
	return b.op("Log", probs)
}

// differences makes P(y = k), N × (n+1), of P(y > k), N × n.
func (b *builder) differences(above string, n int) string {
	shift := make([]float32, n*(n+1))
	for k := range n {
		shift[k*(n+1)+k], shift[k*(n+1)+k+1] = -1, 1
	}
	first := make([]float32, n+1)
	first[0] = 1
	return b.op("Gemm", above, b.floats(shift, n, n+1), b.floats(first, n+1))
}

// runningMin takes the least of each number and those before it, for direction −1, or after it, for 1, in rows of n.
func (b *builder) runningMin(tensor string, n, direction int) string {
	for step := 1; step < n; step *= 2 {
		from := make([]int64, n)
		for k := range from {
			from[k] = int64(min(max(k+direction*step, 0), n-1))
		}
		tensor = b.op("Min", tensor, b.gather(tensor, 1, from...))
	}
	return tensor
}

// expected is the mean of values under each distribution, N × 1.
func (b *builder) expected(probs string, values []float64) string {
	column := make([]float32, len(values))
	for k, v := range values {
		column[k] = float32(v)
	}
	return b.op("MatMul", probs, b.floats(column, len(values), 1))
}

// matrix is a constant with ones where one says and zeros elsewhere.
func (b *builder) matrix(rows, columns int, one func(row, column int) bool) string {
	values := make([]float32, rows*columns)
	for i := range rows {
		for j := range columns {
			if one(i, j) {
				values[i*columns+j] = 1
			}
		}
	}
	return b.floats(values, rows, columns)
}
