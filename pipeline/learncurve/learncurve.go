// Package learncurve measures whether more labels would help: heads are trained on an eighth, a quarter, half and all
// of the training images, and measured on the same held-out images. Features are at hand; no network runs.
package learncurve

import (
	"context"
	"math"
	"slices"

	"finetune/head"
	"finetune/internal/cores"
	"finetune/internal/randstream"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
)

// shares of the training images, ascending. The last two are those that doubling is judged by.
var shares = []float64{0.125, 0.25, 0.5, 1}

// leastImages is the least number of training images that a head is trained on.
const leastImages = 20

// resamples is the number of bootstrap resamples behind intervals.
const resamples = 1000

// A Job measures a learning curve.
type Job struct {
	Table    *features.Table
	Examples head.Examples // of all rows of Table, with softened targets where those are trained on
	Train    []int         // what shares are drawn from; smaller shares are parts of larger ones
	Val      []int         // early stopping watches these whatever the share; may be empty
	HeldOut  []int         // what is measured
	Head     head.Config   // with what depends on the number of images left open
	Seed     uint64        // of the draw and the bootstrap
	Threads  int           // 0: all cores
}

// A Point is a head trained on a share of the images.
type Point struct {
	Share       float64           `json:"share"`
	Images      int               `json:"images"`
	MAE         metrics.Number    `json:"mae"`
	MAEInterval [2]metrics.Number `json:"mae_interval"` // 95 %
	RPS         metrics.Number    `json:"rps"`
	RPSInterval [2]metrics.Number `json:"rps_interval"`
	ByClass     []metrics.Number  `json:"mae_by_class"` // NaN of a class without held-out images
}

// A Difference is what one head gains over another on the same images.
type Difference struct {
	Of       metrics.Number    `json:"difference"` // below 0 where the error falls
	Interval [2]metrics.Number `json:"interval"`   // 95 %, both heads measured on the same resamples
}

// Proven reports whether the error surely falls.
func (d Difference) Proven() bool { return d.Interval[1].Defined() && d.Interval[1] < 0 }

// A Curve is what was measured.
type Curve struct {
	HeldOut int     `json:"held_out"`
	Points  []Point `json:"points"` // by share, ascending
	// MAE and RPS are what the last doubling of the images brought. Another doubling hardly ever brings more.
	MAE     Difference   `json:"last_doubling_mae"`
	RPS     Difference   `json:"last_doubling_rps"`
	ByClass []Difference `json:"last_doubling_mae_by_class"`

	Hidden *Alternative `json:"hidden,omitempty"` // what a hidden layer brought on a fold of the training images; nil where none was tried
}

// An Alternative is a head with a hidden layer beside a linear one.
type Alternative struct {
	Width int        `json:"width"`
	MAE   Difference `json:"mae"` // of the hidden layer less the linear head
}

// Run does the job. Shares with too few images are left out; fewer than two points are no curve, and nil is returned.
func (j Job) Run(ctx context.Context) (*Curve, error) {
	order := nested(j.Table.Set, j.Train, j.Seed)
	c := &Curve{HeldOut: len(j.HeldOut)}
	var inputs []metrics.Input
	for _, share := range shares {
		n := int(math.Round(share * float64(len(order))))
		if n < leastImages {
			continue
		}
		in, err := j.fit(ctx, order[:n])
		if err != nil {
			return nil, err
		}
		p, err := point(in)
		if err != nil {
			return nil, err
		}
		p.Share, p.Images = share, n
		c.Points, inputs = append(c.Points, p), append(inputs, in)
	}
	if len(inputs) < 2 || len(j.HeldOut) == 0 {
		return nil, nil
	}
	err := c.compare(ctx, inputs[len(inputs)-2], inputs[len(inputs)-1], j.Seed)
	return c, err
}

// Compare trains a head with each of two configurations on all training images and says what the second gains in MAE:
// a quick look at whether, say, a hidden layer is worth trying.
func (j Job) Compare(ctx context.Context, first, second head.Config) (Difference, error) {
	var inputs [2]metrics.Input
	for i, cfg := range []head.Config{first, second} {
		j.Head = cfg
		var err error
		if inputs[i], err = j.fit(ctx, slices.Sorted(slices.Values(j.Train))); err != nil {
			return Difference{}, err
		}
	}
	c := &Curve{}
	err := c.compare(ctx, inputs[0], inputs[1], j.Seed)
	return c.MAE, err
}

// Fold sets one of n equal parts of the training images aside, by class and by whole groups; both are nil where
// either would have fewer than 20 images.
func (j Job) Fold(n int) (rest, held []int) {
	order := nested(j.Table.Set, j.Train, j.Seed)
	cut := len(order) / n
	for cut < len(order) && cut > 0 && sameGroup(j.Table.Set, order[cut-1], order[cut]) {
		cut++
	}
	if cut < leastImages || len(order)-cut < leastImages {
		return nil, nil
	}
	return slices.Sorted(slices.Values(order[cut:])), slices.Sorted(slices.Values(order[:cut]))
}

func sameGroup(set *dataset.Set, a, b int) bool {
	return set.Items[a].Group != "" && set.Items[a].Group == set.Items[b].Group
}

// nested orders the training images so that every share from the front holds about the same share of each class;
// groups stay together.
func nested(set *dataset.Set, train []int, seed uint64) []int {
	rng := randstream.New(seed, "learning curve")
	units := map[string][]int{}
	var names []string
	for _, i := range train {
		name := set.Items[i].Group
		if name == "" {
			name = "\x00" + set.Items[i].Path // on its own
		}
		if units[name] == nil {
			names = append(names, name)
		}
		units[name] = append(units[name], i)
	}
	rng.Shuffle(len(names), func(a, b int) { names[a], names[b] = names[b], names[a] })
	byClass := make([][]string, set.Space.Len()) // units by the class of their first image
	for _, name := range names {
		class := set.Items[units[name][0]].Label
		byClass[class] = append(byClass[class], name)
	}
	type placed struct {
		name string
		at   float64
	}
	var all []placed
	for _, list := range byClass {
		for i, name := range list {
			all = append(all, placed{name, (float64(i) + 0.5) / float64(len(list))})
		}
	}
	slices.SortStableFunc(all, func(a, b placed) int {
		switch {
		case a.at < b.at:
			return -1
		case a.at > b.at:
			return 1
		}
		return 0
	})
	var order []int
	for _, u := range all {
		order = append(order, units[u.name]...)
	}
	return order
}

// fit trains on some rows and returns what the head says of the held-out images.
func (j Job) fit(ctx context.Context, rows []int) (metrics.Input, error) {
	cfg := j.Head.Resolved(j.Table.Features.Cols, len(rows))
	cfg.Threads = cores.Of(j.Threads)
	trained, err := head.Train(ctx, j.Examples.Subset(rows), j.Examples.Subset(j.Val), cfg, nil)
	if err != nil {
		return metrics.Input{}, err
	}
	h, err := head.New(
		trained.Network,
		head.Description{Space: j.Table.Set.Space, Loss: trained.Loss, Decision: cfg.Decision},
	)
	if err != nil {
		return metrics.Input{}, err
	}
	items := crossval.Pick(j.Table.Set.Items, j.HeldOut)
	if trained.ValLogits != nil && slices.Equal(j.HeldOut, j.Val) {
		return crossval.OfLogits(h, items, trained.ValLogits).Figured(h, nil, j.Seed), nil
	}
	said, err := crossval.Predict(h, j.Table, j.HeldOut, items, cfg.Threads)
	if err != nil {
		return metrics.Input{}, err
	}
	return said.Figured(h, nil, j.Seed), nil
}

func point(in metrics.Input) (Point, error) {
	in.Resamples = resamples
	r, err := metrics.Evaluate(in)
	if err != nil {
		return Point{}, err
	}
	p := Point{MAE: r.MAE, MAEInterval: r.Intervals["mae"], RPS: r.RPS, RPSInterval: r.Intervals["rps"]}
	for _, c := range r.PerClass {
		p.ByClass = append(p.ByClass, c.MAE)
	}
	return p, nil
}

// compare says what the second head gains over the first, on all images and on those of each class.
func (c *Curve) compare(ctx context.Context, first, second metrics.Input, seed uint64) error {
	k := first.Space.Len()
	a, err := metrics.Score(first)
	if err != nil {
		return err
	}
	b, err := metrics.Score(second)
	if err != nil {
		return err
	}
	if c.MAE, err = difference(ctx, a, b, first.Groups, seed, "mae"); err != nil {
		return err
	}
	if c.RPS, err = difference(ctx, a, b, first.Groups, seed, "rps"); err != nil {
		return err
	}
	for class := range k {
		var rows []int
		for i, y := range first.Labels {
			if y == class {
				rows = append(rows, i)
			}
		}
		d := Difference{Of: metrics.Number(math.NaN()), Interval: metrics.Interval(nil)}
		if len(rows) > 1 {
			x, y := first.Subset(rows), second.Subset(rows)
			a, err := metrics.Score(x)
			if err != nil {
				return err
			}
			b, err := metrics.Score(y)
			if err != nil {
				return err
			}
			if d, err = difference(ctx, a, b, x.Groups, seed, "mae"); err != nil {
				return err
			}
		}
		c.ByClass = append(c.ByClass, d)
	}
	return nil
}

// difference takes the figure of b less that of a, over the same resamples.
func difference(ctx context.Context, a, b *metrics.Scores, groups []string, seed uint64, name string) (Difference, error) {
	m, _ := metrics.ByName(name)
	x, y := a.Figures(), b.Figures()
	drawn := make([]float64, resamples)
	units, err := metrics.Resample(
		ctx,
		[][]*metrics.Scores{{a}, {b}},
		groups,
		resamples,
		seed,
		func(r int, f [][]metrics.Figures) {
			drawn[r] = float64(m.Of(&f[1][0]) - m.Of(&f[0][0]))
		},
	)
	if err != nil {
		return Difference{}, err
	}
	if units < 2 {
		drawn = nil
	}
	return Difference{Of: m.Of(&y) - m.Of(&x), Interval: metrics.Interval(drawn)}, nil
}
