package metrics

import "math"

// confusion counts items by true class (row) and predicted class (column).
func confusion(k int, items []item) [][]int {
	cells := make([]int, k*k)
	rows := make([][]int, k)
	for i := range rows {
		rows[i] = cells[i*k : (i+1)*k : (i+1)*k]
	}
	for i := range items {
		rows[items[i].truth][items[i].predicted]++
	}
	return rows
}

// margins returns the row and column sums of a confusion matrix.
func margins(m [][]int) (rows, cols []float64) {
	rows, cols = make([]float64, len(m)), make([]float64, len(m))
	for i, row := range m {
		for j, c := range row {
			rows[i] += float64(c)
			cols[j] += float64(c)
		}
	}
	return rows, cols
}

// spearman returns the rank correlation with mid-ranks for ties (Spearman 1904), from a confusion matrix; NaN if one
// side is constant.
func spearman(m [][]int) float64 {
	rows, cols := margins(m)
	a, varA := ranks(rows)
	b, varB := ranks(cols)
	var cov float64
	for i, row := range m {
		for j, c := range row {
			cov += float64(c) * a[i] * b[j]
		}
	}
	if varA == 0 || varB == 0 {
		return math.NaN()
	}
	return cov / math.Sqrt(varA*varB)
}

// ranks returns the centred mid-rank of each class, and the sum of squares over all items.
func ranks(counts []float64) (centred []float64, squares float64) {
	var n float64
	for _, c := range counts {
		n += c
	}
	centred = make([]float64, len(counts))
	var below float64
	for i, c := range counts {
		centred[i] = below + (c+1)/2 - (n+1)/2
		squares += c * centred[i] * centred[i]
		below += c
	}
	return centred, squares
}

// kendall returns tau-b (Kendall 1945) from a confusion matrix: concordant minus discordant pairs, divided by the
// geometric mean of the untied pairs of either side; NaN if one side is constant.
func kendall(m [][]int) float64 {
	k := len(m)
	rows, cols := margins(m)
	var n, diff float64
	above := make([]float64, k+1) // above[j]: items in earlier rows and columns before j
	for i, row := range m {
		for j, c := range row {
			// Items of earlier rows are concordant in columns before j and discordant in columns after j.
			diff += float64(c) * (above[j] - (above[k] - above[j+1]))
		}
		n += rows[i]
		var before float64
		for j, c := range row {
			before += float64(c)
			above[j+1] += before
		}
	}
	tied := func(counts []float64) (pairs float64) {
		for _, c := range counts {
			pairs += c * (c - 1) / 2
		}
		return pairs
	}
	all := n * (n - 1) / 2
	untied := (all - tied(rows)) * (all - tied(cols))
	if untied == 0 {
		return math.NaN()
	}
	return diff / math.Sqrt(untied)
}
