package lookalike

import (
	"math"

	"finetune/internal/linalg/dense"
	"finetune/internal/randstream"
)

// most bounds the numbers that are compared: of a larger matrix columns are drawn, which estimates a similarity to
// within a few hundredths and costs no more than the comparison of rows does anyway.
const most = 1 << 28

// standardise returns the rows with every column at mean 0 and deviation 1, at length 1, and the same of the mirrored
// pictures; without mirror the latter is empty.
func standardise(f dense.Matrix, mirror []int) (plain, mirrored dense.Matrix) {
	columns := draw(f.Cols, most/f.Rows, mirror)
	mean, scale := moments(f, columns)
	plain = dense.Wrap(f.Rows, len(columns), make([]float32, f.Rows*len(columns)))
	for i := range f.Rows {
		in, out := f.Row(i), plain.Row(i)
		length := 0.0
		for j, c := range columns {
			v := (float64(in[c]) - mean[j]) * scale[j]
			out[j] = float32(v)
			length += v * v
		}
		if length > 0 {
			shrink := float32(1 / math.Sqrt(length))
			for j := range out {
				out[j] *= shrink
			}
		}
	}
	if mirror == nil {
		return plain, dense.Matrix{}
	}
	place := make(map[int]int, len(columns))
	for j, c := range columns {
		place[c] = j
	}
	mirrored = dense.Wrap(f.Rows, len(columns), make([]float32, f.Rows*len(columns)))
	for i := range f.Rows {
		in, out := plain.Row(i), mirrored.Row(i)
		for j, c := range columns {
			out[j] = in[place[mirror[c]]]
		}
	}
	return plain, mirrored
}

// draw chooses up to about limit columns, always with the one that mirroring makes of each.
func draw(cols, limit int, mirror []int) []int {
	taken := make([]bool, cols)
	if limit >= cols {
		for c := range taken {
			taken[c] = true
		}
	} else {
		left := max(limit, 1)
		for _, c := range randstream.New(0, "lookalike columns").Perm(cols) {
			if left <= 0 {
				break
			}
			for !taken[c] {
				taken[c] = true
				left--
				if mirror != nil {
					c = mirror[c]
				}
			}
		}
	}
	var columns []int
	for c, in := range taken {
		if in {
			columns = append(columns, c)
		}
	}
	return columns
}

// moments returns the mean of each column and the reciprocal of its deviation, 0 for a column that is constant.
func moments(f dense.Matrix, columns []int) (mean, scale []float64) {
	mean, scale = make([]float64, len(columns)), make([]float64, len(columns))
	first := f.Row(0)
	for i := range f.Rows {
		row := f.Row(i)
		for j, c := range columns {
			d := float64(row[c]) - float64(first[c]) // so that a large mean costs no digits
			mean[j] += d
			scale[j] += d * d
		}
	}
	n := float64(f.Rows)
	for j, c := range columns {
		m := mean[j] / n
		variance := scale[j]/n - m*m
		mean[j] = float64(first[c]) + m
		scale[j] = 0
		if variance > 1e-12*(1+m*m) {
			scale[j] = 1 / math.Sqrt(variance)
		}
	}
	return mean, scale
}
