// Package overlay draws what places of a picture bring to a decision: maps are enlarged to heat, heat is laid over the
// picture, and panels are put side by side with their legends and a caption.
//
// It doesn't depend on networks or files. Equal input gives equal pixels.
package overlay

import (
	"math"
	"slices"
)

// A Heat is a number for each place of what a network was shown, Height × Width, row by row.
type Heat struct {
	Height, Width int
	Values        []float64
}

// NewHeat returns a heat of zeros.
func NewHeat(height, width int) *Heat {
	return &Heat{Height: height, Width: width, Values: make([]float64, height*width)}
}

// Add enlarges a map of height × width numbers (or makes it smaller) and adds it. The sum of the heat grows by exactly the sum
// of the map: every number is spread over the places around its own with weights that add up to 1, those of linear
// interpolation between the middles of places.
func (h *Heat) Add(values []float64, height, width int) {
	across, down := spread(width, h.Width), spread(height, h.Height)
	row := make([]float64, h.Width)
	for y := range height {
		clear(row)
		for x, v := range values[y*width:][:width] {
			for i, w := range across[x].weights {
				row[across[x].first+i] += v * w
			}
		}
		for i, w := range down[y].weights {
			to := h.Values[(down[y].first+i)*h.Width:][:h.Width]
			for x, v := range row {
				to[x] += w * v
			}
		}
	}
}

// taps are the places over which one number is spread.
type taps struct {
	first   int
	weights []float64
}

// spread returns, for each of from places of an axis, its share of each of to places.
func spread(from, to int) []taps {
	list := make([]taps, from)
	scale := float64(to) / float64(from)
	reach := max(scale, 1) // of a triangle around the middle
	for i := range list {
		middle := (float64(i)+0.5)*scale - 0.5
		first, last := max(0, int(math.Ceil(middle-reach))), min(to-1, int(math.Floor(middle+reach)))
		weights := make([]float64, last-first+1)
		var sum float64
		for j := range weights {
			at := float64(first + j)
			weights[j] = max(0, 1-math.Abs(at-middle)/reach)
			if i == 0 && at < middle || i == from-1 && at > middle {
				weights[j] = 1 // at a border nothing comes from the other side
			}
			sum += weights[j]
		}
		for j := range weights {
			weights[j] /= sum
		}
		list[i] = taps{first, weights}
	}
	return list
}

// Sum adds all places up.
func (h *Heat) Sum() float64 {
	var sum float64
	for _, v := range h.Values {
		sum += v
	}
	return sum
}

// Smooth returns the heat blurred by a triangle that reaches that many places each way, which keeps its sum.
func (h *Heat) Smooth(reach int) *Heat {
	if reach < 1 {
		return h
	}
	out := NewHeat(h.Height, h.Width)
	line := make([]float64, max(h.Height, h.Width))
	for y := range h.Height {
		blur(out.Values[y*h.Width:][:h.Width], h.Values[y*h.Width:][:h.Width], reach)
	}
	column := make([]float64, h.Height)
	for x := range h.Width {
		for y := range h.Height {
			column[y] = out.Values[y*h.Width+x]
		}
		clear(line[:h.Height])
		blur(line[:h.Height], column, reach)
		for y := range h.Height {
			out.Values[y*h.Width+x] = line[y]
		}
	}
	return out
}

// blur adds src to dst, each number spread by a triangle that is cut off at the ends of the line.
func blur(dst, src []float64, reach int) {
	for i, v := range src {
		first, last := max(0, i-reach), min(len(src)-1, i+reach)
		var sum float64
		for j := first; j <= last; j++ {
			sum += float64(reach + 1 - abs(j-i))
		}
		for j := first; j <= last; j++ {
			dst[j] += v * float64(reach+1-abs(j-i)) / sum
		}
	}
}

func abs(i int) int { return max(i, -i) }

// Strongest returns a size that all but one in a hundred of the places stay below, for a common scale of several heats.
func Strongest(heats ...*Heat) float64 {
	var sizes []float64
	for _, h := range heats {
		for _, v := range h.Values {
			sizes = append(sizes, math.Abs(v))
		}
	}
	if len(sizes) == 0 {
		return 0
	}
	slices.Sort(sizes)
	return sizes[len(sizes)*99/100]
}
