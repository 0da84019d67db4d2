package train

import (
	"context"
	"fmt"
	"slices"
	"time"

	"finetune/head"
	"finetune/internal/randstream"
	"finetune/invalid"
	"finetune/pipeline/choice"
	"finetune/pipeline/crossval"
	"finetune/pipeline/metrics"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
)

// leastRung is the least number of images on which candidates are compared before all are.
const leastRung = 200

// blindParts is in how many parts images are dealt where the regression leaves each out: what is chosen for the images of a part goes
// by the others.
const blindParts = 10

// A contest compares candidates by out-of-fold RPS. An image's own score has no say in what is chosen for it, so that figures of the
// predictions that follow don't flatter.
type contest struct {
	*session
	candidates []candidate
	trials     []Trial
	parts      [][]bool // by part, whether it has each of the images to train on
	alive      [][]bool // by part, which candidates are left
	left       []outcome
	scores     choice.Scores
	failure    error // why the first candidate that failed couldn't be trained
}

// An outcome is what was measured of a candidate.
type outcome struct {
	said   *crossval.Predictions // out of fold
	fitted *head.Result          // where the regression leaves images out: the head on all
	fits   []*crossval.Fit       // of the plan's fits elsewhere
}

// choose finds the features, the views and the settings of the head where there is a choice.
func (r *session) choose(ctx context.Context) error {
	r.Progress.Note(r.plan.describe())
	if !r.chooses() {
		return nil
	}
	list, err := r.candidates()
	if err != nil {
		return err
	}
	if len(list) == 1 || r.plan.heldOut == heldOutNone {
		return r.adopt(list[0])
	}
	c := &contest{session: r, candidates: list, trials: make([]Trial, len(list)), left: make([]outcome, len(list))}
	for i, one := range list {
		c.trials[i] = Trial{Features: one.words, Config: r.resolved(one)}
	}
	c.deal()
	return c.run(ctx)
}

// adopt goes on with one candidate.
func (r *session) adopt(c candidate) error {
	r.table, r.open, r.config = c.table, c.open, r.resolved(c)
	r.examples = r.table.Examples(r.Soften.Target)
	search := r.record.Search
	r.record = r.Job.record(r.table, r.config, r.plan)
	r.record.Search = search
	return nil
}

// deal sets the parts: what each fit holds out, or whole groups at random.
func (c *contest) deal() {
	rows := c.plan.parts.Train
	place := make(map[int]int, len(rows))
	for i, row := range rows {
		place[row] = i
	}
	for _, at := range c.plan.fits {
		part := make([]bool, len(rows))
		for _, row := range c.plan.repeats[at.repeat].HeldOut[at.fold] {
			part[place[row]] = true
		}
		c.parts = append(c.parts, part)
	}
	if c.plan.leaveOut {
		groups := c.groupsInOrder()
		for range min(blindParts, len(groups)) {
			c.parts = append(c.parts, make([]bool, len(rows)))
		}
		for at, group := range groups {
			for _, i := range group {
				c.parts[at%len(c.parts)][i] = true
			}
		}
	}
	for range c.parts {
		c.alive = append(c.alive, slices.Repeat([]bool{true}, len(c.candidates)))
	}
}

// groupsInOrder are the groups of the images to train on in a random order, each as positions in the list of these images.
func (c *contest) groupsInOrder() [][]int {
	var groups [][]int
	at := map[int]int{}
	for i, row := range c.plan.parts.Train {
		g, known := at[c.examples.Groups[row]]
		if !known {
			g = len(groups)
			at[c.examples.Groups[row]] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	r := randstream.New(c.Split.Seed, "choice")
	r.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	return groups
}

// run halves the candidates on growing numbers of images, chooses on all, and goes on with what was chosen.
func (c *contest) run(ctx context.Context) error {
	var order []int
	for _, group := range c.groupsInOrder() {
		order = append(order, group...)
	}
	rungs := choice.Rungs(len(order), len(c.candidates), leastRung)
	began := time.Now()
	for k, size := range rungs {
		at := slices.Sorted(slices.Values(order[:size]))
		plan, err := c.planOf(at)
		if invalid.Is(err) { // too few groups for as many folds
			continue
		}
		if err != nil {
			return err
		}
		until := time.Duration(float64(c.Search.Time) * float64(k+1) / float64(len(rungs)))
		if err := c.measure(ctx, plan, at, began, until); err != nil {
			return err
		}
		if k < len(rungs)-1 {
			c.halve(at)
		}
	}
	return c.decide()
}

// halve keeps the better half of the candidates, for each part by the images outside of it.
func (c *contest) halve(at []int) {
	for p, alive := range c.alive {
		left := 0
		for _, yes := range alive {
			if yes {
				left++
			}
		}
		kept := c.of(p).Keep((left+1)/2, func(i int) bool { return !c.parts[p][at[i]] })
		c.alive[p] = kept
	}
}

// of are the scores of the candidates that are left for a part.
func (c *contest) of(part int) choice.Scores {
	s := c.scores
	s.Of = slices.Clone(s.Of)
	for i, yes := range c.alive[part] {
		if !yes {
			s.Of[i] = nil
		}
	}
	return s
}

// measure scores the candidates that are left for any part on the images at the given positions. No candidate but the first is
// begun that would probably end after the time until, where that is above 0.
func (c *contest) measure(ctx context.Context, plan *splitPlan, at []int, began time.Time, until time.Duration) error {
	c.scores = choice.Scores{Of: make([][]float64, len(c.candidates)), Units: make([]int, len(at))}
	for i, position := range at {
		c.scores.Units[i] = c.examples.Groups[c.plan.parts.Train[position]]
	}
	var list []int
	for i := range c.candidates {
		if slices.ContainsFunc(c.alive, func(alive []bool) bool { return alive[i] }) && c.trials[i].Failed == "" {
			list = append(list, i)
		}
	}
	stage := c.Progress.Start("choice", len(list), "candidate")
	defer stage.Done()
	var longest time.Duration
	for k, i := range list {
		start := time.Now()
		if k > 0 && until > 0 && start.Sub(began)+longest > until {
			c.Progress.Note(fmt.Sprintf("choice: %d candidates on %d images were left out, as the next would probably end too late",
				len(list)-k, len(at)))
			break
		}
		if err := c.try(ctx, i, plan); err != nil {
			return err
		}
		longest = max(longest, time.Since(start))
		c.trials[i].Seconds += time.Since(start).Seconds()
		c.Progress.Note("choice: " + c.trials[i].line(i))
		stage.Add(1)
	}
	return nil
}

// try scores one candidate on the images of a plan. One that can't be trained is a failed trial, no error.
func (c *contest) try(ctx context.Context, i int, plan *splitPlan) error {
	one := c.candidates[i]
	found, err := c.outOfFoldOf(ctx, one, plan)
	if ctx.Err() != nil || err != nil && !invalid.Is(err) {
		return err
	}
	if err != nil {
		c.trials[i].Failed = err.Error()
		if c.failure == nil {
			c.failure = err
		}
		return nil
	}
	scores, err := metrics.Score(found.said.Input(one.table.Set.Space))
	if err != nil {
		return err
	}
	c.left[i], c.scores.Of[i] = *found, scores.RPS()
	mean, std := c.scores.Mean(i)
	c.trials[i].Score, c.trials[i].Std, c.trials[i].Images = metrics.Number(mean), metrics.Number(std), len(plan.parts.Train)
	return nil
}

// planOf is the plan of the run for the images at some positions: the run's own for all, else one with folds of these.
func (c *contest) planOf(at []int) (*splitPlan, error) {
	if len(at) == len(c.plan.parts.Train) {
		return c.plan, nil
	}
	rows := make([]int, len(at))
	for i, position := range at {
		rows[i] = c.plan.parts.Train[position]
	}
	p := &splitPlan{leaveOut: c.plan.leaveOut}
	p.parts.Train = rows
	if c.plan.repeats != nil {
		seed := c.Split.Seed
		folds, err := crossval.NewPlan(c.table.Set, rows, crossval.Options{Folds: len(c.plan.repeats[0].HeldOut), Seed: seed,
			Seeds: []uint64{seed}, ValShare: c.Split.Val, Redraw: true})
		if err != nil {
			return nil, err
		}
		p.repeats = []*crossval.Plan{folds}
		for fold := range folds.HeldOut {
			p.fits = append(p.fits, fitPlace{0, fold})
		}
	}
	return p, nil
}

// outOfFoldOf predicts the images of a plan by heads that weren't trained on them.
func (r *session) outOfFoldOf(ctx context.Context, c candidate, plan *splitPlan) (*outcome, error) {
	examples := c.table.Examples(r.Soften.Target)
	if !plan.leaveOut {
		fits, err := r.fitOn(ctx, plan, c.table, examples, slices.Repeat([]head.Config{c.open}, len(plan.fits)), progress.None{})
		if err != nil {
			return nil, err
		}
		return &outcome{said: gather(c.table.Set, plan, fits), fits: fits}, nil
	}
	cfg := c.open.Resolved(c.table.Features.Cols, len(plan.parts.Train))
	fitted, err := head.Train(ctx, withPredicted(c.table, plan.parts.Train, examples.Subset(plan.parts.Train)), head.Examples{}, cfg, nil)
	if err != nil {
		return nil, err
	}
	return &outcome{said: leftOut(c.table, plan.parts.Train, fitted.OutOfFold), fitted: fitted}, nil
}

// decide chooses for the head by all images, and for the out-of-fold predictions of each part by the others.
func (c *contest) decide() error {
	verdict, ok := c.scores.Choose(nil)
	if !ok {
		return &invalid.Error{Field: "Search.Trials", Found: "no settings that can be trained", Err: c.failure}
	}
	chosen := make([]int, len(c.parts))
	for p := range c.parts {
		v, ok := c.of(p).Choose(func(i int) bool { return !c.parts[p][i] })
		if chosen[p] = verdict.Chosen; ok {
			chosen[p] = v.Chosen
		}
	}
	if err := c.adopt(c.candidates[verdict.Chosen]); err != nil {
		return err
	}
	if c.plan.leaveOut {
		c.trained = c.left[verdict.Chosen].fitted
		c.outOfFold = c.mix(chosen, verdict.Chosen)
	} else {
		c.folds = make([]*crossval.Fit, len(c.parts))
		for p, i := range chosen {
			c.folds[p] = c.left[i].fits[p]
		}
		c.refitFor(c.left[verdict.Chosen].fits)
	}
	c.result.Trials = c.trials
	c.tell(verdict, chosen)
	return nil
}

// mix takes the out-of-fold predictions of each part from what was chosen for it.
func (c *contest) mix(chosen []int, head int) *crossval.Predictions {
	out := *c.left[head].said
	out.Probabilities = slices.Clone(out.Probabilities)
	k := c.table.Set.Space.Len()
	for p, i := range chosen {
		for image, in := range c.parts[p] {
			if in {
				copy(out.Probabilities[image*k:(image+1)*k], c.left[i].said.Row(image))
			}
		}
	}
	return &out
}

// tell records and says what was chosen and by how much.
func (c *contest) tell(v choice.Verdict, chosen []int) {
	other := 0
	for _, i := range chosen {
		if i != v.Chosen {
			other++
		}
	}
	found := &run.Chosen{
		Candidates: len(c.candidates), Trial: v.Chosen + 1, Features: c.trials[v.Chosen].Features, RPS: c.trials[v.Chosen].Score,
		Gain: metrics.Number(v.Gain), Error: metrics.Number(v.Error), Parts: len(c.parts), Otherwise: other,
	}
	if v.Chosen != v.Best {
		best := c.trials[v.Best]
		found.Best = describeTrial(best)
	}
	found.Text = describeChoice(found, c.trials[v.Chosen])
	c.record.Search.Chosen, c.result.Choice = found, found
	c.Progress.Note("choice: " + found.Text)
}
