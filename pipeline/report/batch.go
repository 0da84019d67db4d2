package report

import (
	"fmt"
	"io"

	"finetune/pipeline/metrics"
)

// Batch is the content of the page of a batch of images that a run labelled: of a prediction, or, with Measured, of an
// evaluation.
type Batch struct {
	Finetune   string           `json:"finetune"`
	Source     string           `json:"source"` // the path of the images
	Model      string           `json:"model"`  // the run
	Classes    []BatchClass     `json:"classes"`
	Before     string           `json:"before"` // what BatchClass.Before counts; "" where it isn't known
	Images     int64            `json:"images"` // that were labelled
	Unreadable []Setting        `json:"unreadable"`
	Errors     int64            `json:"errors"` // images that couldn't be read, of which Unreadable has the first
	Unfamiliar *BatchUnfamiliar `json:"unfamiliar,omitempty"`
	Review     int64            `json:"review"`       // images marked for a person's look
	Share      float64          `json:"review_share"` // of ordinary images that are to be marked
	Decision   string           `json:"decision"`
	Ranged     bool             `json:"ranged"` // images have prediction intervals
	Strange    Gallery          `json:"strange"`
	Unsure     Gallery          `json:"unsure"`
	Measured   *Measured        `json:"measured,omitempty"`
	Notes      []string         `json:"notes"`
}

// A BatchClass is a class with the images that it was predicted for.
type BatchClass struct {
	Name      string  `json:"name"`
	Before    float64 `json:"before"` // images of it before
	Predicted int64   `json:"predicted"`
}

// BatchUnfamiliar counts images that are unlike the training images.
type BatchUnfamiliar struct {
	N        int64   `json:"n"`
	Expected float64 `json:"expected"` // share of ordinary images that count as such
}

// Measured are the figures of an evaluation.
type Measured struct {
	Metrics metrics.Report `json:"metrics"`
	Soft    [][]float64    `json:"soft"` // as in Data
	Groups  int            `json:"groups"`
	// Of the images marked for review, and of the others, the share whose answer is wrong; NaN of none.
	ReviewError, OthersError metrics.Number
	Column                   string // as in Data
	Parts                    []metrics.Part
}

// WriteBatch writes the page of a batch.
func WriteBatch(w io.Writer, b Batch) error {
	if len(b.Classes) < 2 {
		return fmt.Errorf("report: %d classes", len(b.Classes))
	}
	d := b.data()
	if b.Measured != nil {
		if err := d.check(); err != nil {
			return err
		}
	}
	for _, g := range []Gallery{b.Strange, b.Unsure} {
		for _, im := range g.Images {
			if len(im.Probabilities) != len(b.Classes) || im.Predicted < 0 || im.Predicted >= len(b.Classes) || im.Label < -1 || im.Label >= len(b.Classes) {
				return fmt.Errorf("report: %s: classes or probabilities beyond %d classes", im.Path, len(b.Classes))
			}
		}
	}
	return execute(w, "batch.tmpl", newBatchView(&b, d))
}

// data returns what the parts of a run's page need.
func (b *Batch) data() *Data {
	d := &Data{Decision: b.Decision, HeldOut: "test"}
	for i, c := range b.Classes {
		d.Classes = append(d.Classes, Class{Name: c.Name})
		if b.Measured != nil && i < len(b.Measured.Metrics.PerClass) {
			d.Classes[i].HeldOut = b.Measured.Metrics.PerClass[i].Support
		}
	}
	if m := b.Measured; m != nil {
		d.Metrics, d.Soft, d.Groups, d.Column, d.Parts = m.Metrics, m.Soft, m.Groups, m.Column, m.Parts
	}
	return d
}

// A batchView is the input of batch.tmpl.
type batchView struct {
	*Batch
	sheet
	Page      *view // the parts of a run's page; nil for a prediction
	Summary   []remark
	Rows      []batchRow
	Galleries []gallery
}

// A batchRow is a class in the table of answers.
type batchRow struct {
	Name, Share, Before string
	Images              int64
	Bar, BarBefore      bar
}

func newBatchView(b *Batch, d *Data) *batchView {
	v := &batchView{Batch: b, sheet: fileSheet("prediction"), Summary: b.summary(), Rows: b.rows()}
	if b.Measured != nil {
		v.Kind, v.Page = "evaluation", newView(d)
	}
	cards := cardBuilder{data: d, top: maxBar(len(d.Classes), b.Strange, b.Unsure), explained: map[string]bool{}}
	evidence := func(im *Image) string {
		return fmt.Sprintf("spread ±%.1f classes; probability of the answer %s", im.Spread, share(im.Probabilities[im.Predicted]))
	}
	if b.Unfamiliar != nil {
		v.Galleries = append(v.Galleries, cards.fill(gallery{ID: "strange", Name: "Unfamiliar images", Mark: "answer", Count: shownOf(b.Strange, "most unlike", "image"),
			About: "Images that are unlike those that the model was trained on, the most unlike first. It gives an answer all the same; don't rely on it.",
			None:  "No image is unlike the training images."}, b.Strange, openCards, d.Decision, evidence))
	}
	v.Galleries = append(v.Galleries, cards.fill(gallery{ID: "unsure", Name: "Least certain answers", Mark: "answer", Count: shownOf(b.Unsure, "least certain", "image"),
		About: "Images whose probabilities are spread the widest over the classes. Look at these yourself.", None: "There are none."}, b.Unsure, openCards, d.Decision, evidence))
	for i := range v.Galleries {
		v.Galleries[i].Ranged = b.Ranged
	}
	return v
}

// summary states what was found in sentences.
func (b *Batch) summary() []remark {
	text := fmt.Sprintf("%s labelled by %s.", count(int(b.Images), "image"), b.Model)
	if b.Errors > 0 {
		text += fmt.Sprintf(" %s couldn't be read.", count(int(b.Errors), "image"))
	}
	out := []remark{{"Images", text}}
	if u := b.Unfamiliar; u != nil && b.Images > 0 {
		text := fmt.Sprintf("%s (%s) %s unlike the training images. Of ordinary images about %s are.", count(int(u.N), "image"),
			share(float64(u.N)/float64(b.Images)), isOrAre(int(u.N)), share(u.Expected))
		// Three times the expected share, and three images, aren't chance.
		if u.N > 3 && float64(u.N) > 3*u.Expected*float64(b.Images) {
			text += " These are many: the images may come from another camera, place or kind of subject than the training images."
		}
		out = append(out, remark{"Unfamiliar", text})
	}
	if m := b.Measured; m != nil {
		out = append(out, measuredRemarks(&m.Metrics)...)
		if b.Review > 0 && m.ReviewError.Defined() {
			out = append(out, remark{"For a person to look at", fmt.Sprintf("%s marked. %s of their answers are wrong, and %s of the others.",
				count(int(b.Review), "image"), percent.number(m.ReviewError), percent.number(m.OthersError))})
		}
	} else if b.Unfamiliar != nil && b.Share > 0 {
		out = append(out, remark{"For a person to look at", fmt.Sprintf("%s %s marked (column review). Of ordinary images about %s are.",
			count(int(b.Review), "image"), isOrAre(int(b.Review)), share(b.Share))})
	}
	return out
}

// measuredRemarks states figures of an evaluation in sentences.
func measuredRemarks(r *metrics.Report) []remark {
	out := []remark{comparedWithBaseline(r)}
	out = append(out, ratersRemark(r)...)
	return append(out, calibrationRemark(r))
}

// rows compares how often each class is the answer with how often it was before.
func (b *Batch) rows() []batchRow {
	before, most := 0.0, 0.0
	for _, c := range b.Classes {
		before += c.Before
	}
	of := func(n, all float64) float64 {
		if all == 0 {
			return 0
		}
		return n / all
	}
	for _, c := range b.Classes {
		most = max(most, of(float64(c.Predicted), float64(b.Images)), of(c.Before, before))
	}
	var rows []batchRow
	for _, c := range b.Classes {
		now, then := of(float64(c.Predicted), float64(b.Images)), of(c.Before, before)
		r := batchRow{Name: c.Name, Images: c.Predicted, Share: share(now), Before: "–"}
		r.Bar = bar{Y: "0", Width: px(batchBar * of(now, most)), Height: "9"}
		r.BarBefore = bar{Y: "11", Width: px(batchBar * of(then, most)), Height: "9"}
		if before > 0 {
			r.Before = share(then)
		}
		rows = append(rows, r)
	}
	return rows
}

// batchBar is the width of the longest bar in the table of answers, in pixels.
const batchBar = 180
