package closedform

import (
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/optimize"

	"finetune/loss"
)

// A link maps K−1 predicted cumulative probabilities to the logits of a loss: z = Weight·s + Bias. Where the loss has
// its outputs share their weights there is one row of them.
type link struct {
	outputs, scores int
	shared          bool
	params          []float64 // weights, then biases
}

func newLink(l loss.Loss[float64]) *link {
	k := &link{outputs: l.Outputs(), scores: l.Classes() - 1, shared: l.SharedWeights()}
	k.params = make([]float64, k.weights()+k.outputs)
	return k
}

// weights is the number of weights.
func (k *link) weights() int {
	if k.shared {
		return k.scores
	}
	return k.outputs * k.scores
}

// row returns the weights of an output, or of their gradient in params of the same layout.
func (k *link) row(params []float64, output int) []float64 {
	if k.shared {
		output = 0
	}
	return params[output*k.scores : (output+1)*k.scores]
}

// logits writes the logits of one vector of scores.
func (k *link) logits(dst, scores []float64) {
	bias := k.params[k.weights():]
	for o := range dst {
		dst[o] = bias[o] + floats.Dot(k.row(k.params, o), scores)
	}
}

// steepness of the link that training starts with: logits are that many times the differences of the scores.
const steepness = 4

// start sets the link to differences of the cumulative probabilities, for outputs that are classes, and else to the
// class shares, which are the means of the targets.
func (k *link) start(l loss.Loss[float64], shares []float64) {
	clear(k.params)
	bias := k.params[k.weights():]
	if k.outputs != k.scores+1 || k.shared {
		l.Logits(shares, bias)
		return
	}
	for o := range k.outputs {
		if row := k.row(k.params, o); o < k.scores {
			row[o] = steepness
		} else {
			bias[o] = steepness
		}
		if o > 0 {
			k.row(k.params, o)[o-1] = -steepness
		}
	}
}

// centre takes the mean off the biases of softmax outputs, which no probability depends on, so that a link doesn't
// depend on its start.
func (k *link) centre() {
	if bias := k.params[k.weights():]; k.outputs == k.scores+1 {
		floats.AddConst(-floats.Sum(bias)/float64(k.outputs), bias)
	}
}

// A sample is what links are fitted to and measured on: rows of leave-one-out scores with their targets and weights.
type sample struct {
	loss    loss.Loss[float64]
	gaps    []float64 // between the positions of classes, of mean 1
	targets []float64 // rows × K
	weights []float64
	folds   []int // of each row
}

// objective is the penalised mean loss of the rows of a sample that aren't in a fold.
type objective struct {
	*sample
	link    *link
	scores  []float64
	without int // the fold; below 0: none
	penalty float64

	coordinates   coordinates
	total         float64 // weight
	logits, slope []float64
	workspace     *loss.Workspace[float64]

	at, gradient []float64 // where value and gradient were taken last
	value        float64
	tries        int // evaluations since the last iteration
}

func newObjective(s *sample, k *link, c coordinates, scores []float64, without int, penalty float64) *objective {
	o := &objective{sample: s, link: k, coordinates: c.of(k), scores: scores, without: without, penalty: penalty}
	for i, w := range s.weights {
		if s.folds[i] != without {
			o.total += w
		}
	}
	o.logits, o.slope = make([]float64, k.outputs), make([]float64, k.outputs)
	o.workspace, o.gradient = loss.NewWorkspace(s.loss), make([]float64, len(k.params))
	return o
}

// evaluate leaves value and gradient at x, unless they are those of the last call.
func (o *objective) evaluate(x []float64) {
	if slices.Equal(x, o.at) {
		return
	}
	o.at = append(o.at[:0], x...)
	params := o.link.params
	copy(params, x)
	o.coordinates.leave(params)
	clear(o.gradient)
	weights := o.link.weights()
	bias := o.gradient[weights:]
	classes, width := o.loss.Classes(), o.link.scores
	var sum float64
	for i, w := range o.weights {
		if o.folds[i] == o.without || w == 0 {
			continue
		}
		scores := o.scores[i*width : (i+1)*width]
		o.link.logits(o.logits, scores)
		sum += w * o.loss.Sample(o.logits, o.targets[i*classes:(i+1)*classes], o.slope, o.workspace)
		for j, s := range o.slope {
			bias[j] += w * s
			floats.AddScaled(o.link.row(o.gradient, j), w*s, scores)
		}
	}
	floats.Scale(1/o.total, o.gradient)
	floats.AddScaled(o.gradient[:weights], o.penalty, params[:weights])
	o.value = sum/o.total + o.penalty/2*floats.Dot(params[:weights], params[:weights])
	o.coordinates.gradient(o.gradient)
}

const (
	mostIterations = 1000 // of a fit; one takes 5 to 200
	mostTries      = 30   // of an iteration; where values are equal but for rounding the search may not end by itself
	remembered     = 40   // iterations; a link has few parameters, and half as many take twice as long
)

// fitLink minimises the loss of the rows outside a fold, from the parameters that k has on, until no element of the
// gradient in the coordinates is larger than enough.
func fitLink(
	ctx context.Context, s *sample, k *link, c coordinates, scores []float64, without int, penalty, enough float64,
) error {
	o := newObjective(s, k, c, scores, without, penalty)
	if o.total == 0 {
		return nil
	}
	start := slices.Clone(k.params)
	o.coordinates.enter(start)
	result, err := optimize.Minimize(optimize.Problem{
		Func:   func(x []float64) float64 { o.evaluate(x); return o.value },
		Grad:   func(grad, x []float64) { o.evaluate(x); copy(grad, o.gradient) },
		Status: func() (optimize.Status, error) { return o.status(), ctx.Err() },
	}, start, &optimize.Settings{MajorIterations: mostIterations, GradientThreshold: enough, Converger: o},
		&optimize.LBFGS{Store: remembered, Linesearcher: &optimize.MoreThuente{}, GradStopThreshold: math.NaN()})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if result == nil {
		return err
	}
	// An error of the line search says that no step is better but for rounding: the optimum but for rounding.
	copy(k.params, result.X)
	o.coordinates.leave(k.params)
	return nil
}

// status ends a search for a step that leads nowhere.
func (o *objective) status() optimize.Status {
	if o.tries++; o.tries > mostTries {
		return optimize.Failure
	}
	return optimize.NotTerminated
}

// Init is for optimize.Converger.
func (o *objective) Init(int) {}

// Converged is called after each iteration.
func (o *objective) Converged(*optimize.Location) optimize.Status {
	o.tries = 0
	return optimize.NotTerminated
}

// score adds up the criterion of the rows of a fold, each row by the link.
func (s *sample) score(k *link, scores []float64, fold int) float64 {
	classes := s.loss.Classes()
	logits, probabilities := make([]float64, k.outputs), make([]float64, classes)
	var sum float64
	for i, w := range s.weights {
		if s.folds[i] == fold && w > 0 {
			k.logits(logits, scores[i*k.scores:(i+1)*k.scores])
			s.loss.Probabilities(logits, probabilities)
			sum += w * rankedProbability(s.gaps, probabilities, s.targets[i*classes:(i+1)*classes])
		}
	}
	return sum
}
