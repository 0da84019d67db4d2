package familiarity

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"finetune/head"
	"finetune/internal/linalg/dense"
	"finetune/internal/randstream"
	"finetune/pipeline/dataset"
)

const (
	sketchWidth = 256
	// mostRows bounds what either part costs and what is stored of the reference. More change a p-value by under one
	// in a thousand.
	mostRows = 10_000
	// MinRows is the least number of images in either part.
	MinRows = 10
	// leastDeviation is the least standard deviation of a column, as a share of the root mean square over columns. It
	// keeps a column that hardly ever varies from deciding alone.
	leastDeviation = 0.01
)

// Split cuts the images that a run may learn from into those that the moments are taken of and the reference.
// Validation images, which no head was trained on, are all in the reference; training images are added, whole groups
// drawn at random, until it has half of all. Each part has at most 10,000 images.
func Split(items []dataset.Item, train, val []int, seed uint64) (fit, reference []int) {
	rng := randstream.New(seed, "familiarity")
	reference = slices.Clone(val)
	half := (len(train) + len(val)) / 2
	var order []string
	members := map[string][]int{}
	for _, i := range train {
		name := items[i].Group
		if name == "" {
			name = "\x00" + items[i].Path // on its own
		}
		if members[name] == nil {
			order = append(order, name)
		}
		members[name] = append(members[name], i)
	}
	rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	for _, name := range order {
		if len(reference) < half {
			reference = append(reference, members[name]...)
		} else {
			fit = append(fit, members[name]...)
		}
	}
	for _, part := range []*[]int{&fit, &reference} {
		rng.Shuffle(len(*part), func(i, j int) { (*part)[i], (*part)[j] = (*part)[j], (*part)[i] })
		*part = (*part)[:min(len(*part), mostRows)]
		slices.Sort(*part)
	}
	return fit, reference
}

// Fit takes the moments of the rows fit of f and the distances of the rows reference. It returns nil where either
// part has fewer than [MinRows] rows.
func Fit(ctx context.Context, f head.Features, fit, reference []int) (*Model, error) {
	if len(fit) < MinRows || len(reference) < MinRows {
		return nil, nil
	}
	m := standardise(f, fit)
	if err := m.takeMoments(ctx, f, fit); err != nil {
		return nil, err
	}
	m.distances = make([]float64, len(reference))
	if err := eachRow(ctx, reference, func(i, row int) { m.distances[i] = m.Distance(f.Row(row)) }); err != nil {
		return nil, err
	}
	slices.Sort(m.distances)
	return m, nil
}

// eachRow calls use with the place and the number of each row, on all cores.
func eachRow(ctx context.Context, rows []int, use func(place, row int)) error {
	pool := dense.NewPool(runtime.GOMAXPROCS(0))
	defer pool.Close()
	pool.Run(len(rows), func(place, _ int) {
		if ctx.Err() == nil {
			use(place, rows[place])
		}
	})
	return ctx.Err()
}

// standardise takes the mean and the standard deviation of each column.
func standardise(f head.Features, rows []int) *Model {
	sum, squares := make([]float64, f.Cols), make([]float64, f.Cols)
	for _, row := range rows {
		for j, v := range f.Row(row) {
			sum[j] += float64(v)
		}
	}
	floats.Scale(1/float64(len(rows)), sum)
	for _, row := range rows {
		for j, v := range f.Row(row) {
			d := float64(v) - sum[j]
			squares[j] += d * d
		}
	}
	floats.Scale(1/float64(len(rows)), squares)
	least := leastDeviation * math.Sqrt(floats.Sum(squares)/float64(f.Cols))
	m := &Model{
		mean:    make([]float32, f.Cols),
		inverse: make([]float32, f.Cols),
		centre:  make([]float64, min(f.Cols, sketchWidth)),
	}
	for j := range sum {
		m.mean[j] = float32(sum[j])
		if d := max(math.Sqrt(squares[j]), least); d > 0 {
			m.inverse[j] = float32(1 / d)
		}
	}
	m.takeSketch()
	return m
}

// takeMoments finds the centre and the covariance of the projected rows.
func (m *Model) takeMoments(ctx context.Context, f head.Features, rows []int) error {
	k := len(m.centre)
	projected := make([][]float64, len(rows))
	if err := eachRow(ctx, rows, func(i, row int) { projected[i] = m.Project(f.Row(row)) }); err != nil {
		return err
	}
	for _, x := range projected {
		floats.Add(m.centre, x)
	}
	for j := range m.centre {
		m.centre[j] = float64(float32(m.centre[j] / float64(len(rows))))
	}
	covariance := mat.NewSymDense(k, nil)
	fourth := 0.0 // Σ ‖x‖⁴
	for _, x := range projected {
		floats.Sub(x, m.centre)
		covariance.SymRankOne(covariance, 1/float64(len(rows)), mat.NewVecDense(k, x))
		square := floats.Dot(x, x)
		fourth += square * square
	}
	shrink(covariance, fourth/float64(len(rows)), len(rows))
	var c mat.Cholesky
	if !c.Factorize(covariance) {
		return fmt.Errorf("familiarity: the covariance of %d rows isn't positive definite", len(rows))
	}
	var lower mat.TriDense
	c.LTo(&lower)
	for i := range k {
		for j := range i + 1 {
			m.factor = append(m.factor, float64(float32(lower.At(i, j))))
		}
	}
	return nil
}

// shrink replaces the covariance of n rows by a mean of it and of a multiple of the identity. The weights are those
// of Ledoit and Wolf 2004 ("A well-conditioned estimator for large-dimensional covariance matrices", section 3.2);
// fourth is the mean of the fourth powers of the norms of the rows. Rows that are all alike get the identity.
func shrink(s *mat.SymDense, fourth float64, n int) {
	k := s.SymmetricDim()
	mean, square := mat.Trace(s)/float64(k), 0.0
	for i := range k {
		for j := range k {
			square += s.At(i, j) * s.At(i, j)
		}
	}
	apart := square - float64(k)*mean*mean // ‖S − μI‖²
	error2 := (fourth - square) / float64(n)
	weight := 1.0
	if apart > 0 {
		weight = min(1, max(error2/apart, 1e-6))
	}
	if !(mean > 0) {
		mean, weight = 1, 1
	}
	s.ScaleSym(1-weight, s)
	for i := range k {
		s.SetSym(i, i, s.At(i, i)+weight*mean)
	}
}
