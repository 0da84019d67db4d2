package closedform

import (
	"context"
	"fmt"
	"math"

	"finetune/internal/linalg/dense"
	"finetune/internal/linalg/kernel"
	"finetune/internal/linalg/symmetric"
	"finetune/internal/randstream"
	"finetune/invalid"
)

// rows are the examples of a problem as the regression sees them: in an order in which groups are contiguous,
// features centred and scaled to unit deviation, and every row multiplied by the square root of its weight. The
// weights above 0 have mean 1.
type rows struct {
	problem       *Problem
	order         []int            // example in each place
	groups        []symmetric.Span // places of each group
	mean, inverse []float64        // of each column; the inverse deviation of a constant column is 0
	root          []float64        // √weight of the example in each place
	share         []float64        // √(weight / sum of weights): the direction of the intercept
	outputs       int              // K−1
	targetMean    []float64        // of each cumulative target
	targets       []float64        // cumulative targets, places × outputs
	squaredLength float64          // mean over the rows: as many as columns vary
	leading       int              // groups that λ is chosen on, which come first; 0: all
}

// leastWeight stands in for a weight of 0, as a share of the mean, so that such an example has predictions too. It
// moves the others' by no more than rounding in float32 does.
const leastWeight = 1e-9

func newRows(ctx context.Context, pool *dense.Pool, p *Problem, seed uint64) (*rows, error) {
	r := &rows{problem: p, outputs: p.Loss.Classes - 1}
	r.arrange()
	if half := len(r.groups) / 2; half >= enoughGroups && r.dual() {
		r.lead(randstream.New(seed, "closed-form search").Perm(len(r.groups))[:half])
	}
	n := len(r.order)
	var total float64
	counting, weighty := 0, 0
	for _, g := range r.groups {
		var weight float64
		for i := g.First; i < g.End; i++ {
			w := p.weight(r.order[i])
			weight += w
			if w > 0 {
				weighty++
			}
		}
		if total += weight; weight > 0 {
			counting++
		}
	}
	if counting < 2 {
		return nil, errOneGroup
	}
	r.root, r.share = make([]float64, n), make([]float64, n)
	var sum float64
	for i, e := range r.order {
		w := max(p.weight(e)*float64(weighty)/total, leastWeight)
		r.root[i] = math.Sqrt(w)
		sum += w
	}
	for i, v := range r.root {
		r.share[i] = v / math.Sqrt(sum)
	}
	r.cumulate()
	return r, r.measure(ctx, pool)
}

// dual reports whether the n × n system is the smaller one.
func (r *rows) dual() bool { return len(r.order) <= min(r.problem.Cols, mostDual) }

// lead moves groups to the front. They and the others stay in their order.
func (r *rows) lead(groups []int) {
	r.leading = len(groups)
	leads := make([]bool, len(r.groups))
	for _, g := range groups {
		leads[g] = true
	}
	order, spans := make([]int, 0, len(r.order)), make([]symmetric.Span, 0, len(r.groups))
	for _, front := range []bool{true, false} {
		for g, s := range r.groups {
			if leads[g] == front {
				spans = append(spans, symmetric.Span{First: len(order), End: len(order) + s.Len()})
				order = append(order, r.order[s.First:s.End]...)
			}
		}
	}
	r.order, r.groups = order, spans
}

// leaders returns the leading groups by themselves. Moments and means stay those of all rows, and the intercept is
// fixed at the means, so that its direction is 0.
func (r *rows) leaders() *rows {
	places := r.groups[r.leading-1].End
	part := *r
	part.order, part.groups, part.root = r.order[:places], r.groups[:r.leading], r.root[:places]
	part.share, part.targets = make([]float64, places), r.targets[:places*r.outputs]
	return &part
}

// arrange puts groups in the order of their first examples.
func (r *rows) arrange() {
	n := r.problem.examples()
	if r.problem.Groups == nil {
		for i := range n {
			r.order = append(r.order, i)
			r.groups = append(r.groups, symmetric.Span{First: i, End: i + 1})
		}
		return
	}
	number := map[int]int{}
	var members [][]int
	for i, g := range r.problem.Groups {
		at, known := number[g]
		if !known {
			at = len(members)
			number[g] = at
			members = append(members, nil)
		}
		members[at] = append(members[at], i)
	}
	for _, m := range members {
		r.groups = append(r.groups, symmetric.Span{First: len(r.order), End: len(r.order) + len(m)})
		r.order = append(r.order, m...)
	}
}

// cumulate computes the cumulative targets and their weighted means.
func (r *rows) cumulate() {
	r.targets = make([]float64, len(r.order)*r.outputs)
	r.targetMean = make([]float64, r.outputs)
	for i, e := range r.order {
		var sum float64
		for c, v := range r.problem.target(e)[:r.outputs] {
			sum += float64(v)
			r.targets[i*r.outputs+c] = sum
			r.targetMean[c] += r.share[i] * r.share[i] * sum
		}
	}
}

// weightedTarget is the centred cumulative target times the root of the weight.
func (r *rows) weightedTarget(place, output int) float64 {
	return r.root[place] * (r.targets[place*r.outputs+output] - r.targetMean[output])
}

// segment writes scaled and weighted columns of a row, for package symmetric.
func (r *rows) segment(dst []float64, place, col int) {
	row := r.problem.row(r.order[place])[col : col+len(dst)]
	mean, inverse := r.mean[col:][:len(dst)], r.inverse[col:][:len(dst)]
	root := r.root[place]
	for j, v := range row {
		dst[j] = root * inverse[j] * (float64(v) - mean[j])
	}
}

// singleSegment is segment in float32.
func (r *rows) singleSegment(dst []float32, place, col int) {
	row := r.problem.row(r.order[place])[col : col+len(dst)]
	kernel.Best().Standardise(dst, row, r.mean[col:], r.inverse[col:], r.root[place])
}

const (
	momentCols = 256 // of a block in which moments are measured

	// constantBelow is the ratio of deviation to mean under which a column is rounding of float32 around a constant.
	constantBelow = 1e-6
)

// measure computes mean and deviation of each column. Sums are of differences to the first row, so large means cost
// no digits.
func (r *rows) measure(ctx context.Context, pool *dense.Pool) error {
	cols := r.problem.Cols
	r.mean, r.inverse = make([]float64, cols), make([]float64, cols)
	first := r.problem.row(r.order[0])
	pool.Run((cols+momentCols-1)/momentCols, func(block, _ int) {
		at := block * momentCols
		end := min(at+momentCols, cols)
		var squares [momentCols]float64
		mean := r.mean[at:end]
		for i, e := range r.order {
			if i%1024 == 0 && ctx.Err() != nil {
				return
			}
			share := r.share[i] * r.share[i]
			kernel.Best().Moments(r.problem.row(e)[at:end], first[at:], mean, squares[:], share)
		}
		for j := range mean {
			deviation := math.Sqrt(squares[j] - mean[j]*mean[j])
			mean[j] += float64(first[at+j])
			if deviation > constantBelow*math.Abs(mean[j]) {
				r.inverse[at+j] = 1 / deviation
			}
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	for j, m := range r.mean {
		if math.IsNaN(m) || math.IsInf(m, 0) {
			return r.notFinite(j)
		}
		if r.inverse[j] > 0 {
			r.squaredLength++
		}
	}
	if r.squaredLength == 0 {
		r.squaredLength = 1 // any: there is nothing to penalise
	}
	return nil
}

// notFinite names the row that spoils column j.
func (r *rows) notFinite(j int) error {
	for i := range r.problem.examples() {
		if v := float64(r.problem.row(i)[j]); math.IsNaN(v) || math.IsInf(v, 0) {
			return &invalid.Error{Field: "features", Found: fmt.Sprintf("%g in example %d, column %d", v, i, j),
				Want: "finite numbers", Hint: "extract them again or leave the row out"}
		}
	}
	return fmt.Errorf("closedform: column %d of the features overflows", j)
}
