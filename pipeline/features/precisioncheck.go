package features

import (
	"context"
	"fmt"
	"math"

	"finetune/head/closedform"
	"finetune/loss"
	"finetune/pipeline/dataset"
	"finetune/pipeline/progress"
)

// A PrecisionCheck compares the features of a cheaper network with those of float32, on images that it wasn't made with.
type PrecisionCheck struct {
	Images int     `json:"images"`
	Cosine float64 `json:"cosine"`       // of the features: the mean
	Least  float64 `json:"least_cosine"` // the least

	// Of labelled images: the MAE, in classes, of a linear head in closed form, fitted to these images alone and to each kind of
	// features. Each image is predicted by a fit without it.
	Compared    bool    `json:"compared"`
	MAE         float64 `json:"mae"`
	FloatMAE    float64 `json:"float32_mae"`
	Difference  float64 `json:"mae_difference"`           // above 0: something was lost
	Uncertainty float64 `json:"mae_difference_std_error"` // of the difference, from image to image
}

// What auto accepts: a mean cosine, and a difference of the MAE that chance explains.
const (
	lowestAutoCosine = 0.98
	mostErrors       = 1.645 // standard errors: a loss is wrongly seen in 5 % of all cases
)

// lost reports whether the features are worse than chance explains.
func (c *PrecisionCheck) lost() bool {
	return !(c.Cosine >= lowestAutoCosine) || c.Compared && c.Difference > mostErrors*c.Uncertainty
}

// String says what was lost.
func (c *PrecisionCheck) String() string {
	text := fmt.Sprintf("%d other images: cosine of the features with those of float32 %.4f (least %.4f)", c.Images, c.Cosine, c.Least)
	if c.Compared {
		text += fmt.Sprintf("; MAE of a head on these alone %.3f, with float32 %.3f, difference %+.3f ± %.3f", c.MAE, c.FloatMAE, c.Difference, c.Uncertainty)
	}
	return text
}

// leastCompared is the number of labelled images from which a head is fitted to them.
const leastCompared = 30

// check brings the features of the checked images with both networks, from the cache where they are.
func (l *lowering) check(ctx context.Context, low Images) (*PrecisionCheck, error) {
	plain := l.net.images
	plain.Precision, plain.Views, plain.adopted = "", 1, low.adopted
	low.Views = 1
	exact, _, err := rowsOf(ctx, plain, l.checked, l.threads)
	if err != nil {
		return nil, err
	}
	rows, items, err := rowsOf(ctx, low, l.checked, l.threads)
	if err != nil {
		return nil, err
	}
	if len(items) == 0 || len(rows) != len(exact) {
		return nil, fmt.Errorf("compare precisions: %d and %d numbers of features of %d images", len(rows), len(exact), len(items))
	}
	c := &PrecisionCheck{Images: len(items), Least: 1}
	cols := len(rows) / len(items)
	for i := range items {
		v := cosine(rows[i*cols:][:cols], exact[i*cols:][:cols])
		c.Cosine += v / float64(len(items))
		c.Least = min(c.Least, v)
	}
	return c, l.compareFigures(ctx, c, items, rows, exact)
}

// compareFigures fits a head to each kind of features, where the images have labels.
func (l *lowering) compareFigures(ctx context.Context, c *PrecisionCheck, items []dataset.Item, rows, exact []float32) error {
	if l.classes < 2 || len(items) < leastCompared {
		return nil
	}
	seen := map[int]bool{}
	for _, item := range items {
		seen[item.Label] = true
	}
	if len(seen) < 2 || seen[-1] {
		return nil
	}
	mistakes, err := l.mistakes(ctx, items, rows)
	if err != nil {
		return err
	}
	before, err := l.mistakes(ctx, items, exact)
	if err != nil {
		return err
	}
	n := float64(len(items))
	var sum, squares float64
	for i, e := range mistakes {
		c.MAE, c.FloatMAE = c.MAE+e/n, c.FloatMAE+before[i]/n
		d := e - before[i]
		sum, squares = sum+d, squares+d*d
	}
	c.Compared, c.Difference = true, sum/n
	c.Uncertainty = math.Sqrt(max(0, squares/n-c.Difference*c.Difference) / (n - 1))
	return nil
}

// mistakes returns by how many classes each image is predicted wrongly.
func (l *lowering) mistakes(ctx context.Context, items []dataset.Item, rows []float32) ([]float64, error) {
	k := l.classes
	p := closedform.Problem{Cols: len(rows) / len(items), Data: rows, Targets: make([]float32, len(items)*k), Loss: loss.Config{Name: loss.XEMD2, Classes: k, Lambda: 1}}
	for i, item := range items {
		loss.OneHot(p.Targets[i*k:(i+1)*k], item.Label)
	}
	fitted, err := closedform.Fit(ctx, p, closedform.Options{Threads: l.threads})
	if err != nil {
		return nil, err
	}
	list := make([]float64, len(items))
	for i, item := range items {
		class, sum := 0, 0.0
		for ; class < k-1; class++ {
			if sum += float64(fitted.Probabilities[i*k+class]); sum >= 0.5 {
				break
			}
		}
		list[i] = math.Abs(float64(class - item.Label))
	}
	return list, nil
}

// rowsOf brings the features of items, and returns those that could be read.
func rowsOf(ctx context.Context, i Images, items []dataset.Item, threads int) (rows []float32, read []dataset.Item, err error) {
	everything := 1.0
	i.MaxUnreadable, i.Strict = &everything, false
	x, err := StartExtractor(i, threads, len(items), progress.None{})
	if err != nil {
		return nil, nil, err
	}
	defer x.Close()
	_, err = x.Extract(ctx, items, func(int) int { return 1 }, func(b Block) error {
		for k, item := range b.Read {
			rows, read = append(rows, b.RowsOf(k)...), append(read, items[item])
		}
		return nil
	})
	return rows, read, err
}

func cosine(a, b []float32) float64 {
	var ab, aa, bb float64
	for k, x := range a {
		x, y := float64(x), float64(b[k])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	if aa == 0 || bb == 0 {
		return 0
	}
	return ab / math.Sqrt(aa*bb)
}
