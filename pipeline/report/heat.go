package report

import (
	"fmt"
	"math"
	"strings"
)

// mostCells is the number of rows from which a heat map joins neighbouring classes, so that the page stays small and its
// cells can be told apart. Up to mostNumbers its cells also hold the share.
const (
	mostCells   = 36
	mostNumbers = 12
)

// darkCell is the shade from which a cell has light text. Style.css chooses the colours so that both are legible there.
const darkCell = 0.66

// A heat is a matrix of shades with a number in each cell, shown as a table.
type heat struct {
	Rows, Cols string // what they are
	Caption    string
	Names      []string
	Full       []string // the names in full
	Lines      [][]cell
	Joined     int  // how many neighbouring classes share a row and a column at most
	Small      bool // one number a cell
	Tiny       bool // too many cells for a second number in each, and for zeros
}

// A cell is one cell of a heat map.
type cell struct {
	Shade    float64 // 0 to 1
	Text     string
	Share    string // "" for none
	Title    string
	Light    bool // text on a dark shade
	Diagonal bool
}

// A band is neighbouring classes that share a row or column.
type band struct{ first, end int }

// bands cuts k classes into at most mostCells bands of equal length, but for the last.
func bands(k int) []band {
	step := (k + mostCells - 1) / mostCells
	var out []band
	for first := 0; first < k; first += step {
		out = append(out, band{first, min(first+step, k)})
	}
	return out
}

// pooled adds up the cells of each pair of bands.
func pooled(k int, list []band, at func(i, j int) float64) [][]float64 {
	out := make([][]float64, len(list))
	for r, rows := range list {
		out[r] = make([]float64, len(list))
		for c, cols := range list {
			for i := rows.first; i < rows.end; i++ {
				for j := cols.first; j < cols.end; j++ {
					out[r][c] += at(i, j)
				}
			}
		}
	}
	return out
}

// newHeat makes a heat map without its cells.
func newHeat(classes []Class, rows, cols, caption string) (*heat, []band) {
	list := bands(len(classes))
	h := &heat{Rows: rows, Cols: cols, Caption: caption, Tiny: len(list) > mostNumbers, Joined: list[0].end}
	if h.Joined > 1 {
		h.Caption += fmt.Sprintf(" Up to %d neighbouring classes share a row and a column.", h.Joined)
	}
	for _, b := range list {
		first, last := classes[b.first].Name, classes[b.end-1].Name
		name := first
		if b.end-b.first > 1 {
			name = first + " … " + last
		}
		h.Full = append(h.Full, name)
		h.Names = append(h.Names, shortened(name, 14))
	}
	return h, list
}

// shortened cuts a name to so many letters.
func shortened(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}

// confusion shows how often each class was answered for each true class.
func confusion(d *Data) *heat {
	h, list := newHeat(d.Classes, "true class", "answer", "Held-out images by true class and answer; the shade is the share of the row.")
	for r, row := range pooled(len(d.Classes), list, func(i, j int) float64 { return float64(d.Metrics.Confusion[i][j]) }) {
		h.line(r, row, func(v, share float64, c *cell) {
			if c.Text = fmt.Sprint(v); v == 0 && h.Tiny {
				c.Text = ""
			}
			if !h.Tiny && v > 0 {
				c.Share = "<1" + nbsp + "%"
				if share >= 0.005 {
					c.Share = fmt.Sprintf("%.0f%s%%", 100*share, nbsp)
				}
			}
			c.Title = fmt.Sprintf("true %s, answered %s: %s, %.1f %% of the row", h.Full[r], c.Title, count(int(v), "image"), 100*share)
		})
	}
	return h
}

// soft shows the mean predicted distribution of each true class.
func soft(d *Data) *heat {
	h, list := newHeat(d.Classes, "true class", "mean probability of", "The mean predicted distribution of the held-out images of each class, in percent; rows add up to 100.")
	h.Small = true // one number a cell
	for r, row := range pooled(len(d.Classes), list, func(i, j int) float64 { return d.Soft[i][j] }) {
		h.line(r, row, func(_, share float64, c *cell) {
			if c.Text = fmt.Sprintf("%.0f", 100*share); c.Text == "0" && h.Tiny {
				c.Text = ""
			}
			c.Title = fmt.Sprintf("true %s: %.1f %% of the probability on %s", h.Full[r], 100*share, c.Title)
		})
	}
	return h
}

// line adds a row whose shades are shares of its sum. Fill gets the value, its share and a cell whose title is the
// column's name. A row without images stays empty.
func (h *heat) line(r int, row []float64, fill func(v, share float64, c *cell)) {
	var sum float64
	for _, v := range row {
		sum += v
	}
	cells := make([]cell, len(row))
	for j, v := range row {
		c := cell{Title: h.Full[j], Diagonal: j == r}
		if sum > 0 {
			c.shade(v / sum)
			fill(v, v/sum, &c)
		} else {
			c.Title = "no image of this class was held out"
		}
		cells[j] = c
	}
	h.Lines = append(h.Lines, cells)
}

// distances shows a K × K matrix with the largest distance as the deepest shade.
func distances(d *Data, caption string, at func(i, j int) float64) *heat {
	h, list := newHeat(d.Classes, "answer", "true class", caption)
	h.Small = true
	matrix := pooled(len(d.Classes), list, at)
	var largest float64
	for r, row := range matrix {
		for c := range row {
			row[c] /= float64((list[r].end - list[r].first) * (list[c].end - list[c].first))
			largest = max(largest, row[c])
		}
	}
	for r, row := range matrix {
		cells := make([]cell, len(row))
		for j, v := range row {
			c := cell{Text: decimals(v), Title: fmt.Sprintf("%s and %s: %s", h.Full[r], h.Full[j], short(v)), Diagonal: j == r}
			c.shade(v / max(largest, math.SmallestNonzeroFloat64))
			cells[j] = c
		}
		h.Lines = append(h.Lines, cells)
	}
	return h
}

// Class returns the style classes of the cell.
func (c cell) Class() string {
	var list []string
	if c.Light {
		list = append(list, "deep")
	}
	if c.Diagonal {
		list = append(list, "own")
	}
	if c.Text == "0" && !c.Diagonal {
		list = append(list, "zero")
	}
	return strings.Join(list, " ")
}

// shade sets the shade to hundredths.
func (c *cell) shade(v float64) {
	c.Shade = math.Round(100*min(max(v, 0), 1)) / 100
	c.Light = c.Shade >= darkCell
}
