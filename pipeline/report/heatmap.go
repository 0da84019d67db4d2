package report

import (
	"fmt"
	"math"
	"strings"
)

// maxCells is the maximum number of rows of a heat map. With more classes, adjacent classes share a row, so that the
// page stays small and cells legible. Up to maxShares rows, cells show the share too.
const (
	maxCells  = 36
	maxShares = 12
)

// darkCell is the shade from which a cell has light text. At this shade both text colours of style.css are legible.
const darkCell = 0.66

// A heatmap is a matrix of shaded cells, shown as a table.
type heatmap struct {
	Rows, Cols string // titles of the axes
	Caption    string
	Names      []string // of the classes, shortened
	Full       []string // of the classes
	Lines      [][]cell
	Joined     int  // maximum number of classes that share a row
	Small      bool // one number in each cell
	Tiny       bool // too many cells for shares and zeros
}

// A cell is one cell of a heatmap.
type cell struct {
	Shade    float64 // 0 to 1
	Text     string
	Share    string // "" for none
	Title    string
	Light    bool // light text on a dark shade
	Diagonal bool
}

// A band is the adjacent classes first … end−1, which share a row.
type band struct{ first, end int }

// bands cuts k classes into at most maxCells bands of equal length; the last may be shorter.
func bands(k int) []band {
	step := (k + maxCells - 1) / maxCells
	var out []band
	for first := 0; first < k; first += step {
		out = append(out, band{first, min(first+step, k)})
	}
	return out
}

// pooled returns the sum of the cells of each pair of bands.
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

// newHeatmap returns a heatmap without cells.
func newHeatmap(classes []Class, rows, cols, caption string) (*heatmap, []band) {
	list := bands(len(classes))
	h := &heatmap{Rows: rows, Cols: cols, Caption: caption, Tiny: len(list) > maxShares, Joined: list[0].end}
	if h.Joined > 1 {
		h.Caption += fmt.Sprintf(" Up to %d adjacent classes share a row and a column.", h.Joined)
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

// shortened truncates a name to maxLetters.
func shortened(s string, maxLetters int) string {
	if r := []rune(s); len(r) > maxLetters {
		return string(r[:maxLetters-1]) + "…"
	}
	return s
}

// confusion returns the confusion matrix.
func confusion(d *Data) *heatmap {
	h, list := newHeatmap(d.Classes, "true class", "predicted class",
		"Number of held-out images. The shade is the share of the row.")
	for r, row := range pooled(len(d.Classes), list, func(i,
		j int) float64 {
		return float64(d.Metrics.Confusion[i][j])
	}) {
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
			c.Title = fmt.Sprintf("true %s, predicted %s: %s, %.1f %% of the row", h.Full[r], c.Title,
				count(int(v), "image"), 100*share)
		})
	}
	return h
}

// softConfusion returns the mean predicted distribution of each true class.
func softConfusion(d *Data) *heatmap {
	h, list := newHeatmap(d.Classes, "true class", "mean probability of",
		"Mean predicted distribution of the held-out images of each class, in percent. Rows add up to 100.")
	h.Small = true
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

// line appends a row whose shades are shares of its sum. It calls fill with each value, its share and a cell whose
// Title is the name of the column. A row without images stays empty.
func (h *heatmap) line(r int, row []float64, fill func(v, share float64, c *cell)) {
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
			c.Title = "no held-out image of this class"
		}
		cells[j] = c
	}
	h.Lines = append(h.Lines, cells)
}

// distances returns a K × K distance matrix. The largest distance has the darkest shade.
func distances(d *Data, caption string, at func(i, j int) float64) *heatmap {
	h, list := newHeatmap(d.Classes, "predicted class", "true class", caption)
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
			c := cell{Text: decimals(v), Title: fmt.Sprintf("%s and %s: %s", h.Full[r], h.Full[j], short(v)),
				Diagonal: j == r}
			c.shade(v / max(largest, math.SmallestNonzeroFloat64))
			cells[j] = c
		}
		h.Lines = append(h.Lines, cells)
	}
	return h
}

// Class returns the CSS classes of the cell.
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

// shade sets the shade, rounded to hundredths.
func (c *cell) shade(v float64) {
	c.Shade = math.Round(100*min(max(v, 0), 1)) / 100
	c.Light = c.Shade >= darkCell
}
