package report

import (
	"fmt"

	"finetune/pipeline/metrics"
)

// Learning is a learning curve: models that were trained on shares of the images.
type Learning struct {
	Points  []LearningPoint  `json:"points"`  // by number of images, ascending
	ByClass []LearningChange `json:"classes"` // of each class, what the last doubling changed
}

// A LearningPoint is a model on a share of the images.
type LearningPoint struct {
	Images      int               `json:"images"`
	MAE         metrics.Number    `json:"mae"`
	MAEInterval [2]metrics.Number `json:"mae_interval"`
	RPS         metrics.Number    `json:"rps"`
	RPSInterval [2]metrics.Number `json:"rps_interval"`
}

// A LearningChange is the change of a class's mean error.
type LearningChange struct {
	Change   metrics.Number    `json:"change"`
	Interval [2]metrics.Number `json:"interval"`
}

// A learningView is the input of learning.tmpl.
type learningView struct {
	Rows    []learningRow
	Classes []learningClass
}

type learningRow struct{ Images, MAE, MAEInterval, RPS, RPSInterval string }

type learningClass struct{ Name, Change, Interval, Verdict string }

func newLearningView(d *Data) *learningView {
	if d.Learning == nil || len(d.Learning.Points) < 2 {
		return nil
	}
	v := &learningView{}
	for _, p := range d.Learning.Points {
		v.Rows = append(v.Rows, learningRow{fmt.Sprint(p.Images), plain.number(p.MAE), plain.interval(p.MAEInterval), plain.number(p.RPS), plain.interval(p.RPSInterval)})
	}
	for i, c := range d.Learning.ByClass {
		row := learningClass{Name: d.Classes[i].Name, Change: plain.signed(c.Change), Interval: "–", Verdict: "too few images"}
		if c.Interval[0].Defined() {
			row.Interval = plain.signed(c.Interval[0]) + " to " + plain.signed(c.Interval[1])
			row.Verdict = map[string]string{better: "helped", worse: "did harm", notSignificant: "not proven"}[verdict(c.Interval, 0, false)]
		}
		v.Classes = append(v.Classes, row)
	}
	return v
}
