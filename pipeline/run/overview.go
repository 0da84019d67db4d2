package run

import (
	"cmp"
	"context"
	"io"
	"slices"

	"finetune/head"
	"finetune/internal/store/atomicfile"
	"finetune/pipeline/artifact"
	"finetune/pipeline/calibration"
	"finetune/pipeline/dataset"
	"finetune/pipeline/familiarity"
	"finetune/pipeline/metrics"
	"finetune/pipeline/report"
)

// An overview gathers what the page of a batch of images shows, image by image. Memory doesn't grow with their number.
type overview struct {
	head    *head.Head
	known   *familiarity.Model // nil where the run doesn't know its training images
	classes []int64            // images by predicted class
	page    report.Batch
	unsure  shortlist // by the expected RPS of the distribution
	strange shortlist // by the distance from the training images
}

func newOverview(r *Run, known *familiarity.Model, source string) *overview {
	o := &overview{head: r.Head, known: known, classes: make([]int64, r.Head.Space().Len())}
	d := r.Head.Description()
	o.page = report.Batch{Finetune: artifact.Version(), Source: source, Model: r.Folder, Decision: string(d.Decision), Ranged: d.Sets.Coverage > 0}
	before := make([]float64, len(o.classes))
	switch {
	case known != nil && known.Predicted() != nil:
		o.page.Before = "predictions for images like the training images, which the model wasn't trained on"
		copy(before, known.Predicted())
	case len(r.Config.Classes) == len(before):
		o.page.Before = "labels of the training data"
		for i, c := range r.Config.Classes {
			before[i] = float64(c.Count)
		}
	}
	for i, name := range r.Head.Space().Classes() {
		o.page.Classes = append(o.page.Classes, report.BatchClass{Name: name, Before: before[i]})
	}
	if known != nil {
		o.page.Unfamiliar = &report.BatchUnfamiliar{Expected: known.ExpectedUnfamiliar()}
	}
	return o
}

// add takes an image with its distribution and what was found of it; label is -1 where there is none.
func (o *overview) add(item dataset.Item, probs []float32, class, label int, v *familiarity.Verdict) {
	o.page.Images++
	o.classes[class]++
	s := seen{item: item, probs: probs, class: class, label: label}
	s.key = metrics.ExpectedRPS(probs)
	o.unsure.add(s)
	if v == nil {
		return
	}
	if v.Review {
		o.page.Review++
	}
	if v.Unfamiliar {
		o.page.Unfamiliar.N++
		s.key = v.Distance
		o.strange.add(s)
	}
}

// failed takes an image that couldn't be read.
func (o *overview) failed(path string, reason error) {
	if o.page.Errors++; len(o.page.Unreadable) < maxListed {
		o.page.Unreadable = append(o.page.Unreadable, report.Setting{Name: path, Value: reason.Error()})
	}
}

// write makes the pictures and writes the page.
func (o *overview) write(ctx context.Context, path string) error {
	for i, n := range o.classes {
		o.page.Classes[i].Predicted = n
	}
	var pictures Pictures
	made := map[string]report.Image{}
	for _, g := range []struct {
		to    *report.Gallery
		from  []seen
		total int64
	}{{&o.page.Unsure, o.unsure.list, o.page.Images}, {&o.page.Strange, o.strange.list, o.strange.seen}} {
		g.to.Total = int(g.total)
		for _, s := range g.from {
			im, there := made[s.item.Path]
			if !there {
				var err error
				if im, err = o.image(ctx, &pictures, s); err != nil {
					return err
				}
				made[s.item.Path] = im
			}
			g.to.Images = append(g.to.Images, im)
		}
	}
	return atomicfile.Write(path, func(w io.Writer) error { return report.WriteBatch(w, o.page) })
}

func (o *overview) image(ctx context.Context, pictures *Pictures, s seen) (report.Image, error) {
	im := report.Image{Path: s.item.Path, Label: s.label, Predicted: s.class}
	for _, p := range s.probs {
		im.Probabilities = append(im.Probabilities, float64(p))
	}
	im.Spread = metrics.ExpectedDistance(im.Probabilities, s.class)
	if d := o.head.Description(); d.Sets.Coverage > 0 {
		low, high := calibration.Interval(s.probs, s.class, d.Sets.Threshold)
		im.Range = &[2]int{low, high}
	}
	if s.item.File == "" && s.item.Open == nil {
		return im, nil // of a feature folder
	}
	var err error
	im.Thumbnail, im.Missing, err = pictures.Of(ctx, s.item)
	return im, err
}

// A seen image is kept for the page.
type seen struct {
	key          float64
	item         dataset.Item
	probs        []float32
	class, label int
}

// A shortlist keeps the images of the highest keys, the highest first, and of equal ones the earlier.
type shortlist struct {
	list []seen
	seen int64
}

func (l *shortlist) add(s seen) {
	l.seen++
	at, _ := slices.BinarySearchFunc(l.list, s, func(a, b seen) int { return cmp.Or(cmp.Compare(b.key, a.key), -1) })
	if at >= report.GallerySize {
		return
	}
	s.probs = slices.Clone(s.probs)
	l.list = slices.Insert(l.list, at, s)
	l.list = l.list[:min(len(l.list), report.GallerySize)]
}
