// Package dense holds what the training loop needs of linear algebra: float32 matrix products on flat slices and
// the pool of workers that they run on. A product is cut into tiles of a fixed size whatever the number of
// workers, and every element is summed by one worker in one order, so results are the same bytes on 1 and 64 cores.
// They differ in the last bits between processors with other kernels (package kernel).
//
// It holds no decompositions, no vectors and no float64: use gonum for those.
package dense

// A Matrix is a row-major view of float32s. Element (i, j) is Data[i*Stride+j].
type Matrix struct {
	Rows, Cols, Stride int
	Data               []float32
}

// Wrap views data as a rows × cols matrix without gaps. It panics when data is too short.
func Wrap(rows, cols int, data []float32) Matrix {
	return Matrix{Rows: rows, Cols: cols, Stride: cols, Data: data[:rows*cols]}
}

// Row returns row i.
func (m Matrix) Row(i int) []float32 {
	return m.Data[i*m.Stride : i*m.Stride+m.Cols]
}

// Slice returns the view of rows [i, i+rows) and columns [j, j+cols). It panics when there is no such part.
func (m Matrix) Slice(i, j, rows, cols int) Matrix {
	if i < 0 || j < 0 || rows < 0 || cols < 0 || i+rows > m.Rows || j+cols > m.Cols {
		panic("dense: slice outside the matrix")
	}
	out := Matrix{Rows: rows, Cols: cols, Stride: m.Stride}
	if rows > 0 && cols > 0 {
		first := i*m.Stride + j
		out.Data = m.Data[first : first+(rows-1)*m.Stride+cols]
	}
	return out
}
