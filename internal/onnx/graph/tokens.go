package graph

import (
	"fmt"
	"math"
	"slices"

	"finetune/internal/onnx/onnxpb"
	"finetune/invalid"
)

// Vision transformers compute N×T×D: first the tokens without a place in the image (class, distillation, registers),
// then one for each patch, row by row. The shape doesn't show how many come first, but the concatenation that adds
// them does.

// maxPrefix is the most tokens that may precede those of patches: vision transformers have a class token, sometimes
// one of distillation, and up to eight registers.
const maxPrefix = 10

// Images of more pixels a side, and more patches than these, aren't counted.
const (
	maxSide    = 1 << 14
	maxPatches = 1 << 16
)

// findPrefixes notes, by the number of tokens, how many precede those of patches. A number that isn't fixed is -1.
func (m *Model) findPrefixes() {
	m.prefixes = map[int64]int{}
	for _, n := range m.pb.Graph.Node {
		out := m.info[output(n)]
		if !isOp(n, "Concat") || len(out.shape) != 3 {
			continue
		}
		axis, ok := wrap(intAttribute(n, "axis", 1), 3)
		if !ok || axis != 1 {
			continue
		}
		if prefix := prefixOf(m.inputsOf(n)); prefix > 0 {
			if count := max(out.shape[1].Size, -1); m.prefixes[count] == 0 {
				m.prefixes[count] = prefix
			}
		}
	}
}

// prefixOf returns how many tokens precede the patches, which must be the last and the largest part; else 0.
func prefixOf(parts []tensorInfo) int {
	const fewest = 4 // patches
	var before int64
	for i, p := range parts {
		if len(p.shape) != 3 {
			return 0
		}
		count := p.shape[1]
		if i == len(parts)-1 {
			if count.Fixed() && count.Size < max(fewest, before) {
				return 0
			}
			return int(before)
		}
		if before += count.Size; !count.Fixed() || count.Size > maxPrefix || before > maxPrefix {
			return 0
		}
	}
	return 0
}

// prefix returns how many of a tensor's tokens precede those of patches.
func (m *Model) prefix(tensor string, tokens Dim) int {
	if prefix, ok := m.prefixes[tokens.Size]; ok && tokens.Fixed() {
		return prefix
	}
	if isOp(m.producerOf(tensor), "Slice") {
		return 0 // the patches alone
	}
	return m.prefixes[-1]
}

// tokenPlaces returns the rows and columns of so many patches, zeros where they aren't known.
func (m *Model) tokenPlaces(count int64) (places [2]int) {
	if count > maxPatches {
		return places
	}
	height, width := 1, 1 // any square
	for _, v := range m.inputs {
		if in, err := m.imageInput(v.Name); err == nil && in.Height > 0 && in.Width > 0 {
			height, width = in.Height, in.Width
			break
		}
	}
	if height == width {
		if side := int(math.Sqrt(float64(count))); int64(side)*int64(side) == count && side > 1 {
			return [2]int{side, side}
		}
		return places
	}
	if max(height, width) > maxSide {
		return places
	}
	for patch := 1; patch <= min(height, width); patch++ {
		for _, border := range []int{0, patch - 1} { // a last patch that isn't full is left out or filled up
			rows, columns := (height+border)/patch, (width+border)/patch
			if int64(rows)*int64(columns) == count {
				return [2]int{rows, columns}
			}
		}
	}
	return places
}

// asTokens completes a tap of tokens whose shape is known.
func (m *Model) asTokens(t *Tap) {
	tokens := t.Tensor.Shape[1]
	t.Prefix = m.prefix(t.Tensor.Name, tokens)
	if t.said != nil {
		t.Prefix = t.said.prefix
	}
	if tokens.Fixed() {
		t.Prefix = min(t.Prefix, int(max(tokens.Size-1, 0)))
		t.Places = m.tokenPlaces(tokens.Size - int64(t.Prefix))
	}
	if t.said != nil {
		t.ClassToken = t.said.class
		return
	}
	t.ClassToken = t.Prefix > 0 && slices.ContainsFunc(m.pb.Graph.Output, func(v *onnxpb.ValueInfoProto) bool {
		return m.beforeDropout(v.GetName()) == t.Tensor.Name
	})
}

// tokenGrids refuses grids over tokens whose arrangement isn't known.
func (t Tap) tokenGrids() error {
	if len(t.Space) != 1 || t.Places[0] > 0 || slices.Equal(t.Grids, []int{1}) {
		return nil
	}
	return &invalid.Error{Field: "Images.Pool",
		Found: fmt.Sprintf("%s: %q is %s, and the arrangement of its tokens in the image isn't known",
			joinInts(t.Grids), t.Tensor.Name, t.Tensor.Shape),
		Want: "a token for each patch of an image of fixed size",
		Hint: "use {Images.Pool} 1, or choose another tensor with {Images.Tap}"}
}

// classToken returns the first token, N×D.
func (c *cutter) classToken(tensor string) string {
	out := c.op("Gather", tensor, c.ints(0))
	c.last().Attribute = []*onnxpb.AttributeProto{intAttr("axis", 1)}
	return c.flat(out)
}

// patches returns the tokens of patches.
func (c *cutter) patches(tensor string, prefix int) string {
	if prefix == 0 {
		return tensor
	}
	if c.opset() < 10 {
		out := c.op("Slice", tensor)
		c.last().Attribute = []*onnxpb.AttributeProto{intsAttr("axes", 1), intsAttr("starts", int64(prefix)),
			intsAttr("ends", math.MaxInt64)}
		return out
	}
	return c.op("Slice", tensor, c.ints(int64(prefix)), c.ints(math.MaxInt64), c.ints(1))
}

// tokenGrid averages the tokens of patches over the cells of a grid.
func (c *cutter) tokenGrid(t Tap, tensor string, g int) string {
	rows, columns := t.Places[0], t.Places[1]
	count := t.Prefix + rows*columns
	weights := make([]float32, g*g*count)
	down, across := binWeights(rows, g), binWeights(columns, g)
	for y := range rows {
		for x := range columns {
			for cell := range g * g {
				weights[cell*count+t.Prefix+y*columns+x] = down[y*g+cell/g] * across[x*g+cell%g]
			}
		}
	}
	return c.flat(c.op("MatMul", c.floats(weights, g*g, count), tensor))
}
