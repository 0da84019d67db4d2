package run

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"iter"
	"path/filepath"
	"slices"

	"finetune/head"
	"finetune/internal/remote"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/crossval"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/pipeline/source"
	"finetune/pipeline/table"
)

// Predict labels images with a trained run and writes a row for every image of the input, in order. An image that can't
// be read has a row with the reason. Memory doesn't grow with the number of images.
//
// A file is whole or absent. After an interruption at any moment the same job goes on after the rows that it has, and
// ends with the same bytes. A complete result of the same job is left as it is. Standard input is the same where its lines
// are paths that are those of the rows there; with Overwrite it begins anew.
type Predict struct {
	Model       string       // the run folder, or its head.safetensors
	Path        string       // the input, as source.Options has it; "-" is Stdin
	Stdin       io.Reader    // for Path "-": each line is answered as it comes
	ImageColumn string       // of a table, see source.Options
	Shard       source.Shard // the part of the input to label

	Out             string    // .csv, .jsonl or .parquet by its ending, also s3://bucket/key; "-" or "" is Stdout
	Stdout          io.Writer // for Out "-"
	Format          string    // csv, jsonl or parquet; "" is by the ending of Out, csv for Stdout
	Columns         []string  // of the table, see table.Schema; nil: all but features
	Features        bool      // also the column features: the head's input for the image itself
	SpreadsheetSafe bool      // see table.EncodeOptions
	Overwrite       bool      // replace a file at Out of another job

	// Images: Backbone "" is the network of the run; Views and Augment are the run's. With Strict the first image that
	// can't be read ends the job.
	Images   features.Images
	TTA      int // views of an image that a prediction is the mean of, AllViews or 0, as many as the run says
	Threads  int // 0: all cores
	Progress progress.Reporter

	upload string // where Out goes in the end; "": it stays
}

// A PredictResult says what was written.
type PredictResult struct {
	Out       string           `json:"out"`
	Images    int64            `json:"images"`              // rows of the table
	Kept      int64            `json:"kept,omitempty"`      // rows that were there before
	Errors    int64            `json:"errors,omitempty"`    // of the other rows, those with an error
	Predicted map[string]int64 `json:"predicted,omitempty"` // of the other rows, those of each class
	// Unreadable are the first images with an error and the reasons.
	Unreadable []artifact.Unreadable `json:"unreadable,omitempty"`
}

// maxListed bounds PredictResult.Unreadable.
const maxListed = 20

// Run does the job.
func (p Predict) Run(ctx context.Context) (_ *PredictResult, err error) {
	p.Progress = progress.OrNone(p.Progress)
	if err := p.stage(); err != nil {
		return nil, err
	}
	run, err := OpenContext(ctx, p.Model)
	if err != nil {
		return nil, err
	}
	views, err := run.views(p.TTA)
	if err != nil {
		return nil, err
	}
	src, err := source.Open(ctx, source.Options{Path: p.Path, Stdin: p.Stdin, Shard: p.Shard, ImageColumn: p.ImageColumn})
	if err != nil {
		return nil, err
	}
	begun := !p.Overwrite && !p.toStdout() && table.Interrupted(p.Out) != ""
	out, err := p.output(ctx, run, views, src)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closeErr := out.Close(); err == nil {
			err = closeErr
		}
	}()
	result := &PredictResult{Out: cmp.Or(p.upload, p.Out), Images: out.Done(), Kept: out.Done(), Predicted: map[string]int64{}}
	if out.Complete() {
		if err := p.sameLines(ctx, src, out); err != nil {
			return nil, err
		}
		p.Progress.Note(result.Out + " is complete already")
		return result, nil
	}
	x, err := run.extractor(p.Images, views, p.Threads, p.Progress)
	if err != nil {
		return nil, err
	}
	defer x.Close()
	schema := p.schema(run.Head)
	l := labeller{Predict: p, head: run.Head, views: views.Predict, out: out, result: result, features: schema.HasFeatures()}
	if err := l.run(ctx, x, src); err != nil {
		return nil, err
	}
	if p.Path == source.Stdin && (l.passed < result.Kept || begun && result.Images == 0) {
		return nil, p.otherLines() // what is there stays
	}
	if note := src.Note(); note != "" {
		p.Progress.Note(note)
	}
	if err := out.Commit(ctx); err != nil {
		return nil, err
	}
	return result, x.Close()
}

func (p Predict) toStdout() bool { return p.Out == "" || p.Out == "-" }

// output opens what the rows are written to.
func (p Predict) output(ctx context.Context, run *Run, views features.ViewConfig, src *source.Source) (output, error) {
	o := table.Options{Path: p.Out, Overwrite: p.Overwrite}
	o.Anew = p.Overwrite && p.Path == source.Stdin // by the time that other lines are found, they are read
	o.Encode = table.EncodeOptions{SpreadsheetSafe: p.SpreadsheetSafe, Format: table.Format(p.Format)}
	o.Encode.Schema = p.schema(run.Head)
	if err := o.Encode.Format.Check(); err != nil {
		return nil, err
	}
	if p.toStdout() {
		if p.Format == "" {
			o.Encode.Format = table.CSV
		}
		return newStreamOutput(p.Stdout, o.Encode)
	}
	if err := p.mayWrite(ctx, run, src); err != nil {
		return nil, err
	}
	var err error
	if o.Settings, err = p.settings(ctx, run.Head, views, src); err != nil {
		return nil, err
	}
	w, err := table.Create(ctx, o)
	if err != nil {
		return nil, err
	}
	if p.upload != "" {
		return newUploadOutput(ctx, w, p.upload, p.Out, p.Overwrite, p.Path == source.Stdin)
	}
	return fileOutput{w}, nil
}

func (p Predict) schema(h *head.Head) table.Schema {
	s := table.Schema{Classes: h.Space().Classes(), Features: h.Inputs(), Columns: p.Columns}
	if p.Features && !s.HasFeatures() {
		if s.Columns == nil {
			s.Columns = table.DefaultColumns()
		}
		s.Columns = append(slices.Clone(s.Columns), table.FeaturesColumn)
	}
	return s
}

// mayWrite refuses to write over what the job reads.
func (p Predict) mayWrite(ctx context.Context, run *Run, src *source.Source) error {
	files := []string{p.Model, p.Images.Backbone, p.Images.Library}
	for _, pattern := range Kind.Patterns {
		files = append(files, filepath.Join(run.Folder, pattern))
	}
	if err := artifact.NotAnInput(p.Out, files...); err != nil {
		return err
	}
	out := cmp.Or(p.upload, p.Out)
	reads, err := src.Reads(ctx, out)
	if reads {
		err = &invalid.Error{Field: "Out", Path: out, Found: "an input", Want: "another file"}
	}
	return err
}

// settings identifies all that decides the rows besides how they are encoded.
func (p Predict) settings(ctx context.Context, h *head.Head, views features.ViewConfig,
	src *source.Source) (string, error) {
	sum := sha256.New()
	if err := h.Write(sum); err != nil {
		return "", err
	}
	input, err := src.Fingerprint(ctx)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(struct {
		Head, Views, Path, Input, ImageColumn string
		Shard                                 source.Shard
	}{
		hex.EncodeToString(sum.Sum(nil)), views.Average(), remote.Redacted(p.Path), input, p.ImageColumn, p.Shard})
	return string(text), err
}

// A labeller makes rows of features.
type labeller struct {
	Predict
	head   *head.Head
	views  int
	out    output
	result *PredictResult
	probs  []float32
	passed int64 // items whose rows were there

	features bool // rows have them; they are large
}

// run labels the items that the output doesn't have yet.
func (l *labeller) run(ctx context.Context, x *features.Extractor, src *source.Source) error {
	total := 0 // lines on standard input come at the pace of the other side
	if l.Path != source.Stdin {
		n, known, err := src.Count(ctx)
		if err != nil {
			return err
		}
		if total = int(max(0, n-l.out.Done())); !known {
			total = -1
		}
	}
	return x.Stream(ctx, l.rest(src.All(ctx)), total, l.views, l.block)
}

// rest passes over the items whose rows are there.
func (l *labeller) rest(items iter.Seq2[source.Item, error]) iter.Seq2[source.Item, error] {
	return func(yield func(source.Item, error) bool) {
		done := l.out.Done()
		for it, err := range items {
			if err == nil && l.passed < done {
				l.passed++
				if err = l.skip(l.out, it); err == nil {
					continue
				}
			}
			if !yield(it, err) {
				return
			}
		}
	}
}

// block writes the rows of a block.
func (l *labeller) block(b features.Block) error {
	k := l.head.Space().Len()
	n := len(b.Read)
	l.probs = slices.Grow(l.probs[:0], n*k)[:n*k]
	// A block is small; more threads than one would only wait for each other.
	f := head.Features{Rows: n * l.views, Cols: b.Cols, Data: b.Rows}
	if n > 0 {
		if err := crossval.Probabilities(l.head, f, l.views, l.views, nil, 1, l.probs); err != nil {
			return err
		}
	}
	read := 0
	for o := range b.Outcomes() {
		row := table.Row{Path: o.Item.Path}
		if o.Reason != nil {
			l.failed(&row, o.Reason)
		} else {
			row = rowOf(l.head, o.Item.Path, l.probs[read*k:][:k])
			if l.features {
				row.Features = o.Rows[:b.Cols]
			}
			l.result.Predicted[row.Predicted]++
			read++
		}
		l.result.Images++
		if err := l.out.Write(&row); err != nil {
			return err
		}
	}
	return l.out.Flush()
}

func (l *labeller) failed(row *table.Row, reason error) {
	row.Error = reason.Error()
	if l.result.Errors++; len(l.result.Unreadable) < maxListed {
		l.result.Unreadable = append(l.result.Unreadable, artifact.Unreadable{Path: row.Path, Reason: row.Error})
	}
}
