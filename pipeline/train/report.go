package train

import (
	"context"
	"fmt"
	"io"
	"slices"

	"finetune/head"
	"finetune/internal/store/atomicfile"
	"finetune/loss"
	"finetune/pipeline/crossval"
	"finetune/pipeline/dataset"
	"finetune/pipeline/learncurve"
	"finetune/pipeline/metrics"
	"finetune/pipeline/report"
	"finetune/pipeline/run"
)

// report gathers what the page shows of a run. An image that can't be shown is named without a picture.
func (r *session) report(ctx context.Context) (*report.Data, error) {
	record, result, said, set := r.record, r.result, r.said, r.table.Set
	settings, err := run.Settings(record)
	if err != nil {
		return nil, err
	}
	decision := result.Head.Description().Decision // may have been chosen after training
	d := &report.Data{
		Finetune: record.Finetune, Source: record.Data.Path, Trained: trainedOn(record, result, decision), Classes: classParts(set, r.plan.parts),
		HeldOut: result.HeldOut, Groups: crossval.CountGroups(said.Items), Metrics: result.Metrics, Soft: said.SumByLabel(),
		Decision: string(decision), Loss: record.Head.Loss.Name, Best: result.BestEpoch, Ground: groundOf(result.Head.Description().Loss),
		Settings: settings, Files: r.filesShown(), Unreadable: len(result.Unreadable),
		History: r.curve(), LeftOut: r.plan.leaveOut, Folds: r.foldsShown(),
	}
	if by := r.result.By; by != nil {
		d.Column, d.Parts = by.Column, by.Parts
	}
	d.Calibrated, d.Learning = r.calibratedShown(), learningShown(r.result.LearningCurve)
	g := &galleryMaker{said: r.unseen, made: map[int]report.Image{}, withoutFiles: r.Features != ""}
	mistakes, unsure := g.worst(), g.leastSure()
	for _, list := range []struct {
		to    *report.Gallery
		index []int
	}{{&d.Mistakes, mistakes}, {&d.Unsure, unsure}, {&d.Suspects, itemsOf(r.suspects)}} {
		if *list.to, err = g.gallery(ctx, list.index); err != nil {
			return nil, err
		}
	}
	if err := r.explainMistakes(ctx, crossval.Pick(r.unseen.Items, mistakes), d.Mistakes.Images); err != nil {
		return nil, err
	}
	d.Notes = result.Notes
	for _, item := range result.Advice {
		d.Advice = append(d.Advice, item.Text)
	}
	for i := range d.Suspects.Images {
		d.Suspects.Images[i].Suspect = &r.suspects[i]
	}
	return d, nil
}

// calibratedShown is what the page shows of the calibration; nil without one.
func (r *session) calibratedShown() *report.Calibrated {
	c := r.result.Calibration
	if c == nil {
		return nil
	}
	out := &report.Calibrated{On: fmt.Sprintf("the %d validation images, which early stopping watched too", c.Images), Metric: c.Metric, Expected: c.Expected}
	if r.plan.leaveOut {
		out.On = fmt.Sprintf("the %d images, each predicted by a regression without it", c.Images)
	}
	if r.plan.repeats != nil {
		out.On = fmt.Sprintf("the %d images in the folds, each judged by a head that wasn't trained on it", c.Images)
	}
	if t := c.Temperature; t != nil {
		b := t.HeldOut.Before
		out.Temperature, out.Before = t.Value, &report.Probability{NLL: b.NLL, ECE: b.ECE, Reliability: b.Reliability}
	}
	for _, rule := range c.Rules {
		out.Rules = append(out.Rules, report.DecisionRule{Name: string(rule.Decision), Taken: rule.Taken, Figures: rule.Figures})
	}
	return out
}

// learningShown is what the page shows of a learning curve; nil without one.
func learningShown(c *learncurve.Curve) *report.Learning {
	if c == nil {
		return nil
	}
	out := &report.Learning{}
	for _, p := range c.Points {
		out.Points = append(out.Points, report.LearningPoint{Images: p.Images, MAE: p.MAE, MAEInterval: p.MAEInterval, RPS: p.RPS, RPSInterval: p.RPSInterval})
	}
	for _, d := range c.ByClass {
		out.ByClass = append(out.ByClass, report.LearningChange{Change: d.Of, Interval: d.Interval})
	}
	return out
}

// curve is the history of the head, of which the closed form has no losses.
func (r *session) curve() []report.Epoch {
	if r.config.Optimizer == head.ClosedForm {
		return nil
	}
	return epochsShown(r.result.History)
}

// epochsShown is what the page draws of a history.
func epochsShown(history []head.Epoch) []report.Epoch {
	var list []report.Epoch
	for _, e := range history {
		list = append(list, report.Epoch{Epoch: e.Epoch, TrainLoss: metrics.Number(e.TrainLoss), ValLoss: metrics.Number(e.ValLoss), ValMAE: metrics.Number(e.ValMAE)})
	}
	return list
}

// foldsShown is what the page shows of a cross-validation; nil without one.
func (r *session) foldsShown() *report.Folds {
	cv := r.result.CrossValidation
	if cv == nil || cv.Folds == nil {
		return nil
	}
	out := &report.Folds{Count: len(r.plan.repeats[0].HeldOut), Repeats: len(r.plan.repeats), Images: len(r.plan.parts.Train), Mean: cv.Mean, Std: cv.Std}
	for i, f := range cv.Folds {
		out.Each = append(out.Each, report.Fold{
			Name: r.nameFold(r.plan.fits[i]), Images: f.HeldOut, Best: f.BestEpoch, Figures: f.Figures, History: epochsShown(r.folds[i].Result.History),
		})
	}
	return out
}

// writeReport writes report.html.
func writeReport(path string, d *report.Data) error {
	return atomicfile.Write(path, func(w io.Writer) error { return report.Write(w, *d) })
}

// classParts counts the images of each class in each part.
func classParts(set *dataset.Set, parts dataset.Partition) []report.Class {
	classes := make([]report.Class, set.Space.Len())
	for i := range classes {
		classes[i].Name = set.Space.Class(i)
	}
	for _, i := range parts.Train {
		classes[set.Items[i].Label].Train++
	}
	for _, i := range parts.Val {
		classes[set.Items[i].Label].Val++
	}
	for _, i := range parts.Test {
		classes[set.Items[i].Label].HeldOut++
	}
	return classes
}

// groundOf returns the distances that a loss holds classes apart by, nil where it has none or only equal steps.
func groundOf(c loss.Config) *report.Ground {
	uses := slices.Contains([]string{loss.EMD2, loss.XEMD2, loss.Sinkhorn, loss.L2}, c.Name)
	switch g := c.Ground; {
	case !uses || g.Matrix == nil && g.Positions == nil:
		return nil
	case g.Matrix != nil:
		return &report.Ground{Kind: "The ground distance of the loss", Distances: g.Distances(c.Classes)}
	default:
		return &report.Ground{Kind: "The ground distance of the loss: distances between the positions of the classes, as shares of the whole range", Distances: g.Distances(c.Classes)}
	}
}

func itemsOf(suspects []metrics.Suspect) []int {
	index := make([]int, len(suspects))
	for i, s := range suspects {
		index[i] = s.Item
	}
	return index
}
