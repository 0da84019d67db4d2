package compare

import (
	"encoding/csv"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"finetune/head"
	"finetune/label"
	"finetune/loss"
	"finetune/pipeline/artifact"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/metrics"
)

// constructed returns a comparison over folds of 10 and 20 images and two seeds with constructed predictions. off is
// the difference, in classes, between the prediction of a loss under a rule and the label.
func constructed(t *testing.T, losses []string, off func(loss, rule, fold, image int) int) (*crossval.Grid, *Result) {
	t.Helper()
	space, err := label.New([]string{"a", "b", "c", "d"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	run := &crossval.Grid{Table: &features.Table{Set: &dataset.Set{Space: space}},
		Plan: &crossval.Plan{Seeds: []uint64{4, 5}}}
	result := &Result{Seeds: run.Plan.Seeds, Resamples: 200}
	for i, name := range losses {
		run.Names = append(run.Names, name)
		result.Losses = append(result.Losses, Loss{Loss: name})
		for rule := range decisionRules {
			for range run.Plan.Seeds {
				var parts []*metrics.Scores
				for fold, n := range []int{10, 20} {
					in := metrics.Input{Space: space, Probabilities: make([]float64, 4*n)}
					for image := range n {
						truth := image % 2
						predicted := truth + off(i, rule, fold, image)
						in.Labels, in.Predicted = append(in.Labels, truth), append(in.Predicted, predicted)
						in.Probabilities[4*image+predicted] = 1
					}
					s, err := metrics.Score(in)
					if err != nil {
						t.Fatal(err)
					}
					parts = append(parts, s)
				}
				run.Scores = append(run.Scores, parts)
			}
		}
	}
	for fold, n := range []int{10, 20} {
		run.Plan.HeldOut = append(run.Plan.HeldOut, nil)
		for i := range n {
			run.Plan.HeldOut[fold] = append(run.Plan.HeldOut[fold], len(run.Table.Set.Items))
			run.Table.Set.Items = append(run.Table.Set.Items, dataset.Item{Path: fmt.Sprint(fold, i), Label: i % 2})
		}
	}
	return run, result
}

// sometimes is 1 for every image of fold 0 and every second one (of either class) of fold 1.
func sometimes(fold, image int) int {
	if fold == 0 || image%4 < 2 {
		return 1
	}
	return 0
}

func TestSummarize(t *testing.T) {
	const reference, worse, perfect = 1, 0, 2
	run, result := constructed(t, []string{"emd2", "cross-entropy", "corn:lr=1"},
		func(loss, rule, fold, image int) int {
			switch {
			case loss == perfect || loss == reference && decisionRules[rule] == head.Mean:
				return 0
			case loss == worse:
				return sometimes(fold, image) + 1 // one class further off than the reference, always
			}
			return sometimes(fold, image)
		})
	if err := result.summarize(t.Context(), run, 1); err != nil {
		t.Fatal(err)
	}
	if result.Units != 30 || len(result.Rows) != 9 {
		t.Fatalf("%d units, %d rows", result.Units, len(result.Rows))
	}
	near := func(what string, got metrics.Number, want float64) {
		if math.Abs(float64(got)-want) > 1e-12 {
			t.Errorf("%s = %v, want %v", what, float64(got), want)
		}
	}
	mae := func(rule, loss int) Figure { return result.Rows[3*rule+loss].Figures[2] }
	if mae(0, 0).Metric != "mae" || result.Rows[0].Decision != head.Argmax || result.Rows[0].Loss != "emd2" {
		t.Fatalf("first row %+v", result.Rows[0])
	}

	// Cross-entropy with argmax: 1 in fold 0, ½ in fold 1, the same with both seeds. Folds count alike whatever their
	// size.
	near("mean", mae(0, reference).Mean, 0.75)
	near("std", mae(0, reference).Std, math.Sqrt(4*0.25*0.25/3))
	if f := mae(0, reference); f.SameRule != nil || f.Baseline != nil || f.Best {
		t.Errorf("the baseline is compared with itself: %+v", f)
	}
	// A difference that is the same for every image is so in every draw.
	if f := mae(0, worse); f.SameRule == nil {
		t.Error("no difference")
	} else {
		near("difference", f.SameRule.Mean, 1)
		near("low", f.SameRule.Interval[0], 1)
		near("high", f.SameRule.Interval[1], 1)
		if f.Best || *f.Baseline != *f.SameRule {
			t.Errorf("%+v", f)
		}
	}
	// In fold 0 the difference is 1 for every image, in fold 1 it is that of 10 in 20 images.
	if f := mae(0, perfect); f.SameRule == nil {
		t.Error("no difference")
	} else {
		near("difference", f.SameRule.Mean, -0.75)
		low, high := float64(f.SameRule.Interval[0]), float64(f.SameRule.Interval[1])
		sigma := 0.5 * math.Sqrt(0.25/20)
		if math.Abs((high-low)/(4*sigma)-1) > 0.3 || low > -0.75 || high < -0.75 {
			t.Errorf("interval [%v, %v], want about -0.75 ± %v", low, high, 2*sigma)
		}
		if !f.Best {
			t.Error("the best isn't marked")
		}
	}
	// With the mean rule cross-entropy is perfect too: better than the baseline, but no loss is better than it.
	if f := mae(2, reference); f.SameRule != nil || f.Baseline == nil || f.Best {
		t.Errorf("%+v", f)
	} else {
		near("difference to the baseline", f.Baseline.Mean, -0.75)
	}
	if f := mae(2, perfect); f.Best || f.SameRule.ExcludesZero() || !f.Baseline.ExcludesZero() {
		t.Errorf("as good as cross-entropy: %+v", f)
	}
	if f := mae(1, perfect); !f.Best || f.Baseline.Mean != mae(0, perfect).Baseline.Mean {
		t.Errorf("median: %+v", f)
	}
}

// TestMarkBestNeedsSignificance: the best mean isn't marked if its interval includes zero.
func TestMarkBestNeedsSignificance(t *testing.T) {
	run, result := constructed(t, []string{"cross-entropy", "emd2"}, func(loss, _, fold, image int) int {
		if image == 3 { // one image makes the difference
			return 1 - loss
		}
		return sometimes(fold, image)
	})
	if err := result.summarize(t.Context(), run, 1); err != nil {
		t.Fatal(err)
	}
	f := result.Rows[1].Figures[2]
	if !(f.SameRule.Mean < 0) || f.Best || f.SameRule.ExcludesZero() {
		t.Errorf("%+v, interval %v", f, f.SameRule)
	}
}

// TestCompareOfGroups resamples groups; a single group gives no interval.
func TestCompareOfGroups(t *testing.T) {
	off := func(loss, _, fold, image int) int { return (1 - loss) * sometimes(fold, image) }
	for groups, width := range map[int]func(w float64) bool{
		1:  math.IsNaN,
		10: func(w float64) bool { return w > 0 },
	} {
		run, result := constructed(t, []string{"cross-entropy", "emd2"}, off)
		for i := range run.Table.Set.Items {
			run.Table.Set.Items[i].Group = fmt.Sprint(i * groups / 30)
		}
		if err := result.summarize(t.Context(), run, 1); err != nil {
			t.Fatal(err)
		}
		f := result.Rows[1].Figures[2]
		if w := float64(f.SameRule.Interval[1] - f.SameRule.Interval[0]); result.Units != groups || !width(w) ||
			f.Best != (groups > 1) {
			t.Errorf("%d groups: %d units, interval %v, best %v", groups, result.Units, f.SameRule.Interval, f.Best)
		}
		if len(result.Notes) != 1 {
			t.Errorf("notes %q", result.Notes)
		}
	}
}

func TestCompareFiles(t *testing.T) {
	run, result := constructed(t, []string{loss.CrossEntropy, "xemd2:weight=2"},
		func(loss, rule, fold, image int) int {
			return (1 - loss) * sometimes(fold, image)
		})
	if err := result.summarize(t.Context(), run, 1); err != nil {
		t.Fatal(err)
	}
	result.Losses[1].Loss = "a < b & c" // markup in a name must be escaped
	dir := t.TempDir()
	folder, err := outputFolder.Claim(t.Context(), artifact.ClaimOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	if err := result.write(t.Context(), folder, false); err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(dir, CSVFile))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil || len(lines) != 1+3*2*5 {
		t.Fatalf("%d lines, %v", len(lines), err)
	}
	if got := lines[3]; got[2] != "mae" || got[3] != "0.75" || got[5] != "" || got[8] != "" || got[11] != "false" {
		t.Errorf("line of cross-entropy: %q", got)
	}
	if got := lines[8]; got[2] != "mae" || got[3] != "0" || got[5] != "-0.75" || got[8] != "-0.75" ||
		got[11] != "true" {
		t.Errorf("line of the other: %q", got)
	}
	var back Result
	if err := artifact.ReadJSON(filepath.Join(dir, JSONFile), &back); err != nil || len(back.Rows) != 6 ||
		!back.Rows[1].Figures[2].Best {
		t.Errorf("compare.json comes back as %+v, %v", back, err)
	}
	svg, err := os.Open(filepath.Join(dir, PlotFile))
	if err != nil {
		t.Fatal(err)
	}
	defer svg.Close()
	circles, texts := 0, ""
	for dec := xml.NewDecoder(svg); ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if e.Name.Local == "circle" {
				circles++
			}
		case xml.CharData:
			texts += string(e) + "|"
		}
	}
	if circles != 2*3+2*1+3 { // MAE by rule, RPS, the legend
		t.Errorf("%d circles", circles)
	}
	if want := "|a < b & c|"; !strings.Contains(texts, want) {
		t.Errorf("%q lacks %q", texts, want)
	}
}
