package features

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"finetune/backbone"
	"finetune/invalid"
	"finetune/pipeline/progress"
	"finetune/pipeline/source"
	"finetune/pipeline/table"
)

// ExtractRows writes a row for every image of an input as it comes, in order: its path, its features, or the reason why it has none.
// It is a filter for other programs, which see to the labels and to what is left to do after an interruption; [Extract] writes a
// folder to train on. Memory doesn't grow with the number of images.
//
// The features that are taken don't depend on the number of images, so that the parts of an input have the same.
type ExtractRows struct {
	Path        string       // the input, as source.Options has it; "-" is Stdin
	Stdin       io.Reader    // for Path "-": each line is answered as it comes
	ImageColumn string       // of a table, see source.Options
	Shard       source.Shard // the part of the input

	Stdout  io.Writer
	Format  string   // csv, jsonl or parquet; "" is csv
	Columns []string // of path, features, features_base64 and error, see table.Schema; nil: path, features and error

	SpreadsheetSafe bool   // see table.EncodeOptions
	Images          Images // of one view; with Strict the first image that can't be read ends the job
	Threads         int    // 0: all cores
	Progress        progress.Reporter
}

// Run does the job.
func (e ExtractRows) Run(ctx context.Context) (err error) {
	e.Progress = progress.OrNone(e.Progress)
	if n := e.Images.views(); n != 1 {
		return &invalid.Error{Field: "Images.Views", Found: fmt.Sprint(n), Want: "1, since a row has the features of one view"}
	}
	if p := e.Images.Precision; !e.Images.asIs() {
		return &invalid.Error{Field: "Images.Precision", Found: p + " for rows of a table", Want: backbone.Float32,
			Hint: "extract to a folder: such a network is made from some of the images, which must all be there before"}
	}
	if err := table.Format(e.Format).Check(); err != nil {
		return err
	}
	src, err := source.Open(ctx, source.Options{Path: e.Path, Stdin: e.Stdin, Shard: e.Shard, ImageColumn: e.ImageColumn})
	if err != nil {
		return err
	}
	x, err := StartExtractor(e.Images, e.Threads, 1, e.Progress)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := x.Close(); err == nil {
			err = closeErr
		}
	}()
	out, err := e.encoder(x.Net)
	if err != nil {
		return err
	}
	if err := out.Flush(); err != nil { // a header
		return err
	}
	total, err := src.Remaining(ctx, 0)
	if err != nil {
		return err
	}
	if err := x.Stream(ctx, src.All(ctx), total, 1, func(b Block) error { return writeRows(out, b) }); err != nil {
		return err
	}
	if note := src.Note(); note != "" {
		e.Progress.Note(note)
	}
	return out.Close()
}

func (e ExtractRows) encoder(net *Network) (table.Encoder, error) {
	feature, err := net.feature()
	if err != nil {
		return nil, err
	}
	columns := e.Columns
	if columns == nil {
		columns = []string{"path", table.FeaturesColumn, "error"}
	}
	return table.NewEncoder(e.Stdout, table.EncodeOptions{
		SpreadsheetSafe: e.SpreadsheetSafe,
		Format:          cmp.Or(table.Format(e.Format), table.CSV), Schema: table.Schema{Features: feature.Width, Columns: columns},
	})
}

func writeRows(out table.Encoder, b Block) error {
	for o := range b.Outcomes() {
		row := table.Row{Path: o.Item.Path, Features: o.Rows}
		if o.Reason != nil {
			row.Error = o.Reason.Error()
		}
		if err := out.Write(&row); err != nil {
			return err
		}
	}
	return out.Flush()
}
