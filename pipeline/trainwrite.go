package pipeline

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"

	"finetune/head"
	"finetune/invalid"
)

// record is config.json as far as it is known before training.
func (t *Train) record(table *table, cfg head.Config, plan *trainPlan) RunConfig {
	var search *SearchConfig
	if t.Search.Trials > 0 {
		search = &SearchConfig{Search: t.Search, From: cfg}
	}
	return RunConfig{
		Finetune: Version(), Backbone: table.network, Features: t.Features, Views: table.viewConfig(), Head: cfg, Soften: t.softening(), Search: search, Calibrate: t.Calibrate,
		Data: dataConfigOf(table), Classes: classConfigs(table.set),
		Split: plan.config(t.Split, cfg),
	}
}

// softening is what labels were softened with, nil for nothing.
func (t *Train) softening() *Softening {
	if t.Soften.Function == "" {
		return nil
	}
	s := t.Soften.resolved()
	return &s
}

// finished returns the result of a complete run with the same settings, nil where the folder holds none yet. A run with
// other settings is not to be mixed with this one.
func (t *Train) finished(now RunConfig) (*TrainResult, error) {
	var before RunConfig
	err := readJSON(filepath.Join(t.Out, ConfigFile), &before)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	switch { // what is found, not given
	case now.Search != nil:
		now.Head = before.Head
	case now.Split.Folds > 0:
		now.Head.Epochs = before.Head.Epochs
	}
	if what := firstDifference(before, now); what != "" {
		return nil, &invalid.Error{
			Field: "--resume", Found: fmt.Sprintf("a complete run in %s with another %q in its %s", t.Out, what, ConfigFile),
			Hint: "give the settings that it was begun with, another --out, or --overwrite",
		}
	}
	result := &TrainResult{Run: t.Out, HeldOut: before.Split.HeldOut, Notes: []string{"the run was complete already; nothing was done"}}
	var measured RunMetrics
	if err := readJSON(filepath.Join(t.Out, MetricsFile), &measured); err != nil {
		return nil, err
	}
	result.Metrics, result.CrossValidation, result.Calibration = measured.Report, measured.CrossValidation, measured.Calibration
	result.Head, err = head.Load(filepath.Join(t.Out, HeadFile))
	return result, err
}

// firstDifference names the first field of config.json that two runs don't share, "" where they are equal.
func firstDifference(a, b RunConfig) string {
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

// writeGroundDistance writes the distances that were measured, or removes those of an earlier run where there are none.
func (r *TrainResult) writeGroundDistance(path string) error {
	if r.GroundDistance == nil {
		return removeIfThere(path)
	}
	return writeGroundDistance(path, r.GroundDistance, r.Head.Space().Len())
}

// write leaves the run folder: config.json last, so that a folder which has it is whole.
func (r *trainRun) write(ctx context.Context) error {
	page, err := r.report(ctx)
	if err != nil {
		return err
	}
	in := func(name string) string { return filepath.Join(r.Out, name) }
	for _, step := range []func() error{
		func() error { return r.result.Head.Save(in(HeadFile)) },
		func() error { return writeHeadONNX(in(HeadONNXFile), r.result.Head) },
		func() error {
			return writeFeatureMean(in(FeatureMeanFile), meanFeature(r.examples, r.plan.parts.Train))
		},
		func() error { return writeHistory(in(HistoryFile), r.traces()) },
		func() error { return r.result.writeGroundDistance(in(GroundDistanceFile)) },
		func() error { return r.result.writeSearch(in(SearchFile), r.Search.Metric) },
		func() error { return writePredictions(in(PredictionsFile), r.result.Head.Space(), r.unseen) },
		func() error {
			return writeSuspects(in(SuspectsFile), suspectLabels(r.result.Head.Space(), r.unseen, r.suspects))
		},
		func() error { return replaceUnreadable(in(UnreadableFile), r.result.Unreadable) },
		func() error {
			return writeJSON(in(MetricsFile), RunMetrics{r.result.Metrics, r.result.CrossValidation, r.result.Calibration})
		},
		func() error { return writeReport(in(ReportFile), page) },
		func() error { return writeJSON(in(ConfigFile), r.record) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}
