package graph

import (
	"fmt"
	"math"
	"math/rand/v2"

	"finetune/internal/onnx/onnxpb"
)

// The nodes that compute second-order statistics of a map. All operators are older than operator set 9.

// centred returns a map, or tokens, less the mean of each channel over all places. What is left of sums of squares
// doesn't cancel then.
func (c *cutter) centred(t Tap, tensor string) string {
	mean := c.mean(c.patches(tensor, t.Prefix), t.Space, true)
	return c.op("Sub", tensor, mean)
}

// deviations returns the standard deviations of a centred map's channels in the cells of a grid: the root of
// E[x²] − E[x]², N × (g·g·channels).
func (c *cutter) deviations(t Tap, centred string, g int) string {
	variance := c.pooled(t, c.op("Mul", centred, centred), g)
	if g > 1 { // the mean over the whole is 0
		mean := c.pooled(t, centred, g)
		variance = c.op("Relu", c.op("Sub", variance, c.op("Mul", mean, mean)))
	}
	return c.op("Sqrt", variance)
}

// covariances returns the upper triangle of the covariance matrix of a centred map's channels over all places, row by
// row, as signed square roots: N × r(r+1)/2. Where the map has more than r channels, they are first projected to r by
// a fixed matrix with orthonormal rows.
func (c *cutter) covariances(t Tap, centred string) string {
	channels, r := int64(t.Width), t.Cov
	var x, covariance string // x is N × channels × places, or N × places × channels
	places := int64(2)
	last := len(t.Space) == 1 || t.Space[0] == 1
	if last {
		x = c.op("Reshape", c.patches(centred, t.Prefix), c.ints(0, -1, channels))
		places = 1
	} else {
		x = c.op("Reshape", centred, c.ints(0, channels, -1))
	}
	if r < t.Width {
		matrix := c.projection(t.Width, r)
		if last {
			x = c.op("MatMul", x, c.transpose(matrix, 1, 0))
		} else {
			x = c.op("MatMul", matrix, x)
		}
	}
	if last {
		covariance = c.op("MatMul", c.transpose(x, 0, 2, 1), x)
	} else {
		covariance = c.op("MatMul", x, c.transpose(x, 0, 2, 1))
	}
	count := c.cast(c.op("Gather", c.op("Shape", x), c.ints(places)), onnxpb.TensorProto_FLOAT)
	triangle := c.op("Gather", c.flat(c.op("Div", covariance, count)), c.ints(upperTriangle(r)...))
	c.last().Attribute = []*onnxpb.AttributeProto{intAttr("axis", 1)}
	// Operator sets before 9 have no Sign.
	return c.op("Sub", c.op("Sqrt", c.op("Relu", triangle)), c.op("Sqrt", c.op("Relu", c.op("Neg", triangle))))
}

// projection returns the constant of a projection, added once for each size.
func (c *cutter) projection(columns, rows int) string {
	key := fmt.Sprint("projection", columns, rows)
	if name, ok := c.made[key]; ok {
		return name
	}
	return c.constantOf(floatTensor("", projection(columns, rows), rows, columns), key)
}

// upperTriangle returns the indices of an r × r matrix on and above its diagonal, row by row.
func upperTriangle(r int) []int64 {
	list := make([]int64, 0, r*(r+1)/2)
	for i := range r {
		for j := i; j < r; j++ {
			list = append(list, int64(i*r+j))
		}
	}
	return list
}

// projectionSeed must not change: features are cached under texts that don't mention it.
const projectionSeed = 1

// projection returns a fixed matrix, rows × columns, with orthonormal rows: Gram–Schmidt on normal numbers. It depends
// on its size alone.
func projection(columns, rows int) []float32 {
	random := rand.New(rand.NewPCG(projectionSeed, uint64(columns)))
	basis := make([][]float64, rows)
	for i := range basis {
		v := make([]float64, columns)
		for k := range v {
			v[k] = random.NormFloat64()
		}
		for range 2 { // a second pass removes what rounding leaves
			for _, b := range basis[:i] {
				along := dot(v, b)
				for k := range v {
					v[k] -= float64(along * b[k])
				}
			}
		}
		norm := math.Sqrt(dot(v, v))
		for k := range v {
			v[k] /= norm
		}
		basis[i] = v
	}
	out := make([]float32, 0, rows*columns)
	for _, v := range basis {
		for _, x := range v {
			out = append(out, float32(x))
		}
	}
	return out
}

// dot rounds each product, so that machines with fused multiply-add give the same sum.
func dot(a, b []float64) (sum float64) {
	for i := range a {
		sum += float64(a[i] * b[i])
	}
	return sum
}
