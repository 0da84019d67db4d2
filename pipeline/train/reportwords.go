package train

import (
	"fmt"
	"slices"
	"strings"

	"finetune/head"
	"finetune/pipeline/report"
	"finetune/pipeline/run"
)

// trainedOn says in words what was trained on what.
func trainedOn(record run.Config, result *Result, decision head.Decision) []report.Setting {
	s := record.Split
	split := fmt.Sprintf("%d to train on, %d for early stopping, %d held out; seed %d", s.Train, s.Val, s.Test, s.Seed)
	training := fmt.Sprintf("for %d epochs, epoch %d kept", result.Epochs, result.BestEpoch)
	if result.BestEpoch == 0 && result.Epochs > 0 {
		training = fmt.Sprintf("for %d epochs, of which none is better than the linear head in closed form, which is kept", result.Epochs)
	}
	closed := record.Head.Optimizer == head.ClosedForm
	if closed {
		training = result.ClosedForm
	}
	switch {
	case closed && s.Folds == 0 && s.Val == 0:
		split = fmt.Sprintf("%d to train on, each predicted by a regression without it", s.Train)
		if s.Test > 0 {
			split += fmt.Sprintf(", %d held out", s.Test)
		}
		split += fmt.Sprintf("; seed %d", s.Seed)
	case s.Folds > 0:
		split = fmt.Sprintf("%d images in %d folds%s", s.Train, s.Folds, run.DescribeRepeats(s.Repeats))
		if s.Test > 0 {
			split += fmt.Sprintf(", %d held out from all", s.Test)
		}
		split += fmt.Sprintf("; seed %d", s.Seed)
		if !closed {
			training = fmt.Sprintf("for %d epochs on all %d images in the folds", result.Epochs, s.Train)
		}
	case s.HeldOut == heldOutVal:
		split = fmt.Sprintf("%d to train on, %d for early stopping and for the figures; seed %d", s.Train, s.Val, s.Seed)
	}
	shape := "linear"
	if h := record.Head.Hidden; h > 0 {
		shape = fmt.Sprintf("one hidden layer of %d", h)
	}
	if result.Head.Network().Hidden() > record.Head.Hidden*max(1, record.Head.Ensemble) {
		shape += " beside a linear head in closed form"
	}
	if n := record.Head.Ensemble; n > 1 {
		shape += fmt.Sprintf(", the mean of the logits of %d networks with other seeds", n)
	}
	out := []report.Setting{{Name: "Data", Value: run.DescribeData(record.Data, record.Features)},
		{Name: "Classes, lowest first", Value: strings.Join(run.ClassNames(record.Classes), " < ")}, {Name: "Split", Value: split}}
	out = append(out, run.DescribeNetwork(record.Backbone)...)
	if record.Views != nil {
		out = append(out, report.Setting{Name: "Views", Value: record.Views.String()})
	}
	if result.Choice != nil {
		out = append(out, report.Setting{Name: "Chosen", Value: result.Choice.Text})
	}
	return append(out, report.Setting{Name: "Head", Value: fmt.Sprintf("%s, trained with %s %s; it answers by the rule %s",
		shape, record.Head.Loss.Name, training, decision)})
}

// describePenalty says how strong the regression of a closed form is.
func (r *Result) describePenalty() string {
	best := r.History[r.BestEpoch-1]
	tried := map[float64]bool{} // some twice: on half of the images, then on all
	for _, e := range r.History {
		tried[e.Penalty] = true
	}
	return fmt.Sprintf("(penalty λ = %.3g, of %d tried the least RPS out of fold: %.4g)", best.Penalty, len(tried), best.RPS)
}

// filesShown are those of the run folder.
func (r *session) filesShown() []report.Setting {
	files := slices.Clone(runFiles)
	for i, f := range files {
		if r.config.Optimizer == head.ClosedForm && f.Name == run.HistoryFile {
			files[i].Value = "a row for each penalty that was tried, with its out-of-fold RPS"
		}
		if r.plan.leaveOut && f.Name == run.PredictionsFile {
			files[i].Value = "every image with its label, and the answer, distribution and range by a regression without it; fold: the part that took no part in the choice of the penalty; images without a fold were held out from all"
		}
	}
	if r.plan.repeats == nil {
		return files
	}
	for i, f := range files {
		switch f.Name {
		case run.PredictionsFile:
			files[i].Value = "every image with its label, its fold, and the answer and distribution by heads that weren't trained on it; images without a fold were held out from all"
		case run.HistoryFile:
			files[i].Value = "a row for each epoch of each fold, and of the head trained on all, which has no fold"
		}
	}
	return files
}

// runFiles says what the files beside the page are.
var runFiles = []report.Setting{
	{Name: run.HeadFile, Value: "the weights on raw features: logits = weight · feature + bias; classes, loss, network and preprocessing in the metadata"},
	{Name: run.HeadONNXFile, Value: "the same as an ONNX model: features → logits, distribution, class, expected value and range"},
	{Name: run.MetricsFile, Value: "the figures of this page and more"},
	{Name: run.PredictionsFile, Value: "every held-out image with its label, its answer, its distribution and its range, low to high"},
	{Name: run.SuspectsFile, Value: "labels that may be wrong, the likeliest first: the class that the image looks like, the probabilities of both, and by how many classes the prediction is nearer to the other"},
	{Name: run.HistoryFile, Value: "a row for each epoch"},
	{Name: run.FeatureMeanFile, Value: "the mean of the features that were trained on, which finetune explain compares an image with"},
	{Name: run.ConfigFile, Value: "every setting"},
}
