package features

import (
	"fmt"
	"strconv"
	"strings"

	"finetune/augment"
	"finetune/invalid"
	"finetune/pipeline/dataset"
)

// DefaultAugment is what views may change by default.
const DefaultAugment = augment.All

// AllViews stands for the number of views that the head was trained on, or for the image and its mirror image if that
// was one.
const AllViews = -1

// A ViewConfig is the part of config.json about the views of images. It is absent if only the images themselves were
// used.
type ViewConfig struct {
	Train   int `json:"train"`   // views of a training image, itself included
	Predict int `json:"predict"` // views that a prediction is the mean of
	augment.Plan
}

// String describes the views.
func (v ViewConfig) String() string {
	trained, predicted := "trained on the images alone", "predictions are of the image alone"
	if v.Train > 1 {
		trained = fmt.Sprintf("trained on %d views of each image", v.Train)
	}
	if v.Predict > 1 {
		predicted = fmt.Sprintf("predictions are the mean over %d", v.Predict)
	}
	if v.Kinds == 0 { // unknown for a feature folder without meta.json
		return trained + ", " + predicted
	}
	return fmt.Sprintf("%s, %s (%s; seed %d)", trained, predicted, strings.ReplaceAll(v.Kinds.String(), ",", ", "), v.Seed)
}

// Rows is the number of views of an image that are needed at most.
func (v ViewConfig) Rows() int { return max(v.Train, v.Predict) }

// plain reports whether it is the pictures alone.
func (v ViewConfig) Plain() bool { return v.Rows() == 1 }

// Average describes the views that a prediction is the mean of, for the file of a head; "" for the image alone.
func (v ViewConfig) Average() string {
	if v.Predict == 1 {
		return ""
	}
	return fmt.Sprintf("count=%d augment=%s seed=%d", v.Predict, v.Kinds, v.Seed)
}

// ParseAverage reads what [ViewConfig.Average] wrote.
func ParseAverage(text string) (ViewConfig, error) {
	v := ViewConfig{Train: 1, Predict: 1}
	for _, field := range strings.Fields(text) {
		var err error
		switch key, value, _ := strings.Cut(field, "="); key {
		case "count":
			v.Predict, err = strconv.Atoi(value)
		case "augment":
			err = v.Kinds.UnmarshalText([]byte(value))
		case "seed":
			v.Seed, err = strconv.ParseUint(value, 10, 64)
		}
		if err != nil || v.Predict < 1 || v.Predict > augment.Most {
			return v, fmt.Errorf("the views %q that predictions are the mean of can't be read", text)
		}
	}
	return v, nil
}

// ResolveViews returns the views to train on and, by tta, those to predict from; 0 is the image alone.
func ResolveViews(i Images, tta int) (ViewConfig, error) {
	v := ViewConfig{Train: i.views(), Predict: tta, Plan: i.plan()}
	switch {
	case tta == 0:
		v.Predict = 1
	case tta == AllViews && v.Train > 1:
		v.Predict = v.Train
	case tta == AllViews:
		v.Predict = 2
	}
	if err := v.Check("Images.Views", v.Train); err != nil {
		return v, err
	}
	if err := v.Check("TTA", v.Predict); err != nil {
		return v, err
	}
	if v.Train > 1 && v.Predict > v.Train {
		return v, &invalid.Error{Field: "TTA", Found: fmt.Sprintf("%d with {Images.Views} %d", v.Predict, v.Train),
			Want: "no more views to predict from than to train on", Hint: "raise {Images.Views}"}
	}
	return v, nil
}

// UseAs makes a table average the views of a run, if it has them.
func (t *Table) UseAs(v ViewConfig) error {
	if err := t.use(Images{}, v.Predict); err != nil {
		return err
	}
	if t.Views.Kinds != 0 && !same(t.Views.Plan, v.Plan, v.Predict) {
		return &invalid.Error{Field: "Features", Found: fmt.Sprintf("views made with {Images.Augment.Kinds} %v, {Images.Augment.Seed} %d", t.Views.Kinds, t.Views.Seed),
			Want: fmt.Sprintf("{Images.Augment.Kinds} %v, {Images.Augment.Seed} %d, as the run has it", v.Kinds, v.Seed), Hint: "extract them with these, or give {TTA} off"}
	}
	return nil
}

// viewConfig is what config.json says of the views, nil for the pictures alone.
func (t *Table) ResolveViews() *ViewConfig {
	if t.Views.Plain() {
		return nil
	}
	return &t.Views
}

// same reports whether the first n views of two plans are equal.
func same(a, b augment.Plan, n int) bool {
	for view := range n {
		if a.Name(view) != b.Name(view) {
			return false
		}
	}
	return true
}

// A Demand returns the number of views that a job needs of each image of a set.
type Demand func(set *dataset.Set) ([]int, error)

// EveryItem is the demand for n views of every image.
func EveryItem(n int) Demand {
	return func(set *dataset.Set) ([]int, error) {
		views := make([]int, len(set.Items))
		for i := range views {
			views[i] = n
		}
		return views, nil
	}
}
