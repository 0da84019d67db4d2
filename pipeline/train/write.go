package train

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"finetune/head"
	"finetune/internal/store/tfevents"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/crossval"
	"finetune/pipeline/export"
	"finetune/pipeline/features"
	"finetune/pipeline/run"
)

// record is config.json as far as it is known before training.
func (t *Job) record(table *features.Table, cfg head.Config, plan *splitPlan) run.Config {
	var search *run.SearchConfig
	if t.chooses() {
		search = &run.SearchConfig{Search: t.Search, From: cfg, Features: run.DataConfigOf(table).Features}
	}
	return run.Config{
		Finetune: artifact.Version(), Command: t.Command, Backbone: run.FromRun(table.Network, t.Out), Features: t.Features, Views: table.ResolveViews(), Head: cfg, Soften: t.softening(), Search: search, Calibrate: t.Calibrate,
		Data: run.DataConfigOf(table), Classes: run.ClassConfigs(table.Set),
		Split: plan.config(t.Split, cfg), SpreadsheetSafe: t.SpreadsheetSafe,
	}
}

// softening is what labels were softened with, nil for nothing.
func (t *Job) softening() *crossval.Softening {
	if t.Soften.Function == "" {
		return nil
	}
	s := t.Soften.Resolved()
	return &s
}

// finished returns the result of a complete run with the same settings, nil where the folder holds none yet. A run with
// other settings is not to be mixed with this one.
func (t *Job) finished(ctx context.Context, folder *artifact.Folder, now run.Config) (*Result, error) {
	if complete, err := folder.Complete(ctx); err != nil || !complete {
		return nil, err
	}
	there, err := run.OpenContext(ctx, t.Out)
	if err != nil {
		return nil, err
	}
	before := there.Config
	now.Command = before.Command // the settings themselves are compared
	switch {                     // what is found, not given
	case now.Search != nil:
		now.Head, now.Backbone, now.Views, now.Data.Features = before.Head, before.Backbone, before.Views, before.Data.Features
		now.Split.FoldEpochs = before.Split.FoldEpochs
		if before.Search != nil {
			now.Search.Chosen = before.Search.Chosen
		}
	case now.Split.Folds > 0:
		now.Head.Epochs = before.Head.Epochs
	}
	if what := firstDifference(before, now); what != "" {
		return nil, &invalid.Error{
			Field: "Resume", Found: fmt.Sprintf("a complete run in %s with another %q in its %s", t.Out, what, run.ConfigFile),
			Hint: "give the settings that it was begun with, another {Out}, or {Overwrite}",
		}
	}
	result := &Result{Run: t.Out, Head: there.Head, HeldOut: before.Split.HeldOut, Notes: []string{"the run was complete already; nothing was done"}}
	var measured run.Metrics
	if before.Split.HeldOut == heldOutNone {
		return result, nil
	}
	if err := artifact.ReadJSON(filepath.Join(there.Folder, run.MetricsFile), &measured); err != nil {
		return nil, err
	}
	result.Metrics, result.CrossValidation, result.Calibration = measured.Report, measured.CrossValidation, measured.Calibration
	result.LearningCurve, result.By = measured.LearningCurve, measured.By
	return result, nil
}

// firstDifference names the first field of config.json that two runs don't share, "" where they are equal.
func firstDifference(a, b run.Config) string {
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	for i := range x.NumField() {
		p, errP := json.Marshal(x.Field(i).Interface())
		q, errQ := json.Marshal(y.Field(i).Interface())
		if errP != nil || errQ != nil || !bytes.Equal(p, q) {
			name, _, _ := strings.Cut(x.Type().Field(i).Tag.Get("json"), ",")
			return name
		}
	}
	return ""
}

// write leaves the run folder.
func (r *session) write(ctx context.Context) error {
	in := r.folder.Path
	for _, step := range []func() error{
		func() error { return r.result.Head.Save(in(run.HeadFile)) },
		func() error { return writeHeadONNX(ctx, in(run.HeadONNXFile), r.result.Head) },
		func() error {
			return run.WriteFeatureMean(in(run.FeatureMeanFile), run.MeanFeature(r.examples, r.plan.parts.Train))
		},
		func() error { return r.writeFamiliarity(ctx, in(run.FamiliarityFile)) },
		func() error { return writeHistory(in(run.HistoryFile), r.traces()) },
		func() error {
			return artifact.WriteUnreadable(in(artifact.UnreadableFile), r.result.Unreadable, r.SpreadsheetSafe)
		},
		func() error { return r.writeMeasured(ctx, in) },
		func() error { return artifact.WriteJSON(in(run.ConfigFile), r.record) },
		func() error { return r.writeSome(in) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	if err := r.table.Check(); err != nil {
		return err
	}
	return r.folder.Publish(ctx)
}

// writeMeasured writes what was measured on images that the head wasn't trained on; nothing if there were none.
func (r *session) writeMeasured(ctx context.Context, in func(name string) string) error {
	if r.plan.heldOut == heldOutNone {
		return nil
	}
	space := r.result.Head.Space()
	if err := run.WritePredictions(in(run.PredictionsFile), space, r.unseen, r.SpreadsheetSafe); err != nil {
		return err
	}
	if err := run.WriteSuspects(in(run.SuspectsFile), run.DescribeSuspects(space, r.unseen, r.suspects), r.SpreadsheetSafe); err != nil {
		return err
	}
	if err := artifact.WriteJSON(in(run.MetricsFile), run.Metrics{
		Report: r.result.Metrics, CrossValidation: r.result.CrossValidation, Calibration: r.result.Calibration,
		LearningCurve: r.result.LearningCurve, By: r.result.By,
	}); err != nil {
		return err
	}
	page, err := r.report(ctx)
	if err != nil {
		return err
	}
	return writeReport(in(run.ReportFile), page)
}

// writeHeadONNX writes the head as a model that answers for a row of features.
func writeHeadONNX(ctx context.Context, path string, h *head.Head) error {
	_, err := export.ONNX(ctx, path, h, nil, export.Options{Input: export.Features, Version: artifact.Version()})
	return err
}

// writeSome writes the files that only some runs have.
func (r *session) writeSome(in func(name string) string) error {
	if r.table.NetworkFile != "" {
		if err := artifact.CopyFile(in(run.NetworkFile), r.table.NetworkFile); err != nil {
			return err
		}
	}
	if distance := r.result.GroundDistance; distance != nil {
		if err := artifact.WriteGroundDistance(in(run.GroundDistanceFile), distance, r.result.Head.Space().Len()); err != nil {
			return err
		}
	}
	if r.TensorBoard {
		if err := r.writeTensorBoard(in(tfevents.Name), time.Now()); err != nil {
			return err
		}
	}
	if r.result.Trials != nil {
		return r.result.writeSearch(in(run.SearchFile))
	}
	return nil
}
