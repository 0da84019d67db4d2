package train

import (
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"finetune/head"
	"finetune/internal/pipelinetest"
	"finetune/invalid"
	"finetune/loss"
	"finetune/pipeline/artifact"
	"finetune/pipeline/calibration"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/run"
)

// quickTrain is a training run that takes no time.
func quickTrain(t *testing.T, features string) Job {
	job := New("")
	job.Features, job.Out = features, filepath.Join(t.TempDir(), "run")
	job.Head.Epochs, job.Split.Val = 60, 0.3
	return job
}

// What is fitted must be in the weight file, and what the files say of ranges must be what the weight file leads to.
func TestCalibratedRun(t *testing.T) {
	job := quickTrain(t, pipelinetest.FeatureFolder(t, 4, 60, "", nil))
	job.Calibrate = calibration.Options{Temperature: true, Metric: "rmse", Coverage: 0.8}
	result, err := job.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	h, err := head.Load(filepath.Join(job.Out, run.HeadFile))
	if err != nil {
		t.Fatal(err)
	}
	c, d := result.Calibration, h.Description()
	if d.Temperature == 1 || d.Temperature != c.Temperature.Value || d.Sets != *c.Sets || d.Sets.Coverage != 0.8 || d.Sets.Units != c.Images || c.Images != 72 {
		t.Errorf("the head has temperature %v and sets %+v; fitted: %+v", d.Temperature, d.Sets, c)
	}
	if b := c.Temperature.Fitted; !(b.After.NLL < b.Before.NLL) {
		t.Errorf("NLL %v before and %v after on the images that the temperature was fitted to", b.Before.NLL, b.After.NLL)
	}
	if b := c.Temperature.HeldOut; b.After.NLL != result.Metrics.NLL || b.Before.NLL == b.After.NLL || len(b.Before.Reliability) == 0 {
		t.Errorf("held out: %v before, %v after, the figures say %v", b.Before.NLL, b.After.NLL, result.Metrics.NLL)
	}
	taken := slices.IndexFunc(c.Rules, func(r calibration.RuleFigures) bool { return r.Taken })
	if len(c.Rules) != 3 || taken < 0 || c.Rules[taken].Decision != d.Decision {
		t.Fatalf("rules %+v, the head has %s", c.Rules, d.Decision)
	}
	for _, r := range c.Rules {
		if r.Figures.RMSE < c.Rules[taken].Figures.RMSE {
			t.Errorf("%s has RMSE %v, %s was taken with %v", r.Decision, r.Figures.RMSE, d.Decision, c.Rules[taken].Figures.RMSE)
		}
	}

	rows := pipelinetest.ReadCSV(t, filepath.Join(job.Out, run.PredictionsFile))
	column := func(name string) int { return slices.Index(rows[0], name) }
	covered := 0
	for _, row := range rows[1:] {
		probs := make([]float32, 4)
		for k := range probs {
			p, err := strconv.ParseFloat(row[column("p_"+strconv.Itoa(k))], 32)
			if err != nil {
				t.Fatal(err)
			}
			probs[k] = float32(p)
		}
		number := func(name string) int { n, _ := strconv.Atoi(row[column(name)]); return n }
		low, high := calibration.Interval(probs, h.Decide(probs), d.Sets.Threshold)
		if number("low") != low || number("high") != high || number("predicted") < low || number("predicted") > high {
			t.Errorf("%v: want %d to %d", row, low, high)
		}
		if y := number("label"); low <= y && y <= high {
			covered++
		}
	}
	s := result.Metrics.Sets
	if want := float64(covered) / float64(len(rows)-1); float64(s.Coverage) != want || s.TargetCoverage != 0.8 {
		t.Errorf("coverage %v of %v, the file has %v", s.Coverage, s.TargetCoverage, want)
	}
	if e := c.Expected; e == nil || float64(s.Coverage) < e[0] || float64(s.Coverage) > e[1] {
		t.Errorf("coverage %v, expected %v", s.Coverage, e)
	}
	var stored run.Metrics
	if err := artifact.ReadJSON(filepath.Join(job.Out, run.MetricsFile), &stored); err != nil || stored.Calibration == nil || stored.Sets == nil {
		t.Errorf("metrics.json: %v", err)
	}

	again := job
	again.Resume = true
	done, err := again.Run(t.Context())
	if err != nil || done.Calibration == nil || done.Calibration.Temperature.Value != d.Temperature {
		t.Errorf("resumed: %+v, %v", done, err)
	}
	again.Calibrate.Coverage = 0.9
	if _, err := again.Run(t.Context()); !invalid.Is(err) || !strings.Contains(err.Error(), `"calibrate"`) {
		t.Errorf("resumed with another coverage: %v", err)
	}
}

// In a cross-validation everything is fitted to what the folds said, and ranges are measured with the other folds' threshold.
func TestCalibratedFolds(t *testing.T) {
	job := quickTrain(t, pipelinetest.FeatureFolder(t, 3, 40, "", nil))
	job.Folds, job.Split.Test, job.Calibrate = 4, 0, calibration.Options{Temperature: true, Coverage: 0.8}
	result, err := job.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c, s := result.Calibration, result.Metrics.Sets
	if c.Images != 120 || c.Sets.Units != 120 || c.Expected != nil || c.Temperature.HeldOut.After.NLL != result.Metrics.NLL {
		t.Errorf("%+v", c)
	}
	if math.Abs(float64(s.Coverage)-0.8) > 0.1 {
		t.Errorf("coverage %v, want about 0.8", s.Coverage)
	}
	rows := pipelinetest.ReadCSV(t, filepath.Join(job.Out, run.PredictionsFile))
	if want := []string{"low", "high"}; !slices.Equal(rows[0][len(rows[0])-2:], want) || len(rows) != 121 {
		t.Errorf("%d rows with columns %v", len(rows), rows[0])
	}
}

func TestCrossRanges(t *testing.T) {
	// The first fold alone is answered wrongly, so its ranges, made by the second, are narrow, and those of the second wide.
	p := &crossval.Predictions{Repeats: 1, Coverage: 0.5}
	for i := range 8 {
		fold := i/4 + 1
		p.Folds = append(p.Folds, fold)
		p.Items = append(p.Items, dataset.Item{Label: map[int]int{1: 2, 2: 0}[fold]})
		p.Probabilities = append(p.Probabilities, 0.6, 0.3, 0.1)
		p.Classes, p.Low, p.High = append(p.Classes, 0), append(p.Low, 0), append(p.High, 0)
	}
	if err := p.CrossFitRanges(); err != nil {
		t.Fatal(err)
	}
	if want := []int{0, 0, 0, 0, 2, 2, 2, 2}; !slices.Equal(p.High, want) {
		t.Errorf("ranges up to %v, want %v", p.High, want)
	}
}

func TestNothingToCalibrateOn(t *testing.T) {
	features := pipelinetest.FeatureFolder(t, 3, 20, "", nil)
	job := quickTrain(t, features)
	job.Split.Val, job.Calibrate.Temperature = 0, true
	result, err := job.Run(t.Context())
	if err != nil || result.Calibration != nil || result.Metrics.Sets != nil || !strings.Contains(strings.Join(result.Notes, "\n"), "nothing is calibrated") {
		t.Errorf("%+v, %v", result, err)
	}
	job = quickTrain(t, features)
	job.Split.Val, job.Calibrate.Metric = 0, "mae"
	if _, err := job.Run(t.Context()); !invalid.Is(err) || !strings.Contains(err.Error(), "Head.Decision: auto") {
		t.Errorf("chose a rule by nothing: %v", err)
	}
}

func TestCalibrationNotes(t *testing.T) {
	features := pipelinetest.FeatureFolder(t, 3, 20, "", nil)
	for name, c := range map[string]struct {
		change func(*Job)
		want   string
		sets   bool
	}{
		"l2":      {func(j *Job) { j.Head.Loss.Name, j.Calibrate.Temperature = loss.L2, true }, "neither temperature nor prediction intervals are fitted", false},
		"too few": {func(j *Job) { j.Calibrate.Coverage = 0.99 }, "at least 99 independent images", true},
	} {
		job := quickTrain(t, features)
		c.change(&job)
		result, err := job.Run(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if notes := strings.Join(result.Calibration.Notes, "\n"); !strings.Contains(notes, c.want) {
			t.Errorf("%s: notes %q", name, notes)
		}
		if s := result.Metrics.Sets; (s != nil) != c.sets || s != nil && (s.Coverage != 1 || s.Width != 3) {
			t.Errorf("%s: sets %+v", name, s)
		}
	}
}
