package compare

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"finetune/head"
	"finetune/internal/cores"
	"finetune/internal/store/pagefault"
	"finetune/invalid"
	"finetune/loss"
	"finetune/pipeline/artifact"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
)

// Job compares losses. It evaluates all of them on the same held-out images under several decision rules. New returns
// a Job with robust settings.
//
// Every image is held out once for each seed: in each fold a head is trained on the other images, of which a part,
// drawn for each seed, decides early stopping. Folds keep groups together and have similar class shares. They are
// those of the data if it gives any, otherwise they are drawn once. The job ignores parts (train, val, test) of the
// data.
type Job struct {
	Data     dataset.Options // the labelled images; for a feature folder only Order, Positions and Bins
	Images   features.Images // how images become features; Threads is also how many heads are trained at once
	Features string          // a feature folder, instead of Data.Path and Images
	Losses   []string        // as SplitLosses returns them; nil: DefaultLosses. Cross-entropy is added if missing
	Folds    int             // 0: 5; ignored if the data gives folds
	Seeds    int             // number of seeds, starting at Seed; 0: 3
	// of folds and bootstrap, and the first seed of initial weights, batches, dropout and validation parts
	Seed      uint64
	Val       float64     // share of a fold's training images for the validation part, 0 ≤ Val < 1
	Head      head.Config // shared by all losses, except Loss, its warm-up, Decision, Seed and Threads
	TTA       int         // test-time augmentation: number of views to average, or AllViews; 0: the image alone
	Resamples int         // number of bootstrap resamples; 0: 2000
	Out       string      // the output folder; "": finetune-compare-1, or the next free number
	Overwrite bool        // replace an earlier comparison in Out after success
	// SpreadsheetSafe guards the text in unreadable.csv; see artifact.Cell. No other table has text from the data.
	SpreadsheetSafe bool
	Threads         int // 0: all cores
	Progress        progress.Reporter
}

// New returns the job on data with the default settings of the command, for a head with a hidden layer of the given
// width; 0 is a linear head.
func New(data string, hidden int) Job {
	return Job{
		Data: dataset.Options{Path: data}, Folds: 5, Seeds: 3, Val: 0.15, Resamples: 2000,
		Head: head.Defaults(loss.Config{}, hidden),
	}
}

// Run does the job. Features that were computed before ctx ended stay in the cache. The result doesn't depend on the
// number of threads. Input that the caller can correct is an *invalid.Error.
func (c Job) Run(ctx context.Context) (_ *Result, err error) {
	defer pagefault.Catch(&err)()
	c.Progress = progress.OrNone(c.Progress)
	if err := c.setDefaults(); err != nil {
		return nil, err
	}
	specs, notes, err := c.losses()
	if err != nil {
		return nil, err
	}
	folder, err := outputFolder.Claim(ctx, artifact.ClaimOptions{
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
			if err := s.checkTuned(cfg, c.Val); err != nil {
				return s.wrap(err)
			}
			cfg.Loss.Classes = set.Space.Len()
			if err := cfg.Check(); err != nil {
				return s.wrap(err)
			}
		}
		_, err := c.plan(set)
		return err
	}, func(v features.ViewConfig) features.Demand { return features.EveryItem(v.Rows()) })
	if err != nil {
		return nil, err
	}
	defer table.End(&err)
	result, err := c.compare(ctx, table, specs, folder)
	if err != nil {
		return nil, err
	}
	if err := table.Check(); err != nil {
		return nil, err
	}
	result.Notes = append(notes, result.Notes...)
	return result, result.write(ctx, folder, c.SpreadsheetSafe)
}

// compare trains all heads and summarizes their metrics.
func (c *Job) compare(ctx context.Context, table *features.Table, specs []lossSpec, folder *artifact.Folder) (*Result, error) {
	plan, err := c.plan(table.Set)
	if err != nil {
		return nil, err
	}
	data := run.DataConfigOf(table)
	plan.Journal = crossval.NewJournal(folder.Journal(), data.Digest+data.Features)
	grid := crossval.Grid{Plan: plan, Table: table, Examples: table.Examples(nil), Names: lossTexts(specs),
		Rules: decisionRules}
	for _, s := range specs {
		cfg := s.config(c.Head)
		if cfg, err = crossval.HeadConfig(table, cfg); err != nil {
			return nil, s.wrap(err)
		}
		grid.Configs = append(grid.Configs, cfg)
		grid.Others = append(grid.Others, s.others(cfg, table.Features.Cols, len(plan.Parts[0][0].Train)))
	}
	c.Progress.Note(fmt.Sprintf("compare: %d losses × %d folds × %d seeds", len(specs), len(plan.HeldOut),
		len(plan.Seeds)))
	if err := grid.Run(ctx, cores.Of(c.Threads), c.Progress); err != nil {
		return nil, err
	}
	result := &Result{
		Out: c.Out, Finetune: artifact.Version(), Backbone: table.Network, Features: c.Features,
		Views: table.ResolveViews(),
		Data:  data, Classes: run.ClassConfigs(table.Set),
		Folds: plan.Sizes(table.Set), Seeds: plan.Seeds, Val: c.Val, Resamples: c.Resamples,
		Fits: grid.Fits, Unreadable: table.Unreadable, Notes: plan.Notes,
	}
	for i, s := range specs {
		resolved := grid.Configs[i].Resolved(table.Features.Cols, len(plan.Parts[0][0].Train))
		result.Losses = append(result.Losses, Loss{s.text, resolved})
	}
	return result, result.summarize(ctx, &grid, c.Seed)
}

// plan returns the folds, with a validation part in each fold for each seed.
func (c *Job) plan(set *dataset.Set) (*crossval.Plan, error) {
	if err := set.CheckGroups(); err != nil {
		return nil, err
	}
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
		notes = append(notes, fmt.Sprintf("the %d folds are those of the data; the requested number of folds is "+
			"ignored", len(p.HeldOut)))
	}
	if slices.ContainsFunc(set.Items, func(it dataset.Item) bool { return it.Part != dataset.Unassigned }) {
		notes = append(notes, "the parts (train, val, test) of the data are ignored: every image is held out once")
	}
	p.Notes = append(notes, p.Notes...)
	return p, nil
}

// Numbers declares the numbers of a Job. Seeds and resamples are bounded by the memory of a comparison.
var Numbers = struct{ Folds, Seeds, Resamples, Val invalid.Number }{
	Folds:     invalid.Number{Field: "Folds", Range: invalid.Range{Low: 2, High: math.MaxInt32}, Whole: true, AutoIs: "5"},
	Seeds:     invalid.Number{Field: "Seeds", Range: invalid.Range{Low: 1, High: 1000}, Whole: true, AutoIs: "3"},
	Resamples: invalid.Number{Field: "Resamples", Range: invalid.Range{Low: 100, High: 1e6}, Whole: true, AutoIs: "2000"},
	Val:       invalid.Number{Field: "Val", Range: invalid.Range{High: 1, HighOpen: true}},
}

// setDefaults replaces zeros by defaults and checks the numbers.
func (c *Job) setDefaults() error {
	if err := cmp.Or(Numbers.Folds.Check(float64(c.Folds)), Numbers.Seeds.Check(float64(c.Seeds)),
		Numbers.Resamples.Check(float64(c.Resamples)), Numbers.Val.Check(c.Val)); err != nil {
		return err
	}
	c.Folds, c.Seeds, c.Resamples = cmp.Or(c.Folds, 5), cmp.Or(c.Seeds, 3), cmp.Or(c.Resamples, 2000)
	if c.Seed > math.MaxUint64-uint64(c.Seeds) {
		return &invalid.Error{Field: "Seed", Found: fmt.Sprint(c.Seed),
			Want: "a number that allows {Seeds} consecutive seeds"}
	}
	return nil
}

// losses parses the losses and adds cross-entropy, the reference, if it is missing.
func (c *Job) losses() (specs []lossSpec, notes []string, err error) {
	list := c.Losses
	if list == nil {
		list = DefaultLosses()
	}
	if !slices.ContainsFunc(list, func(text string) bool { return lossName(text) == loss.CrossEntropy }) {
		list = append([]string{loss.CrossEntropy}, list...)
		notes = []string{"cross-entropy was added as the reference"}
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

// decisionRules are the rules under which every loss is evaluated.
var decisionRules = []head.Decision{head.Argmax, head.Median, head.Mean}

func (c *Job) source() features.Source {
	return features.Source{Data: c.Data, Images: c.Images, Folder: c.Features, TTA: c.TTA, Threads: c.Threads,
		Progress: c.Progress}
}
