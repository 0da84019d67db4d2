package familiarity

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// Level is the p-value up to which an image counts as unfamiliar: one in a hundred of ordinary images.
const Level = 0.01

// A Model knows what the training images of a run look like. It may be used by several goroutines.
type Model struct {
	mean, inverse []float32 // of the columns: their mean, and 1 / standard deviation
	sketch        []term    // what each column adds to the projection of a row; nil where rows are as short as that
	centre        []float64 // of the projected rows
	factor        []float64 // lower Cholesky factor of their covariance, packed row by row
	distances     []float64 // of the reference, ascending
	scores        []float64 // review scores of reference images that the head wasn't trained on, ascending; nil where there are none
	predicted     []float64 // the same images by predicted class; nil where there are none
}

// Width returns the number of columns of the rows that the model judges.
func (m *Model) Width() int { return len(m.mean) }

// Reference returns the distances of the reference images, ascending. It must not be written to.
func (m *Model) Reference() []float64 { return m.distances }

// Predicted returns how often each class was predicted for reference images that the head wasn't trained on, nil
// where there are none.
func (m *Model) Predicted() []float64 { return slices.Clone(m.predicted) }

// Distance returns the squared Mahalanobis distance of a row from the training images. The row must have Width
// columns; where one isn't finite the distance is +Inf.
func (m *Model) Distance(row []float32) float64 {
	if len(row) != m.Width() {
		panic(fmt.Sprintf("familiarity: a row of %d columns; expected %d", len(row), m.Width()))
	}
	z := m.Project(row)
	for i, c := range m.centre {
		z[i] -= c
	}
	n := len(z)
	blas64.Tpsv(blas.NoTrans, m.triangle(), blas64.Vector{N: n, Inc: 1, Data: z})
	var sum float64
	for _, v := range z {
		sum += v * v
	}
	if math.IsNaN(sum) {
		return math.Inf(1)
	}
	return float64(
		float32(sum),
	) // as a file holds it, so that p-values are the same before and after the model is stored
}

func (m *Model) triangle() blas64.TriangularPacked {
	return blas64.TriangularPacked{Uplo: blas.Lower, Diag: blas.NonUnit, N: len(m.centre), Data: m.factor}
}

// Project returns the standardised row in the space that distances are taken in: at most 256 numbers.
func (m *Model) Project(row []float32) []float64 {
	out := make([]float64, len(m.centre))
	if len(out) == len(row) {
		for j, v := range row {
			out[j] = float64(v-m.mean[j]) * float64(m.inverse[j])
		}
		return out
	}
	for j, v := range row {
		t := m.sketch[j]
		out[t.place] += float64(v-m.mean[j]) * t.scale
	}
	return out
}

// A term is the place that a column is added to, and what it is multiplied by: its sign over the standard deviation.
type term struct {
	place int
	scale float64
}

// takeSketch fills in sketch once mean, inverse and the length of centre are known.
func (m *Model) takeSketch() {
	if len(m.centre) == m.Width() {
		return
	}
	m.sketch = make([]term, m.Width())
	for j, inverse := range m.inverse {
		place, sign := sketched(j, len(m.centre))
		m.sketch[j] = term{place, sign * float64(inverse)}
	}
}

// sketched returns the place of a column in a sketch of so many numbers, and its sign. The bits are those of SplitMix64
// (Steele, Lea and Flood 2014), seeded with the column, so that no table has to be stored.
func sketched(column, places int) (place int, sign float64) {
	x := uint64(column+1) * 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	x ^= x >> 31
	sign = 1
	if x>>63 == 1 {
		sign = -1
	}
	return int(x & math.MaxUint32 % uint64(places)), sign
}

// PValue returns the share of ordinary images that are at least as far away: (1 + reference images with that distance
// or more) / (n + 1).
func (m *Model) PValue(distance float64) float64 {
	n := len(m.distances)
	at, _ := slices.BinarySearch(m.distances, distance)
	return float64(1+n-at) / float64(n+1)
}

// Unfamiliar reports whether an image with such a p-value is unlike the training images, at [Level]. With a reference
// of under 99 images no p-value is that small; then an image is unfamiliar that is farther away than all of them.
func (m *Model) Unfamiliar(p float64) bool {
	const rounding = 1e-12
	return p <= m.ExpectedUnfamiliar()+rounding
}

// ExpectedUnfamiliar returns the largest share of ordinary images that are expected to count as unfamiliar: [Level], or
// 1 / (n + 1) for a reference of fewer images.
func (m *Model) ExpectedUnfamiliar() float64 { return max(Level, 1/float64(len(m.distances)+1)) }
