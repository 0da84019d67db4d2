package export

import (
	"context"
	"errors"
	"fmt"
	"image"
	"iter"
	"math"
	"math/rand/v2"

	"finetune/head"
	"finetune/internal/ort/verify"
	"finetune/internal/store/userfile"
	"finetune/invalid"
	"finetune/pipeline/dataset"
	"finetune/pipeline/run"
	"finetune/preprocess"
)

// Images and rows of features that a model is compared on.
const (
	comparedImages    = 32
	comparedGenerated = 12
	comparedRows      = 32
)

// A sample is an image and the pipeline's answer.
type sample struct {
	file  []byte
	image *image.NRGBA
	probs []float32
}

// compare runs a model and the pipeline on the same images. p is nil where there is no network: then the model is one of
// the head, and compared on generated features.
func (j *Job) compare(ctx context.Context, r *run.Run, p *run.Predictor, model string) (*Comparison, error) {
	c := &Comparison{On: "generated features", Bound: j.Bound}
	var err error
	switch {
	case p == nil:
		c.Images = comparedRows
		c.Difference, err = j.compareHead(ctx, r, model, generatedRows(r, comparedRows))
	case j.Format == HeadONNX:
		var rows [][]float32
		err = j.each(ctx, r, p, c, func(s sample) error {
			row, err := p.Features(ctx, s.file)
			rows = append(rows, row)
			return err
		})
		if err == nil {
			c.Difference, err = j.compareHead(ctx, r, model, rows)
		}
	default:
		var d verify.Difference
		d, err = verify.Compare(ctx, model, p.Spec(), j.pairs(ctx, r, p, c), j.verifyOptions())
		c.Difference = d.Probability
	}
	if err != nil {
		return nil, err
	}
	return c, c.check(j.Format)
}

// check fails where the difference is above the bound.
func (c *Comparison) check(what string) error {
	if c.Difference <= c.Bound { // false for NaN
		return nil
	}
	return fmt.Errorf("export of the format %s: a probability differs from the pipeline's by %.3g on %s; the bound is %g, "+
		"and nothing was written", what, c.Difference, c.On, c.Bound)
}

// pairs yields images with the pipeline's probabilities.
func (j *Job) pairs(ctx context.Context, r *run.Run, p *run.Predictor, c *Comparison) iter.Seq2[verify.Sample, error] {
	return func(yield func(verify.Sample, error) bool) {
		err := j.each(ctx, r, p, c, func(s sample) error {
			if !yield(verify.Sample{Picture: s.image, Probabilities: s.probs}, nil) {
				return errStop
			}
			return nil
		})
		if err != nil && !errors.Is(err, errStop) {
			yield(verify.Sample{}, err)
		}
	}
}

var errStop = errors.New("no more samples are wanted")

// each calls f with images and the pipeline's answers, and notes in c which they are: those of the run, or generated ones
// where none of these can be read.
func (j *Job) each(ctx context.Context, r *run.Run, p *run.Predictor, c *Comparison, f func(sample) error) error {
	t, err := preprocess.NewTransformer(p.Spec(), preprocess.NCHW)
	if err != nil {
		return err
	}
	stage := j.Progress.Start("compared", comparedImages, "image")
	defer stage.Done()
	use := func(file []byte, err error) error {
		var s sample
		if err == nil {
			s, err = answered(ctx, p, t, file)
		}
		if invalid.Is(err) {
			return nil // an image that can't be read says nothing about the model
		}
		if err == nil {
			err = f(s)
		}
		if err == nil {
			c.Images++
			stage.Add(1)
		}
		return err
	}
	items, err := j.items(ctx, r, comparedImages)
	if err != nil {
		return err
	}
	c.On = "images of the run"
	if j.Data != "" {
		c.On = "images of " + j.Data
	}
	for _, item := range items {
		if err := use(read(ctx, item)); err != nil {
			return err
		}
	}
	if c.Images > 0 {
		return nil
	}
	c.On = "generated images"
	generated, err := generatedImages()
	if err != nil {
		return err
	}
	for _, file := range generated {
		if err := use(file, nil); err != nil {
			return err
		}
	}
	return nil
}

// answered returns an image, which t keeps until the next, with the pipeline's answer. One that can't be read is an
// *invalid.Error.
func answered(ctx context.Context, p *run.Predictor, t *preprocess.Transformer, file []byte) (sample, error) {
	answer, err := p.Predict(ctx, file)
	if err != nil {
		return sample{}, err
	}
	img, err := t.Decode(file)
	return sample{file, img, answer.Probabilities}, err
}

// items returns some of the run's images, evenly spread; none where they aren't there any more.
func (j *Job) items(ctx context.Context, r *run.Run, most int) ([]dataset.Item, error) {
	path := j.Data
	if path == "" {
		if path = r.Config.Data.Path; path == "" || r.Config.Features != "" {
			return nil, nil
		}
	}
	set, err := dataset.Load(ctx, dataset.Options{Path: path, Unlabelled: true})
	switch {
	case err == nil:
	case j.Data == "" && ctx.Err() == nil:
		return nil, nil
	default:
		return nil, err
	}
	n := min(len(set.Items), most)
	list := make([]dataset.Item, n)
	for i := range list {
		list[i] = set.Items[i*len(set.Items)/n]
	}
	return list, nil
}

func read(ctx context.Context, item dataset.Item) ([]byte, error) {
	if item.Open != nil {
		return item.Open(ctx, nil)
	}
	return userfile.Read(ctx, item.File, preprocess.MaxBytes)
}

// compareHead returns the largest difference of the probabilities of a model of the head.
func (j *Job) compareHead(ctx context.Context, r *run.Run, model string, rows [][]float32) (float64, error) {
	m, err := verify.Open(ctx, model, j.verifyOptions())
	if err != nil {
		return 0, err
	}
	defer m.Close()
	most := 0.0
	for _, row := range rows {
		got, err := m.Floats(ctx, row, 1, int64(len(row)))
		if err != nil {
			return 0, err
		}
		want := make([]float32, r.Head.Space().Len())
		f := head.Features{Rows: 1, Cols: len(row), Data: row}
		if err := r.Head.Probabilities(f, f.All(), 1, want); err != nil {
			return 0, err
		}
		if len(got.Probabilities) != len(want) {
			return 0, fmt.Errorf("compare %s: %d probabilities, the head gives %d", model, len(got.Probabilities), len(want))
		}
		for k, p := range want {
			d := math.Abs(float64(got.Probabilities[k]) - float64(p))
			if math.IsNaN(d) {
				return math.Inf(1), nil
			}
			most = max(most, d)
		}
	}
	return most, nil
}

// generatedRows are features around the mean of those that the head was trained on, where the run has it.
func generatedRows(r *run.Run, n int) [][]float32 {
	mean, err := r.FeatureMean()
	if err != nil || mean == nil {
		mean = make([]float32, r.Head.Inputs())
	}
	random := rand.New(rand.NewPCG(1, uint64(len(mean))))
	rows := make([][]float32, n)
	for i := range rows {
		rows[i] = make([]float32, len(mean))
		for k, v := range mean {
			rows[i][k] = v + float32(random.NormFloat64())*(0.1+float32(math.Abs(float64(v))))
		}
	}
	return rows
}
