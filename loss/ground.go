package loss

import (
	"fmt"
	"math"

	"finetune/invalid"
)

// A GroundDistance is the distances between classes. The zero value is ordered classes at equal steps; [Positions]
// and [Matrix] make the others. At most one field is set.
type GroundDistance struct {
	// Positions holds the position of each class on a line, strictly increasing.
	Positions []float64 `json:"positions,omitempty"`
	// Matrix holds K × K distances, row-major: row i is the predicted class, column k the true one.
	// They are finite and not negative, with zeros on the diagonal; the two directions may differ.
	Matrix []float64 `json:"matrix,omitempty"`
}

// Ordered returns the distance of ordered classes at equal steps, the zero value.
func Ordered() GroundDistance { return GroundDistance{} }

// Positions returns the distance of classes at positions s₁ < … < s_K on a line.
func Positions(s []float64) GroundDistance { return GroundDistance{Positions: s} }

// Matrix returns the distances of a K × K row-major matrix, such as that of [SelfGuided].
func Matrix(d []float64) GroundDistance { return GroundDistance{Matrix: d} }

// Distances returns g as a K × K row-major matrix: a copy of Matrix; |sᵢ − sⱼ| / (s_K − s₁) for positions;
// |i − j| / (K − 1) for ordered classes. The last two are in [0, 1].
func (g GroundDistance) Distances(classes int) []float64 {
	d := make([]float64, classes*classes)
	if g.Matrix != nil {
		copy(d, g.Matrix)
		return d
	}
	s := g.classPositions(classes)
	span := s[classes-1] - s[0]
	for i := range classes {
		for j := range classes {
			d[i*classes+j] = math.Abs(s[i]-s[j]) / span
		}
	}
	return d
}

// classPositions returns a copy of the positions, or 0, 1, … K−1 where none are given.
func (g GroundDistance) classPositions(classes int) []float64 {
	s := make([]float64, classes)
	if copy(s, g.Positions) == 0 {
		for i := range s {
			s[i] = float64(i)
		}
	}
	return s
}

// gaps returns (sᵢ₊₁ − sᵢ) / mean gap, or ones without positions.
func (g GroundDistance) gaps(classes int) []float64 {
	gaps := make([]float64, classes-1)
	if g.Positions == nil {
		for i := range gaps {
			gaps[i] = 1
		}
		return gaps
	}
	mean := (g.Positions[len(gaps)] - g.Positions[0]) / float64(len(gaps))
	for i := range gaps {
		gaps[i] = (g.Positions[i+1] - g.Positions[i]) / mean
	}
	return gaps
}

// largest returns the largest distance: of the matrix, or 1 for positions, whose distances are scaled.
func (g GroundDistance) largest() float64 {
	if g.Matrix == nil {
		return 1
	}
	var m float64
	for _, d := range g.Matrix {
		m = max(m, d)
	}
	return m
}

func (g GroundDistance) check(classes int) error {
	if g.Positions != nil && g.Matrix != nil {
		return &invalid.Error{
			Field: "Loss.Ground", Found: "both a matrix and positions",
			Want: "one of them",
		}
	}
	if g.Positions != nil {
		if err := checkPositions(g.Positions, classes); err != nil {
			return err
		}
	}
	if g.Matrix != nil {
		return checkMatrix(g.Matrix, classes)
	}
	return nil
}

func checkPositions(s []float64, classes int) error {
	if len(s) != classes {
		return &invalid.Error{
			Field: "Loss.Ground.Positions", Found: count(len(s), "position", "positions"),
			Want: fmt.Sprintf("one for each of %d classes", classes),
		}
	}
	for i, v := range s {
		if !(math.Abs(v) <= maxNumber) {
			return &invalid.Error{
				Field: "Loss.Ground.Positions", Found: fmt.Sprintf("%v for class %d", v, i),
				Want: fmt.Sprintf("a number up to %g in size", float64(maxNumber)),
			}
		}
		if i > 0 && v <= s[i-1] {
			return &invalid.Error{
				Field: "Loss.Ground.Positions", Found: fmt.Sprintf("%v after %v", v, s[i-1]),
				Want: "positions that increase from class to class",
				Hint: "put the classes in that order with {Data.Order}",
			}
		}
	}
	return nil
}

func checkMatrix(d []float64, classes int) error {
	if len(d) != classes*classes {
		return &invalid.Error{
			Field: "Loss.Ground", Found: fmt.Sprintf("%d distances", len(d)),
			Want: fmt.Sprintf("%d × %d for %d classes", classes, classes, classes),
		}
	}
	for n, v := range d {
		i, k := n/classes, n%classes
		if !(v >= 0 && v <= maxNumber) {
			return &invalid.Error{
				Field: "Loss.Ground", Found: fmt.Sprintf("%v between classes %d and %d", v, i, k),
				Want: fmt.Sprintf("0 to %g", float64(maxNumber)),
			}
		}
		if i == k && v != 0 {
			return &invalid.Error{
				Field: "Loss.Ground", Found: fmt.Sprintf("%v between class %d and itself", v, i), Want: "0",
				Hint: "give distances, not similarities",
			}
		}
	}
	return nil
}
