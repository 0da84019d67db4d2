// Package drift says whether a batch of images looks like those that a run was trained on. It needs no labels.
//
// It must not import train: a run folder is all that it reads.
package drift

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"finetune/internal/randstream"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/familiarity"
	"finetune/pipeline/run"
)

// A Job compares a batch of images with the reference images of a run, which it wasn't trained on, in two ways: by
// their distance from the training images (package familiarity) and by the classes that the run predicts for them.
type Job struct {
	run.Scan         // the batch
	Level    float64 // share of batches like the training data that are said to differ; 0: 0.05
	Seed     uint64  // of the permutations
}

// DefaultLevel is the level of a test where none is given.
const DefaultLevel = 0.05

// Level declares Job.Level.
var Level = invalid.Number{Field: "Level", Range: invalid.Range{High: 1, LowOpen: true, HighOpen: true}, AutoIs: "0.05"}

const (
	permutations = 1999
	mostTested   = 10_000 // images of a batch that the tests take, drawn at random where there are more
	mostListed   = 10     // images of Farthest
	minImages    = 5      // of a batch
)

// A Result is what a batch looks like.
type Result struct {
	Images             int     `json:"images"`
	Reference          int     `json:"reference_images"`
	Unfamiliar         int     `json:"unfamiliar"`       // images that are unlike the training images
	UnfamiliarShare    float64 `json:"unfamiliar_share"` // the same as a share
	UnfamiliarExpected float64 `json:"unfamiliar_expected"`
	// Distance is the test of the distances from the training images, Classes that of the predicted classes, nil
	// where the run kept none. PValue is that of both together (Bonferroni); Differs says whether it is at most
	// Level.
	Distance Test    `json:"distance"`
	Classes  *Test   `json:"classes,omitempty"`
	PValue   float64 `json:"p_value"`
	Level    float64 `json:"level"`
	Differs  bool    `json:"differs"`

	Shares     []Share               `json:"predicted,omitempty"`
	Farthest   []Image               `json:"farthest"` // the most unfamiliar images
	Unreadable []artifact.Unreadable `json:"unreadable,omitempty"`
}

// A Share is how often a class is predicted.
type Share struct {
	Class     string  `json:"class"`
	Reference float64 `json:"reference"`
	Batch     float64 `json:"batch"`
}

// An Image of a batch.
type Image struct {
	Path       string  `json:"path"`
	Distance   float64 `json:"distance"`
	PValue     float64 `json:"p_value"` // share of ordinary images that are at least as far away
	Unfamiliar bool    `json:"unfamiliar"`
}

// Run does the job.
func (j Job) Run(ctx context.Context) (*Result, error) {
	if err := Level.Check(j.Level); err != nil {
		return nil, err
	}
	j.Level = cmp.Or(j.Level, DefaultLevel)
	r, err := run.OpenContext(ctx, j.Model)
	if err != nil {
		return nil, err
	}
	known, err := r.NeedFamiliarity(ctx)
	if err != nil {
		return nil, err
	}
	b := batch{known: known, classes: make([]float64, r.Head.Space().Len())}
	unreadable, err := j.Scan.Run(ctx, r, b.add)
	if err != nil {
		return nil, err
	}
	if len(b.images) < minImages {
		return nil, &invalid.Error{
			Field: "Data.Path",
			Found: fmt.Sprintf("%d images", len(b.images)),
			Want:  fmt.Sprintf("at least %d", minImages),
		}
	}
	result := b.result(j.Level, j.Seed)
	result.Unreadable = unreadable
	for c := range result.Shares {
		result.Shares[c].Class = r.Head.Space().Class(c)
	}
	return result, nil
}

// A batch is what is kept of the images: two numbers of each, and of those farthest away their names.
type batch struct {
	known     *familiarity.Model
	distances []float64
	predicted []float64
	classes   []float64 // images by predicted class
	images    []Image   // in order of Farthest, cut to what is listed
	far       int
}

func (b *batch) add(s run.Scanned) error {
	d := b.known.Distance(s.Row)
	p := b.known.PValue(d)
	b.distances, b.predicted = append(b.distances, d), append(b.predicted, float64(s.Class))
	b.classes[s.Class]++
	image := Image{Path: s.Item.Path, Distance: d, PValue: p, Unfamiliar: b.known.Unfamiliar(p)}
	if image.Unfamiliar {
		b.far++
	}
	at, _ := slices.BinarySearchFunc(
		b.images,
		image,
		func(x, y Image) int { return cmp.Or(cmp.Compare(y.Distance, x.Distance), -1) },
	)
	if at < mostListed {
		b.images = slices.Insert(b.images, at, image)
		b.images = b.images[:min(len(b.images), mostListed)]
	}
	return nil
}

// result tests the batch.
func (b *batch) result(level float64, seed uint64) *Result {
	rng := randstream.New(seed, "drift")
	n := len(b.distances)
	r := &Result{
		Images:          n,
		Reference:       len(b.known.Reference()),
		Unfamiliar:      b.far,
		UnfamiliarShare: float64(b.far) / float64(n),
		Level:           level,
		Farthest:        b.images,
	}
	r.UnfamiliarExpected = b.known.ExpectedUnfamiliar()
	rng.Shuffle(n, func(i, j int) {
		b.distances[i], b.distances[j] = b.distances[j], b.distances[i]
		b.predicted[i], b.predicted[j] = b.predicted[j], b.predicted[i]
	})
	tested := min(n, mostTested)
	r.Distance = TwoSample(b.known.Reference(), b.distances[:tested], permutations, rng)
	r.PValue = r.Distance.PValue
	if reference := b.known.Predicted(); reference != nil {
		var before []float64
		total := 0.0
		for c, times := range reference {
			total += times
			before = append(before, slices.Repeat([]float64{float64(c)}, int(times))...)
		}
		t := TwoSample(before, b.predicted[:tested], permutations, rng)
		r.Classes = &t
		r.PValue = math.Min(1, 2*min(r.Distance.PValue, t.PValue))
		for c, times := range reference {
			r.Shares = append(r.Shares, Share{Reference: times / total, Batch: b.classes[c] / float64(n)})
		}
	}
	r.Differs = r.PValue <= level
	return r
}
