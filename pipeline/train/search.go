package train

import (
	"cmp"
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"gonum.org/v1/gonum/stat"

	"finetune/head"
	"finetune/internal/cores"
	"finetune/internal/randstream"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/crossval"
	"finetune/pipeline/metrics"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
)

// A Trial is one of the settings that a search measured.
type Trial struct {
	Config  head.Config    `json:"head"`
	Score   metrics.Number `json:"score"` // mean of the metric over the inner folds; NaN where training failed
	Std     metrics.Number `json:"std"`   // sample standard deviation over the inner folds
	Seconds float64        `json:"-"`
	Failed  string         `json:"failed,omitempty"` // why, where training failed

	epochs []int // that were best in the inner folds
}

// searchMetrics are what a search can choose by.
var searchMetrics = []string{"mae", "rps", "qwk", "accuracy"}

// completeSearch fills in what zeros stand for and checks the rest. A search that doesn't take place stays as it is.
func completeSearch(s *run.Search) error {
	if err := cmp.Or(Numbers.Trials.Check(float64(s.Trials)), Numbers.Time.Check(float64(s.Time)),
		Numbers.SearchFolds.Check(float64(s.Folds))); err != nil {
		return err
	}
	if s.Trials == 0 {
		return nil
	}
	s.Folds = cmp.Or(s.Folds, 3)
	if s.Metric == "" {
		s.Metric = "mae"
	}
	if !slices.Contains(searchMetrics, s.Metric) {
		return &invalid.Error{Field: "Search.Metric", Found: strconv.Quote(s.Metric), Want: "mae, rps, qwk or accuracy"}
	}
	if s.Over == nil {
		s.Over = SearchSettings()
	}
	return checkSearchSettings(s.Over)
}

// searched is what a search found.
type searched struct {
	trials []Trial
	drawn  []head.Config // as drawn: what they leave open is filled in anew for the final training
	best   int
}

// epochs is how long to train on all of the images.
func (s *searched) epochs() int { return meanEpoch(s.trials[s.best].epochs) }

// search measures settings on inner folds of the given rows, and finds the best of them. Trials of equal score are won by the
// earlier one, so the given settings stand unless something is better. What it tells begins with about.
func (r *session) search(ctx context.Context, rows []int, limit time.Duration, about string) (*searched, error) {
	s, base := r.Search, r.Head
	base.Seed = r.Split.Seed
	inner, err := crossval.NewPlan(r.table.Set, rows, crossval.Options{Folds: s.Folds, Seed: base.Seed, Seeds: []uint64{base.Seed}, ValShare: r.Split.Val, Redraw: true})
	if err != nil {
		return nil, fmt.Errorf("search: %w", err)
	}
	inner.Journal = r.journal()
	examples := len(inner.Parts[0][0].Train)
	draw := randstream.New(base.Seed, "search")
	stage := r.Progress.Start(about+"search", s.Trials, "trial")
	defer stage.Done()
	began := time.Now()
	found := &searched{}
	for i := range s.Trials {
		if i > 0 && limit > 0 && time.Since(began)*time.Duration(i+1)/time.Duration(i) > limit {
			r.Progress.Note(fmt.Sprintf("%ssearch: stopped after %d trials, as the next would probably end after %v", about, i, limit))
			break
		}
		cfg := base
		if i > 0 {
			cfg = propose(base, s.Over, draw, r.table.Features.Cols, examples)
		}
		run := &crossval.Grid{Plan: inner, Table: r.table, Examples: r.examples, Names: []string{cfg.Loss.Name}, Rules: []head.Decision{cfg.Decision}}
		trial, err := r.try(ctx, run, cfg, examples)
		if err != nil {
			return nil, err
		}
		found.trials, found.drawn = append(found.trials, trial), append(found.drawn, cfg)
		if betterTrial(s, trial, found.trials[found.best]) {
			found.best = i
		}
		r.Progress.Note(about + trialLine(s, i, trial, found.best == i))
		stage.Add(1)
	}
	if found.trials[found.best].Failed != "" {
		return nil, &invalid.Error{Field: "Search.Trials", Found: "no settings that can be trained; the first: " + found.trials[found.best].Failed}
	}
	r.Progress.Note(fmt.Sprintf("%ssearch: training on all but the held-out images with trial %d: %s", about, found.best+1, describeTrial(found.trials[found.best].Config)))
	return found, nil
}

// try measures one configuration on all inner folds. Settings that can't be trained are a failed trial, no error.
func (r *session) try(ctx context.Context, run *crossval.Grid, cfg head.Config, examples int) (Trial, error) {
	began := time.Now()
	cfg, err := crossval.HeadConfig(run.Table, cfg)
	if err == nil {
		run.Configs = []head.Config{cfg}
		err = run.Run(ctx, cores.Of(r.Threads), progress.None{})
	}
	// What is told and kept suits the number of images that the head is trained on in the end.
	trial := Trial{Config: cfg.Resolved(run.Table.Features.Cols, examples), Score: metrics.Number(math.NaN()), Std: metrics.Number(math.NaN())}
	if ctx.Err() != nil || err != nil && !invalid.Is(err) {
		return trial, err
	}
	if err != nil {
		trial.Failed = err.Error()
		return trial, nil
	}
	metric, _ := metrics.ByName(r.Search.Metric)
	var values []float64
	for _, fit := range run.Fits {
		trial.epochs = append(trial.epochs, fit.BestEpoch)
		figures := fit.Figures[cfg.Decision]
		values = append(values, float64(metric.Of(&figures)))
	}
	mean, std := stat.MeanStdDev(values, nil)
	trial.Score, trial.Std, trial.Seconds = metrics.Number(mean), metrics.Number(std), time.Since(began).Seconds()
	return trial, nil
}

// betterTrial reports whether a beats b.
func betterTrial(s run.Search, a, b Trial) bool {
	metric, _ := metrics.ByName(s.Metric)
	return metric.Better(a.Score, b.Score)
}

func trialLine(s run.Search, i int, t Trial, best bool) string {
	if t.Failed != "" {
		return fmt.Sprintf("search %d: %s: failed: %s", i+1, describeTrial(t.Config), t.Failed)
	}
	mark := ""
	if best && i > 0 {
		mark = "  (the best so far)"
	}
	return fmt.Sprintf("search %d: %s: %s %v ± %v%s", i+1, describeTrial(t.Config), s.Metric, t.Score, t.Std, mark)
}

// writeSearch lists the trials as they were tried.
func (r *Result) writeSearch(path, metric string) error {
	return artifact.WriteCSV(path, func(w *csv.Writer) error {
		if err := w.Write([]string{"trial", metric, "std", "seconds", "settings", "failed"}); err != nil {
			return err
		}
		for i, t := range r.Trials {
			if err := w.Write([]string{
				strconv.Itoa(i + 1), artifact.FormatFloat(float64(t.Score)), artifact.FormatFloat(float64(t.Std)),
				strconv.FormatFloat(t.Seconds, 'f', 3, 64), describeTrial(t.Config), t.Failed,
			}); err != nil {
				return err
			}
		}
		return nil
	})
}
