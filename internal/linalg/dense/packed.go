package dense

import "finetune/internal/linalg/kernel"

// A Packed is the B of X·Bᵀ, n × k, laid out as the kernel reads it: in panels of as many rows as a tile of the product
// has columns, each a vector of every row after the other. Rows that lie a multiple of 4 KiB apart, as those of a matrix
// often do, would all have the same few places in the first-level cache.
type Packed struct {
	Rows, Cols int
	kernel     *kernel.Kernel
	ones       []float32
	data       []float32
}

// NewPacked returns a Packed of zeros.
func (p *Pool) NewPacked(rows, cols int) *Packed {
	k := p.dot.kernel
	padded := ceilDiv(cols, k.Lanes) * k.Lanes
	m := &Packed{Rows: rows, Cols: cols, kernel: k, data: make([]float32, rows*padded), ones: make([]float32, cols)}
	for j := range m.ones {
		m.ones[j] = 1
	}
	return m
}

// Pack returns a packed copy of b.
func (p *Pool) Pack(b Matrix) *Packed {
	m := p.NewPacked(b.Rows, b.Cols)
	for i := range b.Rows {
		if b.Cols == 0 {
			break
		}
		m.SetProduct(i, 0, b.Row(i), m.ones)
	}
	return m
}

// PackCols is what the first column of a SetProduct has to be a multiple of.
const PackCols = 16

// SetProduct writes the elementwise product of a and b to row i from column j on, a multiple of PackCols.
func (m *Packed) SetProduct(i, j int, a, b []float32) {
	checkShapes(i < m.Rows && j%PackCols == 0 && j+len(a) <= m.Cols)
	if len(a) == 0 {
		return
	}
	first, rows := m.panelOf(i)
	panel := m.panel(first, rows, j)
	m.kernel.MulSpread(panel[(i-first)*m.kernel.Lanes:], a, b, rows*m.kernel.Lanes)
}

// panels is how many panels the rows are in: as even ones as can be.
func (m *Packed) panels() int { return ceilDiv(m.Rows, m.kernel.DotCols) }

// panelRows returns the rows of a panel.
func (m *Packed) panelRows(number int) (first, rows int) { return evenPart(m.Rows, m.panels(), number) }

// panelOf returns the rows of the panel that row i is in.
func (m *Packed) panelOf(i int) (first, rows int) {
	for number := range m.panels() {
		if first, rows = m.panelRows(number); i < first+rows {
			break
		}
	}
	return first, rows
}

// panel returns the data of a panel from column j on, a multiple of PackCols.
func (m *Packed) panel(first, rows, j int) []float32 {
	padded := ceilDiv(m.Cols, m.kernel.Lanes) * m.kernel.Lanes
	return m.data[first*padded+j*rows : (first+rows)*padded]
}

// evenPart cuts n things into parts that differ by at most one, the larger ones first.
func evenPart(n, parts, number int) (first, count int) {
	size, more := n/parts, n%parts
	if number < more {
		return number * (size + 1), size + 1
	}
	return number*size + more, size
}
