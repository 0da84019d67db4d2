package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"finetune/pipeline/metrics"
)

// batch returns the page of some images without labels.
func batch(names []string) Batch {
	b := Batch{Finetune: "test", Source: "new/", Model: "run", Before: "labels of the training data", Images: 200, Errors: 1, Review: 40, Share: 0.2,
		Unreadable: []Setting{{"x.jpg", "no image"}}, Unfamiliar: &BatchUnfamiliar{N: 30, Expected: 0.01}, Decision: "median", Ranged: true}
	for i, name := range names {
		b.Classes = append(b.Classes, BatchClass{Name: name, Before: float64(10 * i), Predicted: int64(i)})
	}
	p := make([]float64, len(names))
	p[0], p[1] = 0.4, 0.6
	for i := range 3 {
		im := Image{Path: fmt.Sprintf("%d.jpg", i), Label: -1, Probabilities: p, Thumbnail: []byte("jpeg"), Range: &[2]int{0, 1}}
		b.Unsure.Images, b.Strange.Images = append(b.Unsure.Images, im), append(b.Strange.Images, im)
	}
	b.Unsure.Total, b.Strange.Total = 200, 30
	return b
}

func writtenBatch(t *testing.T, b Batch) string {
	t.Helper()
	var page bytes.Buffer
	if err := WriteBatch(&page, b); err != nil {
		t.Fatal(err)
	}
	return page.String()
}

func TestWriteBatch(t *testing.T) {
	page := writtenBatch(t, batch(grades))
	for _, part := range []string{"200 images labelled by run. 1 image couldn", "30 images (15.0 %) are unlike the training images", "These are many",
		"40 images are marked", "The 3 most unlike of 30 images.", "beside labels of the training data", "this the tallest bar?", "x.jpg"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	for _, part := range []string{"ZgotmplZ", "label <b>", "Confusion"} {
		if strings.Contains(page, part) {
			t.Errorf("the page has %q", part)
		}
	}
	if !IsPage([]byte(page)) || IsPage([]byte("<!DOCTYPE html><p>mine")) {
		t.Error("IsPage takes other pages for its own, or its own for others")
	}
	evil := []string{"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "c"}
	b := batch(evil)
	b.Source, b.Model, b.Unreadable[0].Value, b.Strange.Images[0].Path = evil[0], evil[1], evil[0], evil[1]
	elements, attributes := shape(t, writtenBatch(t, b))
	plainElements, plainAttributes := shape(t, page)
	if fmt.Sprint(elements, attributes) != fmt.Sprint(plainElements, plainAttributes) {
		t.Errorf("names change the page's structure:\n%v\n%v", elements, plainElements)
	}
}

// TestWriteBatchMeasured checks the page of an evaluation: figures, a column and raters.
func TestWriteBatchMeasured(t *testing.T) {
	d := sample(t, grades, 60)
	d.Metrics.Raters = &metrics.Raters{N: 50, Spread: 0.5, MAE: 0.4}
	b := batch(grades)
	b.Measured = &Measured{Metrics: d.Metrics, Soft: d.Soft, ReviewError: 0.5, OthersError: 0.25, Column: "site",
		Parts: []metrics.Part{{Value: "north", N: 12, Figures: metrics.Figures{Accuracy: 0.5, MAE: 0.7}}}}
	b.Unsure.Images[0].Label = 2
	page := writtenBatch(t, b)
	for _, part := range []string{"finetune evaluation", "By site", "north", "12 *", "Two raters of an image differ by 0.50 classes", "50.0 % of their answers are wrong",
		"risk–coverage curve", "label <b>poor</b>", `id="confusion"`} {
		if !strings.Contains(page, part) {
			t.Errorf("the page lacks %q", part)
		}
	}
	if b.Measured.Parts[0].N = 20; strings.Contains(writtenBatch(t, b), "* fewer than 20 images") {
		t.Error("the page explains a star that no part has")
	}
	b.Measured.Soft = nil
	if err := WriteBatch(&bytes.Buffer{}, b); err == nil {
		t.Error("a page of parts that disagree was written")
	}
	b = batch(grades)
	b.Unsure.Images[0].Predicted = 3
	if err := WriteBatch(&bytes.Buffer{}, b); err == nil {
		t.Error("a page with a class that isn't there was written")
	}
}
