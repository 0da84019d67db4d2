package check

import (
	"context"

	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/pipeline/run"
	"finetune/pipeline/train"
)

// Check looks at labelled images before anything is trained on them: which can't be read or are tiny, which are copies of one
// another, how the classes are filled, which labels speak against the picture, which groups stand on both sides of a split.
type Job struct {
	Data     dataset.Options
	Images   features.Images      // what the pictures are compared by; the defaults of training, so that both use one cache
	Split    dataset.SplitOptions // as training would cut data that names no parts
	Out      string               // a folder for the lists and for a manifest that keeps copies together; "": nothing is written
	Threads  int                  // 0: all cores
	Progress progress.Reporter
}

// NewCheck returns the job on data with the split of NewTrain.
func New(data string) Job {
	t := train.New(data)
	return Job{Data: t.Data, Split: t.Split}
}

// A CheckResult is what a Check found. Findings sum up the rest.
type Result struct {
	Images     int                   `json:"images"` // all, the unreadable ones as well
	Classes    []ClassCount          `json:"classes"`
	SplitBy    string                `json:"split_by"` // where the parts come from: "data", or "seed" as training would choose them
	Findings   []Finding             `json:"findings"`
	Unreadable []artifact.Unreadable `json:"unreadable,omitempty"`
	Tiny       []TinyImage           `json:"tiny,omitempty"`
	Copies     []Copies              `json:"copies,omitempty"`
	Straddling []StraddlingGroup     `json:"straddling_groups,omitempty"`
	Suspects   []run.SuspectLabel    `json:"suspects,omitempty"` // labels that may be wrong, the likeliest first

	cut bool // every image has a part
}

// A Severity says what a Finding means for training.
type Severity string

// The severities: Trouble makes figures wrong or labels contradict each other, a Warning is worth a look.
const (
	Warning Severity = "warning"
	Problem Severity = "problem"
)

// A Finding is one line of the summary.
type Finding struct {
	Severity Severity `json:"severity"`
	Kind     string   `json:"kind"` // a fixed name for programs, such as "copies-across-split"
	Count    int      `json:"count"`
	Found    string   `json:"found"` // in words
	Do       string   `json:"do"`    // what to do about it
	Where    []string `json:"where"` // a line each
}

// A ClassCount is how often a class is met, in all and in each part.
type ClassCount struct {
	Class string `json:"class"`
	All   int    `json:"all"`
	Train int    `json:"train"`
	Val   int    `json:"val"`
	Test  int    `json:"test"`
}

// Worst returns the gravest severity among the findings, "" where there is none.
func (r *Result) Worst() Severity {
	var worst Severity
	for _, f := range r.Findings {
		if f.Severity == Problem {
			return Problem
		}
		worst = f.Severity
	}
	return worst
}

// Run does the job. What it finds is no error; only what keeps it from looking is.
func (c Job) Run(ctx context.Context) (*Result, error) {
	c.Progress = progress.OrNone(c.Progress)
	all := 1.0
	c.Images.MaxUnreadable = &all // they are what is looked for
	var folder *artifact.Folder
	if c.Out != "" {
		var err error
		if folder, err = checked.Claim(artifact.ClaimOptions{Dir: c.Out, Replace: true, Inputs: []string{c.Data.Path}}); err != nil {
			return nil, err
		}
		defer folder.Release()
	}
	set, err := dataset.Load(ctx, c.Data)
	if err != nil {
		return nil, err
	}
	features.NoteData(c.Progress, set)
	result := &Result{Images: len(set.Items), Straddling: straddling(set)}
	files, err := c.lookAtFiles(ctx, set.Items)
	if err != nil {
		return nil, err
	}
	x, err := features.StartExtractor(c.Images, c.Threads, len(set.Items), c.Progress)
	if err != nil {
		return nil, err
	}
	side := min(x.Net.Spec.Height, x.Net.Spec.Width)
	table, err := features.ExtractTable(ctx, x, set, c.Data, features.ViewConfig{Train: 1, Predict: 1}, features.EveryItem(1))
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
	result.sumUp()
	if c.Out == "" {
		return result, nil
	}
	return result, c.write(ctx, folder, result, table.Set)
}

// parts says which part every item is in: as the data says, or as training would choose. Data that can't be split, such as one
// whose groups straddle, has only the parts that it names.
func (c Job) parts(set *dataset.Set, result *Result) []dataset.Part {
	parts := make([]dataset.Part, len(set.Items))
	result.SplitBy = "seed"
	for i, item := range set.Items {
		parts[i] = item.Part
		if item.Part != dataset.Unassigned {
			result.SplitBy = "data"
		}
	}
	cut, err := dataset.Split(set, c.Split)
	if err != nil {
		return parts // what is wrong stands among the findings
	}
	result.cut = true
	for part, rows := range map[dataset.Part][]int{dataset.Train: cut.Train, dataset.Val: cut.Val, dataset.Test: cut.Test} {
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
