package deploy

import "finetune/internal/onnx/onnxpb"

// slack is added where sums of probabilities are compared with a bound. The probabilities of two implementations
// differ by some 1e-7, and sums that are equal to the bound by construction, such as that of the image that set the
// threshold, must be on the same side.
const slack = 5e-7

// decide appends the class that the rule takes, an int64 for each image.
func (b *builder) decide(h Head, probs string, classes int) string {
	first := func(kind, of string) string {
		return b.with(b.op(kind, of), intAttr("axis", 1), intAttr("keepdims", 0))
	}
	switch {
	case h.Decision == Median, h.Decision == LeastDistance && h.Distances == nil:
		upTo := b.op("MatMul", probs, b.matrix(classes, classes, func(j, k int) bool { return j <= k }))
		half := b.op("Sub", b.op("Mul", b.total(probs, classes), b.number(0.5)), b.number(slack))
		return first("ArgMax", b.float(b.atLeast(upTo, half)))
	case h.Decision == LeastDistance:
		cost := make([]float32, classes*classes) // transposed: true class × predicted class
		for i := range classes {
			for k := range classes {
				cost[k*classes+i] = float32(h.Distances[i*classes+k])
			}
		}
		return first("ArgMin", b.op("MatMul", probs, b.floats(cost, classes, classes)))
	case h.Decision == Mean:
		positions := h.positions(classes)
		row := make([]float32, classes)
		for k, p := range positions {
			row[k] = float32(p)
		}
		mean := b.op("Div", b.expected(probs, positions), b.total(probs, classes))
		return first("ArgMin", b.op("Abs", b.op("Sub", b.floats(row, 1, classes), mean)))
	}
	return first("ArgMax", probs)
}

// total is the sum of each row, N × 1.
func (b *builder) total(rows string, n int) string {
	return b.op("MatMul", rows, b.matrix(n, 1, func(int, int) bool { return true }))
}

// set appends the prediction sets of package calibration: from the decided class a range grows, always towards the
// side of the more probable neighbour, the lower of equals, while its mass doesn't exceed the threshold. It returns
// the lowest and the highest class, int64, one each an image.
//
// That needs no loop. The growth merges two sequences, the classes below the start and those above it, by their
// larger heads. In such a merge d comes before c on the other side just when the least of the sequence up to d is
// larger than the least up to c, or equal and d is below. So with key(c) the least probability from the start's
// neighbour to c, classes join in the order of falling keys, and a class joins at a mass, its score, that is the sum
// of those before it. The range is all classes whose score doesn't exceed the threshold.
func (b *builder) set(probs, class string, classes int, threshold float64) (low, high string) {
	const above = 2 // any probability
	k := make([]int64, classes)
	behind := make([]int64, classes)
	for i := range k {
		k[i], behind[i] = int64(i), int64(i+classes)
	}
	start := b.reshape(class, -1, 1)
	isBelow, isAbove := b.op("Less", b.ints(k...), start), b.op("Less", start, b.ints(k...))
	key := b.op("Where", isBelow,
		b.runningMin(b.op("Where", isBelow, probs, b.number(above)), classes, 1),
		b.runningMin(b.op("Where", isAbove, probs, b.number(above)), classes, -1))
	// Of equal keys those below come first, and then the nearer.
	turn := b.op("Where", isBelow, b.op("Sub", start, b.ints(k...)), b.ints(behind...))

	n := int64(classes)
	keyC, keyD := b.reshape(key, -1, n, 1), b.reshape(key, -1, 1, n)
	turnC, turnD := b.reshape(turn, -1, n, 1), b.reshape(turn, -1, 1, n)
	before := b.op("Or", b.op("Less", keyC, keyD),
		b.op("And", b.atLeast(keyD, keyC), b.op("Less", turnD, turnC))) // N × c × d
	score := b.reshape(b.op("MatMul", b.float(before), b.reshape(probs, -1, n, 1)), -1, n)
	if threshold < 1 {
		threshold += slack
	}
	inside := b.float(b.atLeast(b.number(float32(threshold)), b.op("Min", score, b.number(1))))
	low = b.with(b.op("ArgMax", inside), intAttr("axis", 1), intAttr("keepdims", 0))
	more := b.op("Sub", b.total(inside, classes), b.number(1))
	high = b.op("Add", low, b.cast(b.reshape(more, -1), onnxpb.TensorProto_INT64))
	return low, high
}
