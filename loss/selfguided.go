package loss

import (
	"fmt"
	"math"
	"slices"
)

// SelfGuided returns the ground distance measured on features, as a K × K row-major matrix for [Matrix]. features is
// n × dim, row-major: the input of the last layer; labels holds the n classes, from 0.
//
// Each feature is divided by its ℓ1 norm; d is the Euclidean distance between the means of the classes;
// rᵢⱼ = |{l : dᵢₗ < dᵢⱼ}| / (K−1), and D = (r + rᵀ)/2. So D is symmetric with a zero diagonal and values in
// [0, 1], and only the order of distances matters (Hou, Yu and Samaras, section on self-guided EMD).
//
// A feature vector of zeros is left out. A class without samples has no mean: the others are ranked among themselves,
// with their number in place of K, and its distance to every other class is 1, the largest, because probability of it
// is wrong for every sample.
//
// A feature that isn't finite is an error. SelfGuided panics where lengths don't fit or a label isn't a class.
func SelfGuided[T Float](features []T, dim int, labels []int, classes int) ([]float64, error) {
	if dim <= 0 || len(features) != dim*len(labels) {
		panic("loss: features and labels of different lengths")
	}
	c := NewCentroids[T](classes, dim)
	for n, label := range labels {
		c.Add(label, features[n*dim:(n+1)*dim])
	}
	return c.GroundDistance()
}

// Centroids computes the means of the normalised features of each class for [SelfGuided], from one sample at a time.
type Centroids[T Float] struct {
	dim     int
	sums    []float64 // classes × dim
	counts  []int     // a class each
	samples int
	bad     int // the first sample that isn't finite, from 1; 0: none
}

// NewCentroids returns centroids without samples, for features of length dim.
func NewCentroids[T Float](classes, dim int) *Centroids[T] {
	return &Centroids[T]{dim: dim, sums: make([]float64, classes*dim), counts: make([]int, classes)}
}

// Add adds a sample. It panics where the feature has another length or the label isn't a class.
func (c *Centroids[T]) Add(label int, feature []T) {
	if len(feature) != c.dim {
		panic("loss: a feature of another length")
	}
	c.samples++
	var norm float64
	for _, x := range feature {
		norm += math.Abs(float64(x))
	}
	if !finite(norm) && c.bad == 0 {
		c.bad = c.samples
	}
	if norm == 0 {
		return
	}
	c.counts[label]++
	sum := c.sums[label*c.dim : (label+1)*c.dim]
	for j, x := range feature {
		sum[j] += float64(x) / norm
	}
}

// GroundDistance returns the result of [SelfGuided] for the samples so far.
func (c *Centroids[T]) GroundDistance() ([]float64, error) {
	means, present, err := c.means()
	if err != nil {
		return nil, err
	}
	return rankDistances(centroidDistances(means, c.dim, present), present), nil
}

// means returns the mean of each class's normalised features, classes × dim, and which classes have one.
func (c *Centroids[T]) means() (means []float64, present []bool, err error) {
	if c.bad > 0 {
		return nil, nil, fmt.Errorf("self-guided ground distance: features of sample %d are not finite", c.bad-1)
	}
	means, present = slices.Clone(c.sums), make([]bool, len(c.counts))
	for k, n := range c.counts {
		present[k] = n > 0
		for j := range c.dim {
			means[k*c.dim+j] /= float64(max(n, 1))
		}
	}
	return means, present, nil
}

// centroidDistances returns the Euclidean distances between the means of the classes that have one.
func centroidDistances(means []float64, dim int, present []bool) []float64 {
	k := len(present)
	d := make([]float64, k*k)
	for i := range k {
		for j := range i {
			if !present[i] || !present[j] {
				continue
			}
			var sum float64
			for x := range dim {
				diff := means[i*dim+x] - means[j*dim+x]
				sum += diff * diff
			}
			d[i*k+j] = math.Sqrt(sum)
			d[j*k+i] = d[i*k+j]
		}
	}
	return d
}

// rankDistances replaces each distance by its rank among those from the same class and makes the ranks symmetric.
func rankDistances(d []float64, present []bool) []float64 {
	k := len(present)
	others := -1.0
	for _, p := range present {
		if p {
			others++
		}
	}
	out := make([]float64, k*k)
	row := make([]float64, 0, k)
	for i := range k {
		row = row[:0]
		for l := range k {
			if present[i] && present[l] {
				row = append(row, d[i*k+l])
			}
		}
		slices.Sort(row)
		for j := range k {
			switch {
			case i == j:
			case !present[i] || !present[j]:
				out[i*k+j], out[j*k+i] = 1, 1
			default:
				nearer, _ := slices.BinarySearch(row, d[i*k+j])
				half := float64(nearer) / others / 2
				out[i*k+j] += half
				out[j*k+i] += half
			}
		}
	}
	return out
}
