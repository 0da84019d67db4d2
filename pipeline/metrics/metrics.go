// Package metrics measures ordinal predictions against true classes: how far off, how sure, how well
// calibrated, with a bootstrap interval and the baseline of always answering the commonest class.
//
// The classes come from the label space and not from the data, so a class that is absent changes no shape and
// breaks no figure: what isn't defined (the recall of a class without items) is NaN, null in JSON. Sample
// weights play no part here: they shape training, while every held-out item counts once.
package metrics

import (
	"encoding/json"
	"fmt"
	"math"

	"finetune/label"
)

// Input is what is measured: n items over K classes.
type Input struct {
	Space         label.Space
	Labels        []int     // n true classes; with votes, the class to count as true
	Targets       []float64 // n×K true distributions, row by row, from votes; nil for plain labels
	Probabilities []float64 // n×K predicted distributions, row by row, each summing to 1
	Predicted     []int     // n classes by the decision rule; nil for the likeliest class, the lowest of ties
	Groups        []string  // n groups resampled as one ("" stands alone); nil for none
	Prior         []float64 // K class shares or counts of the training part, for the baseline; nil for those of Labels
	Seed          uint64    // of the bootstrap
	Resamples     int       // of the bootstrap; 0 is 1000, below 0 none

	// Low and High are the ends of n prediction sets, ranges of classes that are to hold the true class with the probability
	// Coverage; nil for none.
	Low, High []int
	Coverage  float64
}

// Figures are the figures of one set of predictions. Distances are in class steps unless said otherwise.
type Figures struct {
	Accuracy       Number `json:"accuracy"`
	OneOffAccuracy Number `json:"one_off_accuracy"` // share at most one class off
	MAE            Number `json:"mae"`              // mean absolute error
	MAEUnits       Number `json:"mae_units"`        // the same between the values of the classes; NaN without values
	RMSE           Number `json:"rmse"`             // root mean squared error
	AMAE           Number `json:"amae"`             // mean over the classes present of the MAE within each (Baccianella 2009)
	MMAE           Number `json:"mmae"`             // the largest of these (Cruz-Ramírez 2014)
	QWK            Number `json:"qwk"`              // quadratic weighted kappa (Cohen 1968); NaN where chance alone agrees fully
	Spearman       Number `json:"spearman"`         // rank correlation, ties averaged; NaN where either side is constant
	Kendall        Number `json:"kendall"`          // tau-b; NaN where either side is constant
	RPS            Number `json:"rps"`              // ranked probability score, Σ (P−T)² over classes, mean over items
	NLL            Number `json:"nll"`              // −Σ t log p, natural log, p at least 2⁻⁵²
	Brier          Number `json:"brier"`            // Σ (p−t)² over classes, mean over items
	ECE            Number `json:"ece"`              // expected calibration error of the likeliest class, 15 equal bins (Guo 2017)
}

// A Class holds the figures of one class.
type Class struct {
	Class     string `json:"class"`
	Support   int    `json:"support"`   // items that are of the class
	Predicted int    `json:"predicted"` // items that were said to be
	Precision Number `json:"precision"` // NaN where none was said to be
	Recall    Number `json:"recall"`    // NaN where none is
	MAE       Number `json:"mae"`       // of the items of the class; NaN where there is none
}

// A Baseline is the answer of always naming the commonest class, with the class shares for probabilities.
type Baseline struct {
	Class string `json:"class"`
	Figures
}

// A Report is everything that metrics.json holds.
type Report struct {
	N int `json:"n"`
	Figures
	Confusion   [][]int              `json:"confusion"` // rows: true class, columns: predicted
	PerClass    []Class              `json:"per_class"`
	Reliability []Bin                `json:"reliability"`         // the 15 bins of ECE
	Intervals   map[string][2]Number `json:"intervals,omitempty"` // 95 %, by the JSON name of a figure
	Baseline    Baseline             `json:"baseline"`
	Sets        *Sets                `json:"prediction_sets,omitempty"`
}

// A Number is a float64 that JSON can hold: null stands for one that isn't defined (NaN or infinite).
type Number float64

// MarshalJSON writes the number, or null.
func (x Number) MarshalJSON() ([]byte, error) {
	if v := float64(x); !math.IsNaN(v) && !math.IsInf(v, 0) {
		return json.Marshal(v)
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads the number; null is NaN.
func (x *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*x = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(x))
}

// Defined reports whether the number is one.
func (x Number) Defined() bool { return !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0) }

// String writes three decimals, or "–".
func (x Number) String() string {
	if !x.Defined() {
		return "–"
	}
	return fmt.Sprintf("%.3f", float64(x))
}
