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
	"finetune/pipeline/familiarity"
	"finetune/pipeline/features"
	"finetune/pipeline/progress"
	"finetune/pipeline/source"
	"finetune/pipeline/table"
)

// Predict labels images with a trained run and writes a row for every image of the input, in order. An image that can't
// be read has a row with the reason. Memory doesn't grow with the number of images.
//
// A file is whole or absent. After an interruption at any moment the same job goes on after the rows that it has, and
// ends with the same bytes. A complete result of the same job is left as it is. Standard input is the same where it begins
// with the lines of the rows there; with Overwrite it begins anew.
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
	Report          string    // a page about the images, .html; "": none
	ReviewShare     float64   // of images like the training images that are marked for review; 0: none

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
	known, err := run.Familiarity(ctx)
	if err != nil {
		return nil, err
	}
	l := labeller{Predict: p, head: run.Head, views: views.Predict}
	if known != nil {
		judge, err := known.Judge(p.ReviewShare)
		if err != nil {
			return nil, err
		}
		l.judge = &judge
	}
	if p.Report != "" {
		if err := p.mayReport(ctx, run); err != nil {
			return nil, err
		}
		l.overview = newOverview(run, known, remote.Redacted(p.Path))
		l.overview.page.Share = p.ReviewShare
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
	if out.Complete() && p.Report == "" {
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
	l.out, l.result, l.features = out, result, schema.HasFeatures()
	if err := l.run(ctx, x, src); err != nil {
		return nil, err
	}
	if p.Path == source.Stdin && (l.passed < result.Kept || begun && result.Images == 0) {
		return nil, p.fewerLines(l.passed, result.Kept) // what is there stays
	}
	if note := src.Note(); note != "" {
		p.Progress.Note(note)
	}
	if !out.Complete() {
		if err := out.Commit(ctx); err != nil {
			return nil, err
		}
	}
	if l.overview != nil {
		if err := l.overview.write(ctx, p.Report); err != nil {
			return nil, err
		}
	}
	return result, x.Close()
}

// mayReport refuses a page that can't be made, or not where it is wanted.
func (p Predict) mayReport(ctx context.Context, r *Run) error {
	switch {
	case filepath.Ext(p.Report) != ".html":
		return &invalid.Error{Field: "Report", Path: p.Report, Found: "a name that doesn't end in .html", Want: "an HTML file"}
	case p.Path == source.Stdin:
		return &invalid.Error{Field: "Report", Found: "given with lines on standard input", Hint: "put the lines into a file, or leave {Report} out"}
	}
	return r.mayWritePage(ctx, p.Report, p.Path, p.Out, p.Images.Backbone, p.Images.Library)
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
		out, err := newStreamOutput(p.Stdout, o.Encode)
		if err == nil && p.Path == source.Stdin {
			err = out.Flush() // the other side may read the header before it sends a line
		}
		return out, err
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
		ReviewShare                           float64
	}{
		hex.EncodeToString(sum.Sum(nil)), views.Average(), remote.Redacted(p.Path), input, p.ImageColumn, p.Shard, p.ReviewShare})
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
	seen   int64 // items of blocks

	features bool               // rows have them; they are large
	judge    *familiarity.Judge // nil where the run doesn't know its training images
	overview *overview          // nil without a page
}

// run labels the items that the output doesn't have yet.
func (l *labeller) run(ctx context.Context, x *features.Extractor, src *source.Source) error {
	total, err := src.Remaining(ctx, l.there())
	if err != nil {
		return err
	}
	return x.Stream(ctx, l.rest(src.All(ctx)), total, l.views, l.block)
}

// there is how many items need no look, since their rows are there. A page is about all items.
func (l *labeller) there() int64 {
	if l.overview != nil {
		return 0
	}
	return l.out.Done()
}

// rest passes over the items whose rows are there. For a page they come again, mostly from the cache.
func (l *labeller) rest(items iter.Seq2[source.Item, error]) iter.Seq2[source.Item, error] {
	return func(yield func(source.Item, error) bool) {
		done := l.out.Done()
		for it, err := range items {
			if err == nil && l.passed < done {
				l.passed++
				if err = l.skip(l.out, it); err == nil && l.overview == nil {
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
		l.seen++
		there := l.overview != nil && l.seen <= l.result.Kept // written before; it comes again for the page
		if o.Reason == nil {
			row = l.row(o, l.probs[read*k:][:k], b.Cols)
			read++
		}
		if l.overview != nil && o.Reason != nil {
			l.overview.failed(o.Item.Path, o.Reason)
		}
		if there {
			continue
		}
		if o.Reason != nil {
			l.failed(&row, o.Reason)
		} else {
			l.result.Predicted[row.Predicted]++
		}
		l.result.Images++
		row.Key = o.Item.Line
		if err := l.out.Write(&row); err != nil {
			return err
		}
	}
	return l.out.Flush()
}

// row is the row of an image that could be read.
func (l *labeller) row(o features.Outcome, probs []float32, cols int) table.Row {
	row, class := rowOf(l.head, o.Item.Path, probs), l.head.Decide(probs)
	if l.features {
		row.Features = o.Rows[:cols]
	}
	var verdict *familiarity.Verdict
	if l.judge != nil {
		v := l.judge.Of(o.Rows[:cols], probs, class)
		verdict = &v
		row.Unfamiliar = &v.Unfamiliar
		if l.ReviewShare > 0 {
			row.Review = &v.Review
		}
	}
	if l.overview != nil {
		l.overview.add(o.Item, probs, class, -1, verdict)
	}
	return row
}

func (l *labeller) failed(row *table.Row, reason error) {
	row.Error = reason.Error()
	if l.result.Errors++; len(l.result.Unreadable) < maxListed {
		l.result.Unreadable = append(l.result.Unreadable, artifact.Unreadable{Path: row.Path, Reason: row.Error})
	}
}
