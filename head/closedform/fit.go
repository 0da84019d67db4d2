package closedform

import (
	"context"
	"slices"

	"finetune/internal/linalg/dense"
	"finetune/internal/randstream"
	"finetune/loss"
)

// A Layer is an affine map of raw features: y = Weight·x + Bias.
type Layer struct {
	In, Out int
	Weight  []float32 // Out × In
	Bias    []float32 // Out
}

// A Result is a linear head and what is known of it without a test set. Smaller scores are better.
type Result struct {
	Layer // its outputs are the logits of the loss

	Lambda  float64 // of the regression, chosen from Options.Lambdas
	Penalty float64 // of the link, chosen from Options.Penalties
	RPS     float64 // the least of Table
	Table   []Score // of what was compared on all examples

	// Probabilities are out-of-fold predictions, n × K: the regression left the example's group out, and λ, penalty
	// and link were chosen and fitted without its fold.
	Probabilities []float32
	Folds         []int   // of each example, from 0
	NestedRPS     float64 // of Probabilities: larger than RPS by what choosing λ and penalty on the same examples hides
}

// A Score is the mean ranked probability score, over class positions where there are some, of leave-one-out
// predictions after links that were fitted without the example's fold.
type Score struct{ Lambda, Penalty, RPS float64 }

// mostLinked is the most examples on which links are fitted and compared. A link has few parameters.
const mostLinked = 20000

// With few images links suffer from every one that they aren't fitted on.
const (
	manyFolds    = 10
	fewFolds     = 5
	enoughGroups = 1000
)

// Fit fits a linear head to the problem. The same problem, options and processor give the same bytes on any number of
// threads. When ctx ends Fit stops soon and returns its error; a problem or options that can't be used are reported
// as a *invalid.Error.
func Fit(ctx context.Context, p Problem, o Options) (*Result, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	pool := dense.NewPool(o.Threads)
	defer pool.Close()
	f := &fit{problem: &p, options: o, pool: pool, mostLinked: mostLinked, penalty: len(o.Penalties) / 2}
	return f.run(ctx)
}

// A fit is one call of Fit.
type fit struct {
	problem    *Problem
	mostLinked int
	options    Options
	pool       *dense.Pool
	loss       loss.Loss[float64]
	gaps       []float64
	rows       *rows
	ridge      ridge

	folds     []int         // of each group
	linked    []int         // the groups that links are fitted on
	scores    [][]float64   // of the linked groups, for each λ that was tried
	solutions [][][]float64 // of the regression, likewise
	start     []*link       // for search, as is penalty
	penalty   int
	search    *search
}

func (f *fit) run(ctx context.Context) (*Result, error) {
	if err := f.prepare(ctx); err != nil {
		return nil, err
	}
	if err := f.narrow(ctx); err != nil {
		return nil, err
	}
	if d, ok := f.ridge.(*dual); ok {
		d.spend = len(f.options.Lambdas) == 1 && len(f.linked) == len(f.rows.groups)
	}
	if err := f.measure(ctx); err != nil {
		return nil, err
	}
	return f.result(ctx)
}

func (f *fit) prepare(ctx context.Context) (err error) {
	if f.loss, err = loss.New[float64](f.problem.Loss); err != nil {
		return err
	}
	f.gaps = gaps(f.problem.Loss)
	if f.rows, err = newRows(ctx, f.pool, f.problem, f.options.Seed); err != nil {
		return err
	}
	if f.options.Folds == 0 {
		f.options.Folds = manyFolds
		if len(f.rows.groups) >= enoughGroups {
			f.options.Folds = fewFolds
		}
	}
	f.options.Folds = min(f.options.Folds, len(f.rows.groups))
	f.draw()
	f.ridge, err = newRidge(ctx, f.pool, f.rows)
	return err
}

// draw deals the groups out to folds of about the same number of rows, and draws those that links are fitted on.
func (f *fit) draw() {
	groups := f.rows.groups
	f.folds = make([]int, len(groups))
	sizes := make([]int, f.options.Folds)
	linked := 0
	for _, g := range randstream.New(f.options.Seed, "closed-form folds").Perm(len(groups)) {
		smallest := slices.Index(sizes, slices.Min(sizes))
		f.folds[g] = smallest
		sizes[smallest] += groups[g].Len()
		if linked < f.mostLinked {
			f.linked = append(f.linked, g)
			linked += groups[g].Len()
		}
	}
	slices.Sort(f.linked)
}

// halfTolerance is by how much of the least score of half of the rows that of a larger λ may be greater. All rows want a
// larger one than half of them by a value of the grid at times; with it, heads on the faces are as if λ were chosen on all.
const halfTolerance = 1. / 300

// narrow chooses λ on the leading groups, where there are some: half as many rows take an eighth of the time.
func (f *fit) narrow(ctx context.Context) error {
	all, ok := f.ridge.(*dual)
	if !ok || f.rows.leading == 0 || len(f.options.Lambdas) == 1 {
		return nil
	}
	ridge := all.leaders()
	part := &fit{problem: f.problem, options: f.options, pool: f.pool, loss: f.loss, gaps: f.gaps, rows: ridge.rows,
		ridge: ridge, folds: f.folds[:f.rows.leading], linked: consecutive(f.rows.leading), penalty: f.penalty}
	if err := part.measure(ctx); err != nil {
		return err
	}
	best := part.search.largest(halfTolerance)
	f.options.Lambdas, f.start, f.penalty = []float64{f.options.Lambdas[best.lambda]}, part.search.links[best], best.penalty
	return nil
}

// consecutive returns the numbers below n.
func consecutive(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i
	}
	return numbers
}

// measure fits the regression for every λ to be compared, and the links to its leave-one-out predictions.
func (f *fit) measure(ctx context.Context) error {
	f.solutions, f.scores = make([][][]float64, len(f.options.Lambdas)), make([][]float64, len(f.options.Lambdas))
	f.search = &search{
		sample: f.sample(f.linked), options: f.options, start: f.start, penalty: f.penalty,
		links: map[setting][]*link{}, sums: map[setting][]float64{},
	}
	return f.search.lambdas(ctx, f.pool, func(lambda int) (scores []float64, err error) {
		if f.solutions[lambda], err = f.ridge.fit(ctx, f.options.Lambdas[lambda]*f.rows.squaredLength); err != nil {
			return nil, err
		}
		f.scores[lambda], err = f.ridge.leaveOut(ctx, f.linked)
		return f.scores[lambda], err
	}, func(lambda int) {
		if f.options.Progress != nil {
			f.options.Progress(f.score(f.search.bestOf(lambda)))
		}
	})
}

func (f *fit) score(at setting) Score {
	var total float64
	for _, w := range f.search.sample.weights {
		total += w
	}
	return Score{f.options.Lambdas[at.lambda], f.options.Penalties[at.penalty], f.search.total(at, -1) / total}
}

// sample returns the examples of some groups, without scores.
func (f *fit) sample(groups []int) *sample {
	s := &sample{loss: f.loss, gaps: f.gaps}
	for _, g := range groups {
		for i := f.rows.groups[g].First; i < f.rows.groups[g].End; i++ {
			e := f.rows.order[i]
			for _, t := range f.problem.target(e) {
				s.targets = append(s.targets, float64(t))
			}
			s.weights = append(s.weights, f.problem.weight(e))
			s.folds = append(s.folds, f.folds[g])
		}
	}
	return s
}

func (f *fit) result(ctx context.Context) (*Result, error) {
	best := f.search.best(-1)
	r := &Result{Lambda: f.options.Lambdas[best.lambda], Penalty: f.options.Penalties[best.penalty]}
	for _, at := range f.search.measured {
		r.Table = append(r.Table, f.score(at))
	}
	r.RPS = f.score(best).RPS
	k := f.search.links[best][f.options.Folds]
	scores := f.scores[best.lambda]
	c := newCoordinates(f.search.sample, k, scores, r.Penalty)
	if err := fitLink(ctx, f.search.sample, k, c, scores, -1, r.Penalty, exactly); err != nil {
		return nil, err
	}
	k.centre()
	coefficients, err := f.ridge.coefficients(ctx, f.solutions[best.lambda])
	if err != nil {
		return nil, err
	}
	f.rows.fold(r, k, coefficients)
	return r, f.predict(ctx, r)
}

// predict fills in the out-of-fold predictions. The folds that choose the same λ are taken together.
func (f *fit) predict(ctx context.Context, r *Result) error {
	r.Probabilities = make([]float32, len(f.rows.order)*f.problem.Loss.Classes)
	r.Folds = make([]int, len(f.rows.order))
	for g, s := range f.rows.groups {
		for _, e := range f.rows.order[s.First:s.End] {
			r.Folds[e] = f.folds[g]
		}
	}
	chosen := make([]setting, f.options.Folds)
	for fold := range chosen {
		chosen[fold] = f.search.best(fold)
	}
	for l := range f.options.Lambdas {
		var groups []int
		for g, fold := range f.folds {
			if chosen[fold].lambda == l {
				groups = append(groups, g)
			}
		}
		if len(groups) == 0 {
			continue
		}
		scores, err := f.leaveOut(ctx, l, groups)
		if err != nil {
			return err
		}
		f.apply(r.Probabilities, groups, scores, chosen)
	}
	var total float64
	target, probabilities := make([]float64, f.problem.Loss.Classes), make([]float64, f.problem.Loss.Classes)
	for e := range len(f.rows.order) {
		w := f.problem.weight(e)
		for k, t := range f.problem.target(e) {
			target[k], probabilities[k] = float64(t), float64(r.Probabilities[e*len(target)+k])
		}
		r.NestedRPS += w * rankedProbability(f.gaps, probabilities, target)
		total += w
	}
	r.NestedRPS /= total
	return nil
}

// leaveOut returns the leave-one-out scores of some groups. Where links were fitted on all groups they are at hand.
func (f *fit) leaveOut(ctx context.Context, lambda int, groups []int) ([]float64, error) {
	if len(f.linked) < len(f.rows.groups) {
		if _, err := f.ridge.fit(ctx, f.options.Lambdas[lambda]*f.rows.squaredLength); err != nil {
			return nil, err
		}
		return f.ridge.leaveOut(ctx, groups)
	}
	var scores []float64
	for _, g := range groups {
		s := f.rows.groups[g]
		scores = append(scores, f.scores[lambda][s.First*f.rows.outputs:s.End*f.rows.outputs]...)
	}
	return scores, nil
}

// apply writes the probabilities that the links of the groups' folds give for scores.
func (f *fit) apply(dst []float32, groups []int, scores []float64, chosen []setting) {
	classes := f.problem.Loss.Classes
	logits, probabilities := make([]float64, f.loss.Outputs()), make([]float64, classes)
	for _, g := range groups {
		k := f.search.links[chosen[f.folds[g]]][f.folds[g]]
		for i := f.rows.groups[g].First; i < f.rows.groups[g].End; i++ {
			k.logits(logits, scores[:f.rows.outputs])
			scores = scores[f.rows.outputs:]
			f.loss.Probabilities(logits, probabilities)
			for j, v := range probabilities {
				dst[f.rows.order[i]*classes+j] = float32(v)
			}
		}
	}
}

// fold writes the layer that gives the link of the regression, on raw features.
func (r *rows) fold(out *Result, k *link, coefficients [][]float64) {
	out.In, out.Out = r.problem.Cols, k.outputs
	out.Weight, out.Bias = make([]float32, out.In*out.Out), make([]float32, out.Out)
	for o := range out.Out {
		link := k.row(k.params, o)
		bias := k.params[k.weights()+o]
		for c, w := range link {
			bias += w * r.targetMean[c]
		}
		for j := range out.In {
			var w float64
			for c, b := range coefficients {
				w += link[c] * b[j]
			}
			rounded := float32(w * r.inverse[j])
			out.Weight[o*out.In+j] = rounded
			bias -= float64(rounded) * r.mean[j]
		}
		out.Bias[o] = float32(bias)
	}
}
