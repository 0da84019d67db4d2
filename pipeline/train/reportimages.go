package train

import (
	"cmp"
	"context"
	"math"
	"slices"

	"finetune/pipeline/crossval"
	"finetune/pipeline/metrics"
	"finetune/pipeline/report"
	"finetune/pipeline/run"
)

// A galleryMaker picks held-out images for the report and makes their thumbnails, each once.
type galleryMaker struct {
	said         *crossval.Predictions
	withoutFiles bool // the features came alone: there is nothing to show
	made         map[int]report.Image
	pictures     run.Pictures
}

// worst returns the items that were answered wrongly, those furthest off first; of equals, those whose whole distribution
// lies further from the label.
func (g *galleryMaker) worst() []int {
	off := func(i int) float64 { return math.Abs(float64(g.said.Classes[i] - g.said.Items[i].Label)) }
	wrong := func(i int) bool { return off(i) > 0 }
	return g.sorted(wrong, func(i int) [2]float64 {
		return [2]float64{off(i), metrics.ExpectedDistance(g.distribution(i), g.said.Items[i].Label)}
	})
}

// leastSure returns all items, those with the widest distribution around their answer first.
func (g *galleryMaker) leastSure() []int {
	return g.sorted(func(int) bool { return true }, func(i int) [2]float64 { return [2]float64{g.spread(i)} })
}

// sorted returns the items that keep wants, by falling keys and then in their order.
func (g *galleryMaker) sorted(keep func(i int) bool, key func(i int) [2]float64) []int {
	var index []int
	keys := make([][2]float64, len(g.said.Items))
	for i := range g.said.Items {
		if keep(i) {
			index, keys[i] = append(index, i), key(i)
		}
	}
	slices.SortStableFunc(index, func(a, b int) int {
		return cmp.Or(cmp.Compare(keys[b][0], keys[a][0]), cmp.Compare(keys[b][1], keys[a][1]))
	})
	return index
}

func (g *galleryMaker) distribution(i int) []float64 {
	row := g.said.Row(i)
	p := make([]float64, len(row))
	for c, v := range row {
		p[c] = float64(v)
	}
	return p
}

func (g *galleryMaker) spread(i int) float64 {
	return metrics.ExpectedDistance(g.distribution(i), g.said.Classes[i])
}

// gallery shows the first of the items. An image that can't be shown for its own fault stays without a picture; other errors are
// failures of the machine or the end of ctx.
func (g *galleryMaker) gallery(ctx context.Context, index []int) (report.Gallery, error) {
	out := report.Gallery{Total: len(index)}
	for _, i := range index[:min(report.GallerySize, len(index))] {
		if err := ctx.Err(); err != nil {
			return out, err
		}
		im, err := g.image(ctx, i)
		if err != nil {
			return out, err
		}
		out.Images = append(out.Images, im)
	}
	return out, nil
}

func (g *galleryMaker) image(ctx context.Context, i int) (report.Image, error) {
	if im, ok := g.made[i]; ok {
		return im, nil
	}
	item := g.said.Items[i]
	im := report.Image{Path: item.Path, Label: item.Label, Predicted: g.said.Classes[i], Probabilities: g.distribution(i), Spread: g.spread(i)}
	if g.said.Low != nil {
		im.Range = &[2]int{g.said.Low[i], g.said.High[i]}
	}
	if !g.withoutFiles {
		var err error
		if im.Thumbnail, im.Missing, err = g.pictures.Of(ctx, item); err != nil {
			return im, err
		}
	}
	g.made[i] = im
	return im, nil
}
