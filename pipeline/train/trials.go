package train

import (
	"encoding/csv"
	"fmt"
	"strconv"

	"finetune/head"
	"finetune/pipeline/artifact"
	"finetune/pipeline/metrics"
	"finetune/pipeline/run"
)

// A Trial is a candidate of a choice with what was measured of it.
type Trial struct {
	Features string         `json:"features,omitempty"` // what it takes of them, where there was a choice
	Config   head.Config    `json:"head"`
	Images   int            `json:"images"` // on which it was measured last: all that are trained on, unless others were better before
	Score    metrics.Number `json:"rps"`    // mean out-of-fold RPS; NaN where training failed
	Std      metrics.Number `json:"std"`    // sample standard deviation over images
	Seconds  float64        `json:"-"`
	Failed   string         `json:"failed,omitempty"` // why, where training failed
}

// describeTrial names a candidate's features and settings.
func describeTrial(t Trial) string {
	if t.Features == "" {
		return describeSettings(t.Config)
	}
	return t.Features + "; " + describeSettings(t.Config)
}

// line tells what was measured of candidate number i.
func (t Trial) line(i int) string {
	if t.Failed != "" {
		return fmt.Sprintf("candidate %d: %s: failed: %s", i+1, describeTrial(t), t.Failed)
	}
	return fmt.Sprintf("candidate %d on %d images: %s: RPS %.4f", i+1, t.Images, describeTrial(t), float64(t.Score))
}

// describeChoice says what was chosen and by how much.
func describeChoice(c *run.Chosen, t Trial) string {
	text := fmt.Sprintf("of %d candidates the first, %s, with an out-of-fold RPS of %.4f", c.Candidates, describeTrial(t), float64(c.RPS))
	if c.Trial > 1 {
		text = fmt.Sprintf("of %d candidates number %d, %s, with an out-of-fold RPS of %.4f, %.4f ± %.4f (standard error) less than the first",
			c.Candidates, c.Trial, describeTrial(t), float64(c.RPS), float64(c.Gain), float64(c.Error))
	}
	if c.Best != "" {
		text += fmt.Sprintf("; %s has less, but not by more than its standard error", c.Best)
	}
	if c.Otherwise > 0 {
		text += fmt.Sprintf("; without %d of %d parts of the images the choice is another", c.Otherwise, c.Parts)
	}
	return text
}

// writeSearch lists the candidates in their order.
func (r *Result) writeSearch(path string) error {
	return artifact.WriteCSV(path, func(w *csv.Writer) error {
		if err := w.Write([]string{"trial", "rps", "std", "images", "seconds", "features", "settings", "failed"}); err != nil {
			return err
		}
		for i, t := range r.Trials {
			if err := w.Write([]string{
				strconv.Itoa(i + 1), artifact.FormatFloat(float64(t.Score)), artifact.FormatFloat(float64(t.Std)), strconv.Itoa(t.Images),
				strconv.FormatFloat(t.Seconds, 'f', 3, 64), t.Features, describeSettings(t.Config), t.Failed,
			}); err != nil {
				return err
			}
		}
		return nil
	})
}
