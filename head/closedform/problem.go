package closedform

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"slices"

	"finetune/invalid"
	"finetune/loss"
)

// A Problem is n examples to learn from: rows of a feature matrix with a target distribution over K classes each.
type Problem struct {
	Cols    int
	Data    []float32 // rows × Cols, row-major; only read, so it may be mapped from a file
	Index   []int     // row of each example; nil: example i is row i
	Targets []float32 // n × K, each row a distribution over the classes
	Weights []float32 // n numbers from 0 up; nil: all 1
	Groups  []int     // n numbers; examples with equal ones are left out together. nil: each example alone
	Loss    loss.Config
}

// Options say how to fit. The zero value is a good choice.
type Options struct {
	// Lambdas are the penalties of the regression to choose from, as multiples of the mean squared length of a scaled
	// row. nil: DefaultLambdas.
	Lambdas []float64
	// Penalties are those of the link to choose from: the link minimises the mean loss + penalty/2·|weights|².
	// nil: DefaultPenalties.
	Penalties []float64
	// Folds into which groups are dealt to fit links on some and measure them on others. 0: 10, or 5 with 1,000 groups
	// and more.
	Folds   int
	Threads int    // 0: all cores
	Seed    uint64 // of folds, samples and random layers
	// Progress, which may be nil, is called from the goroutine of Fit with the best score of each λ that was tried. With
	// many groups these are scores of half of them, and that of the chosen λ on all comes last.
	Progress func(Score)
}

// DefaultLambdas is a grid with even ratios.
func DefaultLambdas() []float64 {
	const least, most, count = 0.01, 3, 9
	grid := make([]float64, count)
	for i := range grid {
		grid[i] = least * math.Pow(most/least, float64(i)/(count-1))
	}
	return grid
}

// DefaultPenalties suit from fifty to many thousand examples.
func DefaultPenalties() []float64 { return []float64{1e-5, 1e-4, 1e-3, 1e-2, 1e-1} }

func (o Options) withDefaults() Options {
	if o.Lambdas == nil {
		o.Lambdas = DefaultLambdas()
	}
	if o.Penalties == nil {
		o.Penalties = DefaultPenalties()
	}
	if o.Threads == 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	// From strong to weak penalties each link starts near where the one before it ended.
	o.Lambdas, o.Penalties = descending(o.Lambdas), descending(o.Penalties)
	return o
}

func descending(values []float64) []float64 {
	out := slices.Clone(values)
	slices.Sort(out)
	slices.Reverse(out)
	return out
}

func (o Options) check() error {
	for _, field := range []string{"lambdas", "penalties"} {
		values := o.Lambdas
		if field == "penalties" {
			values = o.Penalties
		}
		if len(values) == 0 {
			return &invalid.Error{Field: field, Found: "no number", Want: "at least one"}
		}
		for _, v := range values {
			if !(v > 0) || math.IsInf(v, 0) {
				return &invalid.Error{Field: field, Found: fmt.Sprint(v), Want: "a finite number above 0"}
			}
		}
	}
	if o.Folds < 2 && o.Folds != 0 {
		return &invalid.Error{Field: "folds", Found: fmt.Sprint(o.Folds), Want: "at least 2"}
	}
	return nil
}

// examples is n.
func (p *Problem) examples() int {
	if p.Index != nil {
		return len(p.Index)
	}
	return len(p.Data) / p.Cols
}

// row returns the features of an example.
func (p *Problem) row(example int) []float32 {
	if p.Index != nil {
		example = p.Index[example]
	}
	return p.Data[example*p.Cols : (example+1)*p.Cols]
}

func (p *Problem) weight(example int) float64 {
	if p.Weights == nil {
		return 1
	}
	return float64(p.Weights[example])
}

func (p *Problem) target(example int) []float32 {
	k := p.Loss.Classes
	return p.Targets[example*k : (example+1)*k]
}

// check reports what keeps the problem from being solved.
func (p *Problem) check() error {
	if p.Cols < 1 || len(p.Data)%p.Cols != 0 {
		return fmt.Errorf("closedform: %d features in rows of %d", len(p.Data), p.Cols)
	}
	n := p.examples()
	if len(p.Targets) != n*p.Loss.Classes || p.Weights != nil && len(p.Weights) != n ||
		p.Groups != nil && len(p.Groups) != n {
		return fmt.Errorf("closedform: %d targets, %d weights and %d groups for %d examples of %d classes",
			len(p.Targets), len(p.Weights), len(p.Groups), n, p.Loss.Classes)
	}
	for _, row := range p.Index {
		if row < 0 || row >= len(p.Data)/p.Cols {
			return fmt.Errorf("closedform: row %d of %d", row, len(p.Data)/p.Cols)
		}
	}
	l, err := loss.New[float32](p.Loss)
	if err != nil {
		return err
	}
	for i := range n {
		if w := p.weight(i); !(w >= 0) || math.IsInf(w, 0) {
			return &invalid.Error{Field: fmt.Sprintf("example %d", i), Found: fmt.Sprintf("weight %g", w),
				Want: "a finite number from 0 up"}
		}
		if err := l.CheckTarget(p.target(i)); err != nil {
			return fmt.Errorf("example %d: %w", i, err)
		}
	}
	return nil
}

// errOneGroup is for examples of which none can be predicted from others.
var errOneGroup = &invalid.Error{Field: "training examples", Found: "fewer than 2 groups with a weight above 0",
	Want: "at least 2, so that each can be predicted from the others", Hint: "train on more images"}

// asInvalid keeps a matrix that isn't positive definite from looking like a failure of the machine.
func asInvalid(err, cause error) error {
	if !errors.Is(err, cause) {
		return err
	}
	return &invalid.Error{Field: "lambdas", Found: "a penalty too small for these features",
		Want: "a larger one", Err: err}
}

// errUndetermined is for groups that hold nearly all weight.
var errUndetermined = &invalid.Error{Field: "training examples", Found: "a group with nearly all of the weight",
	Want: "weight on the other groups too, so that each can be predicted from the others"}
