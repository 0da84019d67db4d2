package export

import (
	"context"
	"fmt"

	"finetune/backbone"
	"finetune/head"
	"finetune/internal/cores"
	"finetune/invalid"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
)

// A PrecisionLoss says how the answers change where the network of a run is exported in another precision than it was
// trained with.
type PrecisionLoss struct {
	features.PrecisionInfo
	Images     int     `json:"images"`
	Changed    int     `json:"changed_classes"`    // images with another class
	Difference float64 `json:"mean_difference"`    // mean over images of the largest difference of a probability
	Largest    float64 `json:"largest_difference"` // of a probability
}

// lower makes the network of a run cheaper. It returns the run with that network, whose features the head then reads, and
// sets j.Images to it. Nothing changes where no precision is given or auto finds none that pays.
func (j *Job) lower(ctx context.Context, r *run.Run) (*run.Run, *PrecisionLoss, error) {
	if j.Images.Precision == "" || j.Images.Precision == backbone.Float32 {
		return r, nil, nil
	}
	if j.Images.Precision == backbone.TF32 {
		return nil, nil, &invalid.Error{Field: "Images.Precision", Found: backbone.TF32 + " of a file", Want: backbone.Float32 + ", " + backbone.Float16 + " or " + backbone.Int8,
			Hint: "it is a way of running a network of " + backbone.Float32 + ": leave it out"}
	}
	if j.Format != WholeONNX && j.Format != Bundle {
		return nil, nil, &invalid.Error{Field: "Images.Precision", Found: fmt.Sprintf("%s with the format %s", j.Images.Precision, j.Format),
			Want: "the format " + WholeONNX + " or " + Bundle + ", which have the network", Hint: "leave it out"}
	}
	if b := r.Config.Backbone; b != nil && b.Precision != nil {
		return nil, nil, &invalid.Error{Field: "Images.Precision", Found: fmt.Sprintf("%s for a run that was trained in %s", j.Images.Precision, b.Precision.Precision),
			Hint: "leave it out: the run is exported as it is"}
	}
	items, err := j.items(ctx, r, mostPrecisionImages)
	if err != nil {
		return nil, nil, err
	}
	images := j.Images
	net, err := r.OpenNetwork(&images)
	if err != nil {
		return nil, nil, err
	}
	low, err := net.Lower(ctx, items, 0, j.Threads, j.Progress)
	if err != nil {
		return nil, nil, err
	}
	info := low.PrecisionInfo()
	if info == nil { // auto
		j.Images.Precision = ""
		return r, nil, nil
	}
	about := r.Head.Description()
	if about.Origin.Backbone, err = backbone.FileDigest(ctx, low.Backbone); err != nil {
		return nil, nil, err
	}
	about.Origin.Tap = low.Tap
	lowered := *r
	if lowered.Head, err = head.New(r.Head.Network(), about); err != nil {
		return nil, nil, err
	}
	loss := &PrecisionLoss{PrecisionInfo: *info}
	exact := j.Images
	j.Images = features.Images{Backbone: low.Backbone, Library: j.Images.Library}
	exact.Precision = ""
	return &lowered, loss, j.compareAnswers(ctx, r, &lowered, exact, loss)
}

// mostPrecisionImages is about how many images of a run its network is made cheaper with.
const mostPrecisionImages = 768

// compareAnswers compares the answers of the run with those of the one whose network is cheaper.
func (j *Job) compareAnswers(ctx context.Context, r, lowered *run.Run, exact features.Images, loss *PrecisionLoss) error {
	workers := cores.Of(j.Threads)
	p, err := r.Predictor(run.PredictorOptions{Images: exact, TTA: j.TTA, Workers: workers})
	if err != nil {
		return err
	}
	defer p.Close()
	q, err := lowered.Predictor(run.PredictorOptions{Images: j.Images, TTA: j.TTA, Workers: workers})
	if err != nil {
		return err
	}
	defer q.Close()
	items, err := j.items(ctx, r, comparedImages)
	if err != nil {
		return err
	}
	return loss.compare(ctx, p, q, items)
}

func (l *PrecisionLoss) compare(ctx context.Context, p, q *run.Predictor, items []dataset.Item) error {
	for _, item := range items {
		file, err := read(ctx, item)
		if err != nil && !invalid.Is(err) {
			return err
		}
		if err != nil {
			continue
		}
		want, err := p.Predict(ctx, file)
		if invalid.Is(err) {
			continue
		}
		if err != nil {
			return err
		}
		got, err := q.Predict(ctx, file)
		if err != nil {
			return err
		}
		most := 0.0
		for k, v := range want.Probabilities {
			most = max(most, float64(max(v-got.Probabilities[k], got.Probabilities[k]-v)))
		}
		l.Images++
		l.Difference += most
		l.Largest = max(l.Largest, most)
		if want.Index != got.Index {
			l.Changed++
		}
	}
	if l.Images > 0 {
		l.Difference /= float64(l.Images)
	}
	return nil
}
