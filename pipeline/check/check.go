package check

import (
	"context"

	"finetune/internal/store/pagefault"
	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
	"finetune/pipeline/train"
)

// Job checks labelled images. New returns a Job with the defaults of training.
type Job struct {
	Data dataset.Options
	// the features that images are compared by; with those of training, training finds them in the cache
	Images features.Images
	Split  dataset.SplitOptions // of data without parts; the split of training
	Out    string               // folder for lists and a manifest that keeps copies in one group; "": no files
	// SpreadsheetSafe guards the lists for people, copies.csv, suspects.csv and unreadable.csv; see artifact.Cell. The manifest is
	// read again, so it has names as they are.
	SpreadsheetSafe bool
	Threads         int // 0: all cores
	Progress        progress.Reporter
}

// New returns the job on data with the parts that training draws where it holds some out.
func New(data string) Job {
	t := train.New(data)
	t.Split.Test = train.TestShare
	return Job{Data: t.Data, Split: t.Split}
}

// A Result lists what a Job found. Findings summarize the other fields.
type Result struct {
	Images  int          `json:"images"` // including unreadable ones
	Classes []ClassCount `json:"classes"`
	// origin of the parts: "data", or "seed" for the split of training
	SplitBy     string                `json:"split_by"`
	Findings    []Finding             `json:"findings"`
	Unreadable  []artifact.Unreadable `json:"unreadable,omitempty"`
	Tiny        []TinyImage           `json:"tiny,omitempty"`
	Copies      []Copies              `json:"copies,omitempty"`
	SplitGroups []SplitGroup          `json:"straddling_groups,omitempty"`
	Suspects    []run.SuspectLabel    `json:"suspects,omitempty"` // possible label errors, the clearest first

	split bool // every image has a part
}

// A Severity is the severity of a Finding.
type Severity string

// The severities. A Problem makes metrics wrong or labels contradictory; a Warning deserves a look.
const (
	Warning Severity = "warning"
	Problem Severity = "problem"
)

// A Finding summarizes one kind of problem.
type Finding struct {
	Severity Severity `json:"severity"`
	Kind     string   `json:"kind"` // a stable identifier, such as "copies-across-split"
	Count    int      `json:"count"`
	Message  string   `json:"found"`
	Advice   string   `json:"do"`
	Where    []string `json:"where"` // one line for each case
}

// A ClassCount is the number of images of a class, in total and in each part.
type ClassCount struct {
	Class string `json:"class"`
	All   int    `json:"all"`
	Train int    `json:"train"`
	Val   int    `json:"val"`
	Test  int    `json:"test"`
}

// MaxSeverity returns the highest severity of the findings, "" without findings.
func (r *Result) MaxSeverity() Severity {
	var highest Severity
	for _, f := range r.Findings {
		if f.Severity == Problem {
			return Problem
		}
		highest = f.Severity
	}
	return highest
}

// Run does the job. Findings aren't errors; errors are what prevents the check. Input that the caller can correct is
// an *invalid.Error.
func (c Job) Run(ctx context.Context) (_ *Result, err error) {
	defer pagefault.Catch(&err)() // the features may lie in a temporary file
	c.Progress = progress.OrNone(c.Progress)
	all := 1.0
	c.Images.MaxUnreadable = &all // unreadable images are findings
	var folder *artifact.Folder
	if c.Out != "" {
		var err error
		if folder, err = outputFolder.Claim(ctx, artifact.ClaimOptions{Dir: c.Out, Replace: true,
			Inputs: []string{c.Data.Path}}); err != nil {
			return nil, err
		}
		defer folder.Release()
	}
	set, err := dataset.Load(ctx, c.Data)
	if err != nil {
		return nil, err
	}
	features.NoteData(c.Progress, set)
	result := &Result{Images: len(set.Items), SplitGroups: splitGroups(set)}
	files, err := c.readFiles(ctx, set.Items)
	if err != nil {
		return nil, err
	}
	if c.Images, err = c.Images.Lower(ctx, set.Items, set.Space.Len(), c.Threads, c.Progress); err != nil {
		return nil, err
	}
	x, err := features.StartExtractor(c.Images, c.Threads, len(set.Items), c.Progress)
	if err != nil {
		return nil, err
	}
	side := min(x.Net.Spec.Height, x.Net.Spec.Width)
	table, err := features.ExtractTable(ctx, x, set, c.Data, features.ViewConfig{Train: 1, Predict: 1},
		features.EveryItem(1))
	if closeErr := x.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return nil, err
	}
	defer table.Close()
	result.Unreadable = table.Unreadable
	result.Tiny = tiny(files, side)
	parts := c.parts(table.Set, result)
	result.Classes = countClasses(table.Set, parts)
	if result.Copies, err = c.copies(ctx, table, files, parts); err != nil {
		return nil, err
	}
	if result.Suspects, err = c.suspects(ctx, table, result.Copies); err != nil {
		return nil, err
	}
	result.summarize()
	if c.Out == "" {
		return result, nil
	}
	return result, c.write(ctx, folder, result, table.Set)
}

// parts returns the part of every item: that of the data, or that of training's split. If the data can't be split,
// for example because its groups are divided between parts, only the parts of the data are set.
func (c Job) parts(set *dataset.Set, result *Result) []dataset.Part {
	parts := make([]dataset.Part, len(set.Items))
	result.SplitBy = "seed"
	for i, item := range set.Items {
		parts[i] = item.Part
		if item.Part != dataset.Unassigned {
			result.SplitBy = "data"
		}
	}
	split, err := dataset.Split(set, c.Split)
	if err != nil {
		return parts // the findings name the cause
	}
	result.split = true
	for part, rows := range map[dataset.Part][]int{dataset.Train: split.Train, dataset.Val: split.Val,
		dataset.Test: split.Test} {
		for _, row := range rows {
			parts[row] = part
		}
	}
	return parts
}

func countClasses(set *dataset.Set, parts []dataset.Part) []ClassCount {
	counts := make([]ClassCount, set.Space.Len())
	for i, name := range set.Space.Classes() {
		counts[i].Class = name
	}
	for i, item := range set.Items {
		c := &counts[item.Label]
		c.All++
		switch parts[i] {
		case dataset.Train:
			c.Train++
		case dataset.Val:
			c.Val++
		case dataset.Test:
			c.Test++
		}
	}
	return counts
}
