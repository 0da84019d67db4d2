package report

import "fmt"

// The size of a small distribution in pixels.
const (
	barsWidth, barsHeight = 148, 44
	marksHeight           = 22
)

// A distribution is a bar chart of one image's class probabilities, lowest class left, with marks for label and
// prediction below.
type distribution struct {
	Width, Height, Base  int
	Bars                 []bar
	Label, Predicted     string // x of the marks
	LabelAt, PredictedAt string // y of the marks
	RangeFrom, RangeTo   string // x of the ends of the prediction interval; "" without one
	Title                string
}

// A bar is the probability of one class, or of several adjacent classes if there are more than maxCells.
type bar struct {
	X, Y, Width, Height string
	Title               string
}

// newDistribution draws probabilities. A bar of probability top has the full height.
func newDistribution(classes []Class, im *Image, top float64) distribution {
	list := bands(len(classes))
	width := float64(barsWidth) / float64(len(list))
	d := distribution{Width: barsWidth, Height: barsHeight + marksHeight, Base: barsHeight,
		LabelAt: px(barsHeight + 7), PredictedAt: px(barsHeight + 17)}
	for i, b := range list {
		var p float64
		for k := b.first; k < b.end; k++ {
			p += im.Probabilities[k]
		}
		name := classes[b.first].Name
		if b.end-b.first > 1 {
			name += " … " + classes[b.end-1].Name
		}
		height := float64(barsHeight) * min(1, p/top)
		d.Bars = append(d.Bars, bar{px(width*float64(i) + width*.08), px(barsHeight - height), px(width * .84),
			px(height), fmt.Sprintf("%s: %.1f %%", name, 100*p)})
		if r := im.Range; r != nil {
			if r[0] >= b.first && r[0] < b.end {
				d.RangeFrom = px(width * float64(i))
			}
			if r[1] >= b.first && r[1] < b.end {
				d.RangeTo = px(width * float64(i+1))
			}
		}
		middle := px(width * (float64(i) + .5))
		if im.Label >= b.first && im.Label < b.end {
			d.Label = middle
		}
		if im.Predicted >= b.first && im.Predicted < b.end {
			d.Predicted = middle
		}
	}
	d.Title = fmt.Sprintf("Class probabilities: %.0f %% for the prediction %s", 100*im.Probabilities[im.Predicted], classes[im.Predicted].Name)
	if im.Label >= 0 {
		d.Title += fmt.Sprintf(", %.0f %% for the label %s", 100*im.Probabilities[im.Label], classes[im.Label].Name)
	}
	if im.Range != nil {
		d.Title += ", prediction interval " + formatRange(classes, im.Range)
	}
	return d
}

// formatRange names the classes of a prediction interval.
func formatRange(classes []Class, r *[2]int) string {
	if r[0] == r[1] {
		return classes[r[0]].Name
	}
	return classes[r[0]].Name + " to " + classes[r[1]].Name
}

// maxBar returns the largest bar of all images, their common scale.
func maxBar(k int, galleries ...Gallery) float64 {
	top := 0.0
	for _, g := range galleries {
		for _, im := range g.Images {
			for _, b := range bands(k) {
				var p float64
				for i := b.first; i < b.end; i++ {
					p += im.Probabilities[i]
				}
				top = max(top, p)
			}
		}
	}
	return max(top, 1e-9)
}
