package closedform

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
)

// emdCurvature is the weight of the squared EMD in what stands in for the second derivative of a loss.
const emdCurvature = 3

// curvatureAt writes to h, outputs × outputs, about the second derivative of a loss with respect to the logits of a
// row: for softmax outputs that of cross-entropy and the positive part (Gauss–Newton) of that of the squared EMD,
// whichever of them the loss has. Other outputs count alike.
func (s *sample) curvatureAt(h, logits, probabilities []float64) {
	n := len(logits)
	clear(h)
	if n != len(probabilities) {
		for i := range n {
			h[i*n+i] = 1
		}
		return
	}
	s.loss.Probabilities(logits, probabilities)
	for i, p := range probabilities {
		h[i*n+i] = p
		floats.AddScaled(h[i*n:i*n+n], -p, probabilities)
	}
	// The derivative of a cumulative probability c with respect to logit j is pⱼ(1 − c) up to its class and −pⱼc above.
	slope := logits // no longer needed
	var below float64
	for last, gap := range s.gaps {
		below += probabilities[last]
		for j, p := range probabilities {
			slope[j] = -p * below
			if j <= last {
				slope[j] += p
			}
		}
		for i, v := range slope {
			floats.AddScaled(h[i*n:i*n+n], emdCurvature*2*gap*v, slope)
		}
	}
}

// curvature is the weighted mean of the second derivative with respect to weights and bias of all outputs, one output
// after the other: of each row that with respect to the logits, times the products of scores and 1.
func (s *sample) curvature(k *link, scores []float64) blas64.Symmetric {
	const some = 256
	m, n := k.outputs, k.scores+1
	left, right := general(some, pairs(m)), general(some, pairs(n))
	sums := general(left.Cols, right.Cols)
	logits, probabilities := make([]float64, m), make([]float64, s.loss.Classes())
	h, row := make([]float64, m*m), make([]float64, n)
	row[k.scores] = 1
	held := 0
	add := func() {
		left.Rows, right.Rows = held, held
		blas64.Gemm(blas.Trans, blas.NoTrans, 1, left, right, 1, sums)
		held = 0
	}
	for i, w := range s.weights {
		copy(row, scores[i*k.scores:(i+1)*k.scores])
		k.logits(logits, row[:k.scores])
		s.curvatureAt(h, logits, probabilities)
		l, r := left.Data[held*left.Stride:], right.Data[held*right.Stride:]
		for a := range m {
			l = l[copy(l, h[a*m:a*m+a+1]):]
		}
		for a, v := range row {
			for b, u := range row[:a+1] {
				r[b] = w * v * u
			}
			r = r[a+1:]
		}
		if held++; held == some {
			add()
		}
	}
	if held > 0 {
		add()
	}
	floats.Scale(1/floats.Sum(s.weights), sums.Data)
	return unfold(sums, m, n)
}

// unfold puts the sums of the products of a pair of logits, a row, with a pair of factors, a column, into their places.
func unfold(sums blas64.General, m, n int) blas64.Symmetric {
	out := symmetricOf(m * n)
	for i := range out.N {
		for j := range i + 1 {
			x, y := max(i%n, j%n), min(i%n, j%n)
			out.Data[i*out.Stride+j] = sums.Data[(pairs(i/n)+j/n)*sums.Stride+pairs(x)+y]
		}
	}
	return out
}

// roughCurvature takes rows for independent of their logits and outputs for independent of each other: the mean of the
// second derivative with respect to an output times the second moments of scores and 1, for each output.
func (s *sample) roughCurvature(k *link, scores []float64) []blas64.Symmetric {
	m, n := k.outputs, k.scores+1
	logits, probabilities := make([]float64, m), make([]float64, s.loss.Classes())
	h, row, mean := make([]float64, m*m), make([]float64, n), make([]float64, m)
	moments := symmetricOf(n)
	row[k.scores] = 1
	total := floats.Sum(s.weights)
	for i, w := range s.weights {
		copy(row, scores[i*k.scores:(i+1)*k.scores])
		blas64.Syr(w/total, blas64.Vector{N: n, Inc: 1, Data: row}, moments)
		k.logits(logits, row[:k.scores])
		s.curvatureAt(h, logits, probabilities)
		for o := range mean {
			mean[o] += w / total * h[o*m+o]
		}
	}
	blocks := make([]blas64.Symmetric, m)
	for o, v := range mean {
		blocks[o] = symmetricOf(n)
		floats.AddScaled(blocks[o].Data, v, moments.Data)
	}
	return blocks
}

// pairs is how many pairs of n things there are, each with itself too; of pair (i, j ≤ i) the number is pairs(i) + j.
func pairs(n int) int { return n * (n + 1) / 2 }

func general(rows, cols int) blas64.General {
	return blas64.General{Rows: rows, Cols: cols, Stride: cols, Data: make([]float64, rows*cols)}
}

func symmetricOf(n int) blas64.Symmetric {
	return blas64.Symmetric{Uplo: blas.Lower, N: n, Stride: n, Data: make([]float64, n*n)}
}
