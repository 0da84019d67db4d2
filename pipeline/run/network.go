package run

import (
	"context"
	"fmt"
	"strconv"

	"finetune/invalid"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
)

// extractor brings features as the run's were made: with its network, tap and preprocessing, of the given views. Only where the network's file
// is and how the work is done may be said anew.
func (r *Run) extractor(i features.Images, views features.ViewConfig, threads int, reporter progress.Reporter) (*features.Extractor, error) {
	i.Views, i.Augment = views.Predict, views.Plan
	net, err := r.OpenNetwork(&i)
	if err != nil {
		return nil, err
	}
	return features.NewExtractor(i, net, threads, reporter)
}

// OpenNetwork opens the run's network and completes i with the run's tap and preprocessing. Nothing is started. Without
// i.Backbone the network's file is searched for in the run folder, beside it and where it was in training.
func (r *Run) OpenNetwork(i *features.Images) (*features.Network, error) {
	origin := r.Head.Description().Origin
	if origin.Backbone == "" {
		return nil, &invalid.Error{Field: "Model", Path: r.Folder, Found: "a head that doesn't say which network its features come from",
			Hint: "use {Features}, with features of the same kind as it was trained on"}
	}
	if i.Preset != "" || i.Overrides.Given() || i.Tap != "" && i.Tap != origin.Tap || i.Pool != nil || i.PoolStat != nil {
		return nil, &invalid.Error{Field: "Images", Found: "{Images.Tap}, {Images.Pool}, {Images.Preset} or preprocessing given for a trained run",
			Hint: "leave them out: the run has its own"}
	}
	if i.Backbone == "" {
		var err error
		if i.Backbone, err = r.findNetwork(context.Background(), origin.Backbone); err != nil {
			return nil, err
		}
	}
	i.Tap = origin.Tap
	i.FeaturePrecision = r.FeaturePrecision()
	net, err := features.OpenNetwork(*i, origin.Backbone, 1)
	if err != nil {
		return nil, err
	}
	if err := net.Adopt(origin.Preprocessing); err != nil {
		return nil, fmt.Errorf("preprocessing of %s: %w", r.Folder, err)
	}
	return net, nil
}

// FeaturePrecision returns what the features of the run were rounded to, as Images has it.
func (r *Run) FeaturePrecision() string {
	if b := r.Config.Backbone; b != nil {
		return b.Features
	}
	return ""
}

// prior is how often each class was met in training, nil where the run doesn't say.
func (r *Run) prior() []float64 {
	total := 0.0
	for _, c := range r.Config.Classes {
		if total += float64(c.Count); c.Count < 0 {
			return nil
		}
	}
	if total == 0 || len(r.Config.Classes) != r.Head.Space().Len() {
		return nil
	}
	shares := make([]float64, len(r.Config.Classes))
	for i, c := range r.Config.Classes {
		shares[i] = float64(c.Count) / total
	}
	return shares
}

// views says what a prediction of the run is the mean of: what the user asks for in tta, or what the run was measured with.
func (r *Run) views(tta int) (features.ViewConfig, error) {
	v, err := features.ParseAverage(r.Head.Description().Origin.Views)
	if err != nil {
		return v, fmt.Errorf("%s: %w", r.Folder, err)
	}
	trained := 1
	if c := r.Config.Views; c != nil {
		v.Plan, trained = c.Plan, c.Train
	}
	if v.Kinds == 0 {
		v.Kinds = features.DefaultAugment
	}
	switch tta {
	case 0:
	case features.AllViews:
		v.Predict = max(2, v.Predict, trained)
	default:
		v.Predict = tta
	}
	return v, v.Check("TTA", v.Predict)
}

// labelOf understands a label as the run's were, -1 where it is none.
func (r *Run) ParseLabel(text string) int {
	space := r.Head.Space()
	if space.Edges() != nil {
		if x, err := strconv.ParseFloat(text, 64); err == nil {
			if class, err := space.BinOf(x); err == nil {
				return class
			}
			return -1
		}
	}
	if class, ok := space.Index(text); ok {
		return class
	}
	return -1
}
