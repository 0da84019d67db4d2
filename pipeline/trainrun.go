package pipeline

import (
	"context"
	"fmt"

	"finetune/head"
	"finetune/pipeline/dataset"
)

// A trainRun is a training run under way: what each step leaves for the next.
type trainRun struct {
	*Train
	table    *table
	plan     *trainPlan
	examples head.Examples // all rows of the table
	config   head.Config   // of the head, nothing left open
	record   RunConfig     // becomes config.json
	said     *predictions  // what the figures are of
	result   *TrainResult
}

// begin completes the settings with what the data says.
func (t *Train) begin(table *table, plan *trainPlan) (*trainRun, error) {
	r := &trainRun{Train: t, table: table, plan: plan, examples: table.examples(t.Soften)}
	r.result = &TrainResult{Run: t.Out, HeldOut: plan.heldOut, Unreadable: table.unreadable, Notes: plan.notes}
	if err := r.configure(t.Head); err != nil {
		return nil, err
	}
	r.record = t.record(table, r.config, plan)
	return r, nil
}

// configure resolves the settings of the head for the images that it is trained on.
func (r *trainRun) configure(cfg head.Config) (err error) {
	cfg.Seed, cfg.Threads = r.Split.Seed, r.Images.threads()
	cfg, err = r.table.fillConfig(cfg)
	r.config = cfg.Resolved(r.table.features.Cols, len(r.plan.parts.Train))
	return err
}

// steps are what a run does, in order. What is fitted to images that no head was trained on has its place after fit, before
// the figures are taken.
func (r *trainRun) steps() []func(context.Context) error {
	return []func(context.Context) error{r.choose, r.fit, r.measure, r.write}
}

// choose finds the settings of the head, where they are to be searched for.
func (r *trainRun) choose(ctx context.Context) error {
	parts := r.plan.parts
	r.Progress.Note(fmt.Sprintf("split: %d to train on, %d for early stopping, %d held out (%s)", len(parts.Train), len(parts.Val), len(r.plan.measured()), r.plan.heldOut))
	if r.Search.Trials == 0 {
		return nil
	}
	chosen, err := r.search(ctx, r.table, parts, r.result)
	if err != nil {
		return err
	}
	err = r.configure(chosen)
	r.record.Head = r.config
	return err
}

// fit trains the head of the run.
func (r *trainRun) fit(ctx context.Context) error {
	stage := r.Progress.Start("training", r.config.Epochs, "epoch")
	defer stage.Done()
	parts := r.plan.parts
	trained, err := head.Train(ctx, r.examples.Subset(parts.Train), r.examples.Subset(parts.Val), r.config, func(head.Epoch) { stage.Add(1) })
	if err != nil {
		return err
	}
	r.result.Epochs, r.result.BestEpoch, r.result.History = len(trained.History), trained.Best, trained.History
	if r.config.SelfGuided {
		r.result.GroundDistance = trained.Loss.Ground.Matrix
	}
	if r.result.Head, err = head.New(trained.Network, head.Description{
		Space: r.table.set.Space, Loss: trained.Loss, Decision: r.config.Decision, Origin: r.table.origin(),
	}); err != nil {
		return err
	}
	r.result.ByDepth, r.result.ByCell = contributions(r.table.blocks, r.result.Head, r.table.features, parts.Train)
	return nil
}

// measure takes the figures.
func (r *trainRun) measure(context.Context) (err error) {
	if r.said, err = r.predict(r.plan.measured()); err != nil {
		return err
	}
	r.result.Metrics, err = r.said.measure(r.result.Head, classShares(r.table.set, r.plan.parts.Train), r.Split.Seed)
	return err
}

// predict asks the head of the run about some rows.
func (r *trainRun) predict(rows []int) (*predictions, error) {
	return predictItems(r.result.Head, r.table.features, rows, pick(r.table.set.Items, rows), r.Images.threads())
}

// classShares is how often each class is met in the training part.
func classShares(set *dataset.Set, train []int) []float64 {
	shares := make([]float64, set.Space.Len())
	for _, i := range train {
		shares[set.Items[i].Label] += 1 / float64(len(train))
	}
	return shares
}
