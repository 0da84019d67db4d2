package train

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"finetune/head"
	"finetune/invalid"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/run"
)

// What the figures of a run can be of.
const (
	heldOutTest  = "test"
	heldOutVal   = "val"   // without a test part
	heldOutNone  = "none"  // without any held-out image: nothing is measured
	heldOutLOO   = "loo"   // leave-one-out, of the closed form without a test part: each image by a regression without it
	heldOutFolds = "folds" // where there is no test part either: each image as the head says that was trained without its fold
)

// A trainPlan says which images a run trains on, watches for early stopping and measures.
type splitPlan struct {
	// parts of one split. In a cross-validation and with leaveOut, Train is every image that isn't in a test part, and Val is empty.
	parts    dataset.Partition
	leaveOut bool             // the fit itself gives out-of-fold predictions of Train
	repeats  []*crossval.Plan // of a cross-validation; nil for one split
	fits     []fitPlace       // of all repeats and folds, the last fastest
	heldOut  string           // what the figures are of
	notes    []string
}

// A fitPlace is one fit of a cross-validation.
type fitPlace struct{ repeat, fold int }

// Numbers declares the numbers of a Job. Repeats are bounded by what a cross-validation keeps in memory.
var Numbers = struct{ Test, Folds, Repeats, Trials, Time invalid.Number }{
	Test: invalid.Number{Field: "Split.Test", Range: dataset.Numbers.Test.Range, Auto: AutoShare,
		AutoIs: "nothing where out-of-fold predictions give the figures, otherwise 0.2"},
	Folds:   invalid.Number{Field: "Folds", Range: invalid.Range{Low: 2, High: math.MaxInt32}, Whole: true, AutoIs: "no cross-validation"},
	Repeats: invalid.Number{Field: "Repeats", Range: invalid.Range{Low: 1, High: 1000}, Whole: true, AutoIs: "1"},
	Trials:  invalid.Number{Field: "Search.Trials", Range: invalid.Range{High: math.MaxInt32}, Whole: true},
	Time:    invalid.Number{Field: "Search.Time", Range: invalid.Range{High: math.MaxInt64, LowOpen: true}, AutoIs: "no limit"},
}

// checkFolds fills in what zeros stand for and refuses numbers that make no cross-validation.
func (t *Job) checkFolds() error {
	if err := cmp.Or(Numbers.Folds.Check(float64(t.Folds)), Numbers.Repeats.Check(float64(t.Repeats))); err != nil {
		return err
	}
	switch {
	case t.Repeats > 0 && t.Folds == 0:
		return &invalid.Error{Field: "Repeats", Found: "given without {Folds}", Hint: "say with {Folds} how many folds to repeat"}
	case t.Repeats == 0 && t.Folds > 0:
		t.Repeats = 1
	}
	return nil
}

// A planner plans the split of each set of items once: of all items, and again only where some can't be read.
type planner struct {
	job  *Job
	set  *dataset.Set // that was planned last
	plan *splitPlan
}

func (p *planner) of(set *dataset.Set) (*splitPlan, error) {
	if p.set == set {
		return p.plan, nil
	}
	plan, err := p.job.plan(set)
	if err != nil {
		return nil, err
	}
	p.set, p.plan = set, plan
	return plan, nil
}

// plan cuts the data.
func (t *Job) plan(set *dataset.Set) (*splitPlan, error) {
	if t.Folds > 0 || t.leavesOut() || t.Split.Val+t.Split.Test > 0 {
		if err := set.CheckGroups(); err != nil {
			return nil, err
		}
	}
	if t.Folds > 0 {
		return t.planCrossValidation(set)
	}
	if t.leavesOut() {
		return t.planLeaveOut(set)
	}
	parts, err := dataset.Split(set, t.Split)
	if err != nil {
		return nil, err
	}
	p := &splitPlan{parts: parts, heldOut: heldOutTest, notes: parts.Notes}
	if crossval.HasFolds(set, crossval.AllRows(set)) {
		p.notes = append(p.notes, foldsUnused)
	}
	if len(parts.Test) == 0 {
		p.heldOut = heldOutVal
		if len(parts.Val) > 0 {
			p.notes = append(p.notes, "no test part: the figures are of the images that early stopping also used, so they are slightly optimistic")
		} else {
			p.heldOut = heldOutNone
			p.notes = append(p.notes, "no image is held out, so nothing is measured and there are no figures")
		}
	}
	return p, nil
}

// planCrossValidation sets the test part aside, the user's or one of the share that was asked for, and cuts the rest into folds. A
// part for early stopping comes from what a fold trains on, never from what it holds out: an epoch chosen on the fold that is
// measured would flatter the figures.
func (t *Job) planCrossValidation(set *dataset.Set) (*splitPlan, error) {
	p, err := t.planOutOfFold(set, heldOutFolds, "the given val part takes part in the folds; early stopping watches a part of what each fold trains on")
	if err != nil {
		return nil, err
	}
	for repeat := range t.Repeats {
		seed := t.Split.Seed + uint64(repeat)
		folds, err := crossval.NewPlan(set, p.parts.Train, crossval.Options{Folds: t.foldsOf(set, p.parts.Train), Seed: seed, Seeds: []uint64{seed}, ValShare: t.Split.Val})
		if err != nil {
			return nil, err
		}
		p.repeats = append(p.repeats, folds)
		for fold := range folds.HeldOut {
			p.fits = append(p.fits, fitPlace{repeat, fold})
		}
		if repeat == 0 || !folds.FromData {
			p.notes = append(p.notes, folds.Notes...)
		}
	}
	if p.repeats[0].FromData {
		p.notes = append(p.notes, fmt.Sprintf("the %d folds are those of the data", len(p.repeats[0].HeldOut)))
		if t.Repeats > 1 {
			p.notes = append(p.notes, "every repeat has the same folds; early stopping and the start of training differ")
		}
	}
	return p, nil
}

// planLeaveOut sets the test part aside, the user's or one of the share that was asked for, and trains on the rest.
func (t *Job) planLeaveOut(set *dataset.Set) (*splitPlan, error) {
	p, err := t.planOutOfFold(set, heldOutLOO, "the given val part is trained on: the closed form needs no early stopping")
	if err != nil {
		return nil, err
	}
	p.leaveOut = true
	if crossval.HasFolds(set, p.parts.Train) {
		p.notes = append(p.notes, foldsUnused)
	}
	return p, nil
}

// planOutOfFold sets a test part aside. All other images are trained on and get out-of-fold predictions, which the figures are of
// where there is no test part.
func (t *Job) planOutOfFold(set *dataset.Set, heldOut, valNote string) (*splitPlan, error) {
	if err := (dataset.SplitOptions{Val: t.Split.Val}).Check(); err != nil {
		return nil, err
	}
	parts, err := dataset.Split(set, dataset.SplitOptions{Test: t.Split.Test, Seed: t.Split.Seed})
	if err != nil {
		return nil, err
	}
	p := &splitPlan{parts: parts, heldOut: heldOutTest, notes: parts.Notes}
	if len(parts.Test) == 0 {
		p.heldOut = heldOut
	}
	if len(parts.Val) > 0 {
		p.notes = append(p.notes, valNote)
	}
	p.parts.Train, p.parts.Val = append(p.parts.Train, p.parts.Val...), nil
	slices.Sort(p.parts.Train)
	return p, nil
}

// foldsUnused is the note for folds in the data that the run doesn't use.
const foldsUnused = "the folds of the data are not used; cross-validation with their number uses them"

// leavesOut reports whether the fit gives out-of-fold predictions by itself: it doesn't where other heads are to be compared with.
func (t *Job) leavesOut() bool {
	return t.Folds == 0 && t.Head.Resolved(1, 1).Optimizer == head.ClosedForm && !t.searchIterates()
}

// searchIterates reports whether a search may draw heads that are trained by iterating.
func (t *Job) searchIterates() bool {
	return t.Search.Trials > 1 && slices.ContainsFunc([]string{"loss", "hidden"}, func(setting string) bool {
		return t.Search.Over == nil || slices.Contains(t.Search.Over, setting)
	})
}

// refitFolds are the folds of Refit and of a choice where the data has none.
const refitFolds = 5

// foldsOf is how many folds to cut a set into: 0 for those of the data.
func (t *Job) foldsOf(set *dataset.Set, rows []int) int {
	if t.impliedFolds && crossval.HasFolds(set, rows) {
		return 0
	}
	return t.Folds
}

// AutoShare as [dataset.SplitOptions].Test holds nothing out where out-of-fold predictions give the figures, and TestShare elsewhere.
const (
	AutoShare = -1
	TestShare = 0.2
)

// resolveSplit replaces AutoShare, and sets the folds of Refit and of a choice.
func (t *Job) resolveSplit() {
	if (t.Refit || t.chooses()) && t.Folds == 0 && !t.leavesOut() {
		t.Folds, t.impliedFolds = refitFolds, true
	}
	if t.Split.Test != AutoShare {
		return
	}
	t.Split.Test = TestShare
	if t.Folds > 0 || t.leavesOut() && !t.LearningCurve { // which needs a test part
		t.Split.Test = 0
	}
}

// outOfFold reports whether the figures are of out-of-fold predictions.
func (p *splitPlan) outOfFold() bool { return p.heldOut == heldOutFolds || p.heldOut == heldOutLOO }

// measured are the rows that the figures are of.
func (p *splitPlan) measured() []int {
	switch {
	case p.heldOut == heldOutVal:
		return p.parts.Val
	case p.outOfFold():
		return p.parts.Train
	}
	return p.parts.Test
}

// config is what config.json says of the plan.
func (p *splitPlan) config(o dataset.SplitOptions, cfg head.Config) run.SplitConfig {
	c := run.SplitConfig{SplitOptions: o, Train: len(p.parts.Train), Val: len(p.parts.Val), Test: len(p.parts.Test), HeldOut: p.heldOut}
	if p.repeats != nil {
		c.Folds, c.Repeats, c.FoldEpochs = len(p.repeats[0].HeldOut), len(p.repeats), cfg.Epochs
	}
	return c
}

// describe says in words how the data is cut.
func (p *splitPlan) describe() string {
	if p.leaveOut {
		text := fmt.Sprintf("leave-one-out: %d images to train on, each predicted by a regression without it", len(p.parts.Train))
		if n := len(p.parts.Test); n > 0 {
			text += fmt.Sprintf("; %d held out (test)", n)
		}
		return text
	}
	if p.repeats == nil {
		return fmt.Sprintf("split: %d to train on, %d for early stopping, %d held out (%s)", len(p.parts.Train), len(p.parts.Val), len(p.measured()), p.heldOut)
	}
	text := fmt.Sprintf("cross-validation: %d images in %d folds%s", len(p.parts.Train), len(p.repeats[0].HeldOut), run.DescribeRepeats(len(p.repeats)))
	if n := len(p.parts.Test); n > 0 {
		text += fmt.Sprintf("; %d held out (test)", n)
	}
	return text
}
