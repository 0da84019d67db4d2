// Package lookalike finds rows of a feature matrix that are copies of one picture: saved again, resized, brightened,
// cropped a little at the edges, or mirrored. It works on features alone and must not import files, labels or networks.
package lookalike

import (
	"context"

	"finetune/internal/linalg/dense"
)

// Certain is the similarity from which two rows are a pair whatever the other rows are.
const Certain = 0.85

// What makes two rows a pair. Columns are standardised, so that a similarity of 0 is that of pictures with nothing in
// common. On 3,000 faces, of which 350 had a changed copy, these found all 350 and 19 other pairs, two thirds of them
// truly of one picture; a bound of 0.75 alone lost 23 and found 14 others (scripts/measure_copies.py plants and
// counts anew).
const (
	possible = 0.6 // similarity that is enough where it stands out
	standOut = 0.7 // the most that its distance may be of that to the nearest image that isn't a copy
	beyond   = 3   // so many of the nearest may be copies as well; the next is taken for one that isn't
)

// kept is the number of nearest neighbours that are kept of each row. It bounds memory if a thousand frames are alike;
// chains of neighbours still connect them.
const kept = 8

// A Pair is two rows, A < B, whose features say that they show the same picture.
type Pair struct {
	A, B       int
	Similarity float64 // cosine of the standardised features
	Mirrored   bool    // it is highest with one of them mirrored
}

// Find returns the pairs in f, ordered by A and B. Mirror maps each column to the one that it becomes when the image is
// mirrored; nil if that is unknown or changes nothing. The work grows with the square of the number of rows. The
// result doesn't depend on the number of threads.
func Find(ctx context.Context, f dense.Matrix, mirror []int, threads int) ([]Pair, error) {
	if f.Rows < 2 {
		return nil, ctx.Err()
	}
	pool := dense.NewPool(threads)
	defer pool.Close()
	plain, mirrored := standardise(f, mirror)
	near := make([]neighbours, f.Rows)
	if err := compare(ctx, pool, plain, mirrored, near); err != nil {
		return nil, err
	}
	return pairs(near), nil
}

// blockRows is how many rows are compared with as many others at once.
const blockRows = 256

// compare computes the similarity of every two rows once and keeps the nearest of each.
func compare(ctx context.Context, pool *dense.Pool, plain, mirrored dense.Matrix, near []neighbours) error {
	n := plain.Rows
	straight := make([]float32, blockRows*blockRows)
	turned := make([]float32, blockRows*blockRows)
	for i := 0; i < n; i += blockRows {
		a := plain.Slice(i, 0, min(blockRows, n-i), plain.Cols)
		for j := i; j < n; j += blockRows {
			if err := ctx.Err(); err != nil {
				return err
			}
			rows := min(blockRows, n-j)
			same := dense.Wrap(a.Rows, rows, straight)
			pool.MulABt(same, a, plain.Slice(j, 0, rows, plain.Cols))
			flipped := same
			if mirrored.Rows > 0 {
				flipped = dense.Wrap(a.Rows, rows, turned)
				pool.MulABt(flipped, a, mirrored.Slice(j, 0, rows, plain.Cols))
			}
			for r := range a.Rows {
				s, m := same.Row(r), flipped.Row(r)
				for c := max(0, i+r+1-j); c < rows; c++ {
					at := max(s[c], m[c])
					near[i+r].add(j+c, at, m[c] > s[c])
					near[j+c].add(i+r, at, m[c] > s[c])
				}
			}
		}
	}
	return nil
}

// pairs are the neighbours that are near enough, or stand out for both.
func pairs(near []neighbours) []Pair {
	var out []Pair
	for a := range near {
		for _, b := range near[a].inOrder() {
			// A pair is in the list of at least one of the two: it is taken from that of the first where it is there.
			if b.row < a && near[b.row].has(a) {
				continue
			}
			if alike(b.similarity, &near[a], &near[b.row]) {
				out = append(out, Pair{min(a, b.row), max(a, b.row), float64(b.similarity), b.mirrored})
			}
		}
	}
	sortPairs(out)
	return out
}

func alike(similarity float32, a, b *neighbours) bool {
	if similarity >= Certain {
		return true
	}
	others := max(a.others(), b.others())
	return similarity >= possible && 1-similarity <= standOut*(1-others)
}
