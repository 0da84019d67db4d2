package compare

import (
	"context"
	"fmt"
	"math"
	"slices"

	"finetune/head"
	"finetune/internal/cores"
	"finetune/invalid"
	"finetune/loss"
	"finetune/pipeline/artifact"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
)

// Compare trains one head with several losses on the same folds of the same features, and measures all of them on the same
// held-out images with each decision rule. NewCompare returns one with good settings.
//
// Every image is held out once for each seed: in each fold a head is trained on the other images, of which a part, drawn
// anew with each seed, decides on early stopping. Folds keep groups whole and have about the same class shares; they are
// those of the data where it gives some, and otherwise drawn once. Parts (train, val, test) that the data gives are passed over.
type Job struct {
	Data      dataset.Options // the labelled images; of a feature folder only Order, Positions and Bins count
	Images    features.Images // how images become features; Threads is also how many heads are trained at once
	Features  string          // a feature folder, instead of Data.Path and Images
	Losses    []string        // as SplitLosses gives them; nil: DefaultLosses. Cross-entropy is added where it is missing
	Folds     int             // 0: 5; where the data gives folds it counts for nothing
	Seeds     int             // how many seeds, counted up from Seed; 0: 3
	Seed      uint64          // of folds and bootstrap, and the first of those for starting weights, batches, dropout and early stopping
	Val       float64         // share of a fold's training part that early stopping watches instead, 0 ≤ Val < 1
	Head      head.Config     // what all losses share: all settings but Loss, its warm-up, Decision, Seed and Threads
	TTA       int             // views of an image that a prediction is the mean of, or AllViews; 0: the image alone
	Resamples int             // bootstrap draws behind the intervals; 0: 2000
	Out       string          // the folder for the results; "" is finetune-compare-1, or the next number that is free
	Overwrite bool            // replace an earlier comparison in Out once the new one is complete
	Threads   int             // 0: all cores
	Progress  progress.Reporter
}

// NewCompare returns the comparison on data with the settings that proved robust, those of the command, for a head with a
// hidden layer of that width; 0 is a linear head.
func New(data string, hidden int) Job {
	return Job{
		Data: dataset.Options{Path: data}, Folds: 5, Seeds: 3, Val: 0.15, Resamples: 2000,
		Head: head.Defaults(loss.Config{}, hidden),
	}
}

// Run does the job. Cancelling ctx stops it; features that were computed stay in the cache. What comes out depends on the
// settings and the data, not on the number of threads.
func (c Job) Run(ctx context.Context) (*Result, error) {
	c.Progress = progress.OrNone(c.Progress)
	if err := c.complete(); err != nil {
		return nil, err
	}
	specs, notes, err := c.losses()
	if err != nil {
		return nil, err
	}
	folder, err := comparison.Claim(artifact.ClaimOptions{
		Dir: c.Out, Base: "finetune-compare", Replace: c.Overwrite, Inputs: []string{c.Data.Path, c.Features},
	})
	if err != nil {
		return nil, err
	}
	defer folder.Release()
	c.Out = folder.Dir
	table, err := c.source().Load(ctx, func(set *dataset.Set) error {
		for _, s := range specs {
			cfg := s.config(c.Head)
			cfg.Loss.Classes = set.Space.Len()
			if err := cfg.Check(); err != nil {
				return s.explain(err)
			}
		}
		_, err := c.plan(set)
		return err
	}, func(v features.ViewConfig) features.Demand { return features.EveryItem(v.Rows()) })
	if err != nil {
		return nil, err
	}
	defer table.Close()
	result, err := c.compare(ctx, table, specs)
	if err != nil {
		return nil, err
	}
	result.Notes = append(notes, result.Notes...)
	return result, result.write(ctx, folder)
}

// compare plans, trains and sums up.
func (c *Job) compare(ctx context.Context, table *features.Table, specs []lossSpec) (*Result, error) {
	plan, err := c.plan(table.Set)
	if err != nil {
		return nil, err
	}
	model := crossval.Grid{Plan: plan, Table: table, Examples: table.Examples(nil), Names: lossTexts(specs), Rules: comparedRules}
	for _, s := range specs {
		cfg := s.config(c.Head)
		if cfg, err = crossval.HeadConfig(table, cfg); err != nil {
			return nil, s.explain(err)
		}
		model.Configs = append(model.Configs, cfg)
	}
	c.Progress.Note(fmt.Sprintf("compare: %d losses × %d folds × %d seeds", len(specs), len(plan.HeldOut), len(plan.Seeds)))
	if err := model.Run(ctx, cores.Of(c.Threads), c.Progress); err != nil {
		return nil, err
	}
	result := &Result{
		Out: c.Out, Finetune: artifact.Version(), Backbone: table.Network, Features: c.Features, Views: table.ResolveViews(),
		Data: run.DataConfigOf(table), Classes: run.ClassConfigs(table.Set),
		Folds: plan.Sizes(table.Set), Seeds: plan.Seeds, Val: c.Val, Resamples: c.Resamples,
		Fits: model.Fits, Unreadable: table.Unreadable, Notes: plan.Notes,
	}
	for i, s := range specs {
		resolved := model.Configs[i].Resolved(table.Features.Cols, len(plan.Parts[0][0].Train))
		result.Losses = append(result.Losses, Loss{s.text, resolved})
	}
	return result, result.sumUp(&model, c.Seed)
}

// plan draws the folds once, and in each fold a part for early stopping for each seed.
func (c *Job) plan(set *dataset.Set) (*crossval.Plan, error) {
	rows := crossval.AllRows(set)
	o := crossval.Options{Folds: c.Folds, Seed: c.Seed, ValShare: c.Val}
	if crossval.HasFolds(set, rows) {
		o.Folds = 0
	}
	for s := range c.Seeds {
		o.Seeds = append(o.Seeds, c.Seed+uint64(s))
	}
	p, err := crossval.NewPlan(set, rows, o)
	if err != nil {
		return nil, err
	}
	var notes []string
	if p.FromData {
		notes = append(notes, fmt.Sprintf("the %d folds are those of the data, so the number of folds that was asked for is not used", len(p.HeldOut)))
	}
	if slices.ContainsFunc(set.Items, func(it dataset.Item) bool { return it.Part != dataset.Unassigned }) {
		notes = append(notes, "the parts (train, val, test) of the data are passed over: every image is held out once")
	}
	p.Notes = append(notes, p.Notes...)
	return p, nil
}

// complete fills in what zeros stand for and checks the numbers.
func (c *Job) complete() error {
	for _, field := range []struct {
		value         *int
		zero, atLeast int
		field         string
	}{
		{&c.Folds, 5, 2, "Folds"}, {&c.Seeds, 3, 1, "Seeds"}, {&c.Resamples, 2000, 100, "Resamples"},
	} {
		if *field.value == 0 {
			*field.value = field.zero
		}
		if *field.value < field.atLeast {
			return &invalid.Error{Field: field.field, Found: fmt.Sprint(*field.value), Want: fmt.Sprintf("%d or more", field.atLeast)}
		}
	}
	if !(c.Val >= 0 && c.Val < 1) {
		return &invalid.Error{Field: "Val", Found: fmt.Sprint(c.Val), Want: "0 or more and below 1"}
	}
	if c.Seed > math.MaxUint64-uint64(c.Seeds) {
		return &invalid.Error{Field: "Seed", Found: fmt.Sprint(c.Seed), Want: "a number with room for {Seeds} after it"}
	}
	return nil
}

// losses reads the losses and makes sure that cross-entropy, which the others are measured against, is among them.
func (c *Job) losses() (specs []lossSpec, notes []string, err error) {
	list := c.Losses
	if list == nil {
		list = DefaultLosses()
	}
	if !slices.ContainsFunc(list, func(text string) bool { return lossName(text) == loss.CrossEntropy }) {
		list = append([]string{loss.CrossEntropy}, list...)
		notes = []string{"cross-entropy was added: the others are measured against it"}
	}
	for i, text := range list {
		s, err := parseLoss(text)
		if err != nil {
			return nil, nil, err
		}
		if slices.Contains(list[:i], text) {
			return nil, nil, &invalid.Error{Field: "Losses", Found: text + " twice", Want: "each loss once"}
		}
		specs = append(specs, s)
	}
	return specs, notes, nil
}

// The decision rules that every loss is read with.
var comparedRules = []head.Decision{head.Argmax, head.Median, head.Mean}

func (c *Job) source() features.Source {
	return features.Source{Data: c.Data, Images: c.Images, Folder: c.Features, TTA: c.TTA, Threads: c.Threads, Progress: c.Progress}
}
