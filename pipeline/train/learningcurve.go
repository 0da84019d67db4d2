package train

import (
	"context"
	"errors"

	"finetune/invalid"
	"finetune/pipeline/learncurve"
)

// learn measures whether more labels would help, where that was asked for, and whether a hidden layer would.
func (r *session) learn(ctx context.Context) (err error) {
	if !r.LearningCurve {
		return nil
	}
	switch {
	case r.plan.heldOut == heldOutNone:
		r.note("a learning curve needs held-out images, and there are none")
		return nil
	case r.plan.outOfFold():
		r.note("a learning curve needs a test part, which out-of-fold predictions of all images don't leave")
		return nil
	}
	job := learncurve.Job{
		Table: r.table, Examples: r.examples, Train: r.plan.parts.Train, Val: r.plan.parts.Val, HeldOut: r.plan.measured(),
		Head: r.open, Seed: r.Split.Seed, Threads: r.Threads,
	}
	stage := r.Progress.Start("learning curve", 0, "")
	defer stage.Done()
	if r.result.LearningCurve, err = job.Run(ctx); err != nil {
		return r.withoutCurve(ctx, err)
	}
	if r.result.LearningCurve == nil {
		r.note("too few images for a learning curve")
		return nil
	}
	return r.tryHidden(ctx, job)
}

// withoutCurve notes why there is no learning curve: the head is trained, and a part of the images that can't be trained
// on, say for want of groups, is no reason to lose it.
func (r *session) withoutCurve(ctx context.Context, err error) error {
	var refused *invalid.Error
	if ctx.Err() != nil || !errors.As(err, &refused) {
		return err
	}
	r.note("no learning curve: a share of the training images can't be trained on (" + refused.Found + ")")
	return nil
}

// triedHidden is the width of the hidden layer that a linear head is compared with.
const triedHidden = 128

// tryHidden compares the linear head with one that has a hidden layer. Both are trained on four fifths of the
// training images and measured on the last: the held-out images have no say in a choice.
func (r *session) tryHidden(ctx context.Context, job learncurve.Job) error {
	if r.Head.Hidden > 0 || r.Search.Trials > 0 {
		return nil
	}
	rest, held := job.Fold(5)
	if rest == nil {
		return nil
	}
	job.Train, job.HeldOut = rest, held
	hidden := r.open
	hidden.Hidden = triedHidden
	gain, err := job.Compare(ctx, r.open, hidden)
	if err != nil {
		return r.withoutCurve(ctx, err)
	}
	r.result.LearningCurve.Hidden = &learncurve.Alternative{Width: triedHidden, MAE: gain}
	return nil
}
