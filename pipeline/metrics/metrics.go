package metrics

import (
	"encoding/json"
	"fmt"
	"math"

	"finetune/label"
)

// Input holds the predictions for n items over K classes, and their labels.
type Input struct {
	Space         label.Space
	Labels        []int     // n true classes; with votes, the class that counts as true
	Targets       []float64 // n×K true distributions, row by row, from votes; nil for plain labels
	Votes         []float64 // n sums of the votes behind Targets, 0 for an item without; nil where there are none
	Probabilities []float64 // n×K predicted distributions, row by row, each summing to 1
	Predicted     []int     // n predicted classes; nil for the most probable class, the lowest of ties
	Groups        []string  // n group IDs, resampled as whole groups ("" is a group of one item); nil for none
	Prior         []float64 // K class shares or counts of the training part, for the baseline; nil for those of Labels
	Seed          uint64    // of the bootstrap
	Resamples     int       // of the bootstrap; 0 is 1000, negative is none

	// Low and High are the first and last classes of n prediction sets with the target Coverage; nil for none.
	Low, High []int
	Coverage  float64
}

// Figures are the metrics of one set of predictions. Distances are in class steps unless stated otherwise.
type Figures struct {
	Accuracy       Number `json:"accuracy"`
	OneOffAccuracy Number `json:"one_off_accuracy"` // share of items at most one class off
	MAE            Number `json:"mae"`              // mean absolute error
	// mean absolute error between the values of the classes; NaN without values
	MAEUnits Number `json:"mae_units"`
	RMSE     Number `json:"rmse"` // root mean squared error
	// average MAE: mean of the MAE of each class with items (Baccianella 2009)
	AMAE Number `json:"amae"`
	MMAE Number `json:"mmae"` // maximum MAE: the largest MAE of a class (Cruz-Ramírez 2014)
	// quadratic weighted kappa (Cohen 1968); NaN if labels and predictions are one class
	QWK Number `json:"qwk"`
	// rank correlation, mid-ranks for ties; NaN if either side is constant
	Spearman Number `json:"spearman"`
	Kendall  Number `json:"kendall"` // tau-b; NaN if either side is constant
	RPS      Number `json:"rps"`     // ranked probability score, Σ (P−T)² over classes, mean over items
	NLL      Number `json:"nll"`     // −Σ t log p, natural log, p at least 2⁻⁵²
	Brier    Number `json:"brier"`   // Σ (p−t)² over classes, mean over items
	// expected calibration error of the most probable class, 15 equal bins (Guo 2017)
	ECE Number `json:"ece"`
}

// A Class holds the metrics of one class.
type Class struct {
	Class     string `json:"class"`
	Support   int    `json:"support"`   // items labelled with the class
	Predicted int    `json:"predicted"` // items predicted as the class
	Precision Number `json:"precision"` // NaN if Predicted is 0
	Recall    Number `json:"recall"`    // NaN if Support is 0
	MAE       Number `json:"mae"`       // of the items labelled with the class; NaN if Support is 0
}

// A Baseline predicts the most frequent class for every item, with the class shares as probabilities.
type Baseline struct {
	Class string `json:"class"`
	Figures
}

// A Report is the result of Evaluate and the content of metrics.json.
type Report struct {
	N int `json:"n"`
	Figures
	Confusion   [][]int              `json:"confusion"` // rows: true class, columns: predicted
	PerClass    []Class              `json:"per_class"`
	Reliability []Bin                `json:"reliability"`         // the 15 bins of ECE
	Intervals   map[string][2]Number `json:"intervals,omitempty"` // 95 %, by the JSON name of the metric
	Baseline    Baseline             `json:"baseline"`
	Sets        *Sets                `json:"prediction_sets,omitempty"`
	Risk        *RiskCoverage        `json:"risk_coverage,omitempty"`
	Raters      *Raters              `json:"raters,omitempty"` // where labels are votes of several raters
}

// A Number is a float64 whose undefined values (NaN and infinities) are null in JSON.
type Number float64

// MarshalJSON returns the number, or null if it isn't defined.
func (x Number) MarshalJSON() ([]byte, error) {
	if v := float64(x); !math.IsNaN(v) && !math.IsInf(v, 0) {
		return json.Marshal(v)
	}
	return []byte("null"), nil
}

// UnmarshalJSON parses a number; null is NaN.
func (x *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*x = Number(math.NaN())
		return nil
	}
	return json.Unmarshal(b, (*float64)(x))
}

// Defined reports whether the number is finite.
func (x Number) Defined() bool { return !math.IsNaN(float64(x)) && !math.IsInf(float64(x), 0) }

// String returns the number with three decimals, or "–" if it isn't defined.
func (x Number) String() string {
	if !x.Defined() {
		return "–"
	}
	return fmt.Sprintf("%.3f", float64(x))
}

// UnitsDiffer reports whether errors in label units say more than errors in classes: the classes have values that
// aren't consecutive integers.
func (r *Report) UnitsDiffer() bool {
	return r.MAEUnits.Defined() && (r.MAEUnits != r.MAE || r.Baseline.MAEUnits != r.Baseline.MAE)
}
