package metrics

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"

	"finetune/label"
)

// Evaluate computes the metrics of predictions. It returns an error for no items, lengths that disagree, classes
// outside the label space and rows that aren't distributions. The report doesn't depend on the number of processors.
func Evaluate(in Input) (Report, error) { return EvaluateContext(context.Background(), in) }

// EvaluateContext is [Evaluate] that ends with the cause of ctx.
func EvaluateContext(ctx context.Context, in Input) (Report, error) {
	if err := in.check(); err != nil {
		return Report{}, fmt.Errorf("metrics: %w", err)
	}
	k := in.Space.Len()
	row := func(i int) []float64 { return in.Probabilities[i*k : (i+1)*k] }
	items := measure(in, row)
	all := newTally(k)
	all.addAll(items)
	r := Report{N: len(in.Labels), Figures: all.figures(), Confusion: confusion(k, items),
		PerClass: all.classes(in.Space), Reliability: all.reliability()}
	r.Spearman, r.Kendall = Number(spearman(r.Confusion)), Number(kendall(r.Confusion))
	r.Intervals = bootstrap(ctx, items, in, r.Figures)
	r.Baseline = baseline(in)
	r.Risk, r.Raters = riskCoverage(items, row), raters(ctx, in, items)
	if in.Low != nil {
		r.Sets = sets(ctx, in)
	}
	return r, context.Cause(ctx)
}

// baseline evaluates a constant prediction of the class shares.
func baseline(in Input) Baseline {
	prior := slices.Clone(in.Prior)
	if prior == nil {
		prior = make([]float64, in.Space.Len())
		for _, c := range in.Labels {
			prior[c]++
		}
	}
	sum := floats.Sum(prior)
	floats.Scale(1/sum, prior)
	in.Predicted = nil
	all := newTally(in.Space.Len())
	all.addAll(measure(in, func(int) []float64 { return prior }))
	// A constant prediction has no ranks, so the correlations are undefined.
	return Baseline{Class: in.Space.Class(argmax(prior)), Figures: all.figures()}
}

// check returns an error for an invalid input.
func (in Input) check() error {
	n, k := len(in.Labels), in.Space.Len()
	switch {
	case k < label.MinClasses:
		return errors.New("the label space has no classes")
	case n == 0:
		return errors.New("no items")
	case len(in.Probabilities) != n*k:
		return fmt.Errorf("%d probabilities for %d items of %d classes", len(in.Probabilities), n, k)
	case in.Targets != nil && len(in.Targets) != n*k:
		return fmt.Errorf("%d target values for %d items of %d classes", len(in.Targets), n, k)
	case in.Predicted != nil && len(in.Predicted) != n:
		return fmt.Errorf("%d predicted classes for %d items", len(in.Predicted), n)
	case in.Votes != nil && len(in.Votes) != n:
		return fmt.Errorf("%d sums of votes for %d items", len(in.Votes), n)
	case in.Low != nil && (len(in.Low) != n || !(in.Coverage > 0 && in.Coverage < 1)) || len(in.High) != len(in.Low):
		return fmt.Errorf("%d lower and %d upper ends of prediction sets of coverage %v for %d items", len(in.Low),
			len(in.High), in.Coverage, n)
	case in.Groups != nil && len(in.Groups) != n:
		return fmt.Errorf("%d groups for %d items", len(in.Groups), n)
	}
	for i := range n {
		if c := in.Labels[i]; c < 0 || c >= k {
			return fmt.Errorf("item %d: the true class %d of %d", i, c, k)
		}
		if in.Predicted != nil && (in.Predicted[i] < 0 || in.Predicted[i] >= k) {
			return fmt.Errorf("item %d: the predicted class %d of %d", i, in.Predicted[i], k)
		}
		if in.Low != nil && !(0 <= in.Low[i] && in.Low[i] <= in.High[i] && in.High[i] < k) {
			return fmt.Errorf("item %d: the classes %d to %d of %d", i, in.Low[i], in.High[i], k)
		}
		if err := checkDistribution(in.Probabilities[i*k : (i+1)*k]); err != nil {
			return fmt.Errorf("item %d: the probabilities %w", i, err)
		}
		if in.Targets != nil {
			if err := checkDistribution(in.Targets[i*k : (i+1)*k]); err != nil {
				return fmt.Errorf("item %d: the target %w", i, err)
			}
		}
	}
	return in.checkPrior()
}

func (in Input) checkPrior() error {
	if in.Prior == nil {
		return nil
	}
	if len(in.Prior) != in.Space.Len() {
		return fmt.Errorf("%d class shares for %d classes", len(in.Prior), in.Space.Len())
	}
	for _, p := range in.Prior {
		if !(p >= 0) {
			return fmt.Errorf("a class share of %v", p)
		}
	}
	if sum := floats.Sum(in.Prior); !(sum > 0) || math.IsInf(sum, 0) {
		return fmt.Errorf("class shares that sum to %v", sum)
	}
	return nil
}

// checkDistribution tolerates the rounding of a sum of a thousand float32.
func checkDistribution(p []float64) error {
	var sum float64
	for _, v := range p {
		if !(v >= 0) {
			return fmt.Errorf("hold %v", v)
		}
		sum += v
	}
	if !(math.Abs(sum-1) <= 1e-3) {
		return fmt.Errorf("sum to %v", sum)
	}
	return nil
}

// argmax returns the index of the largest value, the first of ties.
func argmax(p []float64) int {
	best := 0
	for i, v := range p {
		if v > p[best] {
			best = i
		}
	}
	return best
}
