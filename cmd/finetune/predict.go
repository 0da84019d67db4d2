package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"finetune/invalid"
	"finetune/pipeline/familiarity"
	"finetune/pipeline/run"
	"finetune/pipeline/source"
)

func newPredict(a *app) *cobra.Command {
	job := run.Predict{}
	c := &cobra.Command{
		Use:   "predict --model RUN --data PATH [--out FILE]",
		Short: "Label images with a trained run",
		Long: `predict writes a row for every image of the input, in order. The columns are path, predicted, low, high,
expected, p_<class>, confidence, unfamiliar (the image is unlike the training images), review (a person should look at it) and error. An
image that can't be read has a row with its error; --strict stops there instead. With --report the same command leaves a page with pictures.
Memory doesn't grow with the number of images. When it is interrupted, the same command goes on after the rows it has.

PATH is a folder, an image, a list (.txt), a table (.csv, .tsv, .jsonl, each also .gz, .parquet), an archive (.tar, .tar.gz, .zip),
a pattern of these such as 'shard-{000..127}.tar' or 'photos/**/*.jpg', or - for lines on standard input, which are answered as they
come: each is a path, or a JSON object with a path, or with bytes in base64 and an id. PATH, RUN and FILE may be at s3://bucket/key;
PATH and RUN also at https://.`,
		Example: `  finetune predict --model run --data new-faces/ --out labels.csv
  finetune predict --model run --data 'shard-{000..127}.tar' --shard 3/16 --out labels-03.parquet
  finetune predict --model run --data new-faces/ --out labels.csv --report labels.html
  finetune predict --model run --data photo.jpg
  finetune predict --model run --data files.txt --columns path,predicted,p_* --out labels.jsonl
  finetune predict --model s3://models/ages --data s3://photos/new/ --out s3://out/new.csv
  find . -name '*.jpg' | finetune predict --model run --data - --format jsonl -q`,
		Args: noArgs,
	}
	f := c.Flags()
	f.SortFlags = false
	f.StringVar(&job.Model, "model", "", "`folder` of the trained run")
	f.StringVar(&job.Path, "data", "", "`path` of the images, a pattern of paths, or - for lines on standard input")
	f.StringVar(&job.ImageColumn, "image-column", "",
		"`name` of a table's column with paths or image bytes (default image, bytes, content or path)")
	f.Var(&shardFlag{&job.Shard}, "shard",
		"label only part i of n of the input, i from 0; each part goes to a file of its own")
	f.StringVar(&job.Out, "out", "-", "`file` or s3:// address to write, .csv, .jsonl or .parquet by its ending; - is standard output")
	f.StringVar(&job.Format, "format", "",
		"csv, jsonl or parquet (default: by the ending of --out, csv for standard output)")
	f.StringSliceVar(&job.Columns, "columns", nil,
		"`names` of the columns to write, in this order; p_* is all classes")
	f.BoolVar(&job.Features, "features", false,
		"also write the features of each image, a list of numbers in the column features")
	addSpreadsheetFlag(f, &job.SpreadsheetSafe)
	f.BoolVar(&job.Overwrite, "overwrite", false, "replace --out where it is the result of another job")
	f.StringVar(&job.Report, "report", "", "`file` for a page about these images, .html: answers beside the training data, unfamiliar and unsure images")
	job.ReviewShare = familiarity.DefaultReviewShare
	addNumber(f, &job.ReviewShare, familiarity.ReviewShare, "review-share", "`share` of ordinary images to mark for a person's look; 0 for none")
	addMovedNetworkFlag(f, &job.Images.Backbone)
	addTTAFlag(f, &job.TTA, "as the run was measured")
	addCacheFlags(f, &job.Images)
	addComputeFlags(f, &job.Images, &job.Threads)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := required(c, "model", "data"); err != nil {
			return err
		}
		toStdout := job.Out == "-" || job.Out == ""
		if a.json && toStdout {
			return &usageError{fmt.Errorf("--json: standard output has the predictions already; give --out FILE, " +
				"or --format jsonl instead of --json")}
		}
		progress, done := a.progress()
		job.Progress, job.Stdin, job.Stdout = progress, a.in, a.out
		result, err := job.Run(c.Context())
		done()
		if err != nil || toStdout {
			return err
		}
		return a.print(result, func(w io.Writer) { printPredicted(w, result) })
	}
	return c
}

// printPredicted says what is in the table.
func printPredicted(w io.Writer, r *run.PredictResult) {
	fmt.Fprintf(w, "%d images labelled in %s", r.Images-r.Errors, r.Out)
	if r.Kept > 0 {
		fmt.Fprintf(w, ", %d of them before", r.Kept)
	}
	if r.Errors > 0 {
		fmt.Fprintf(w, "; %d with an error", r.Errors)
	}
	fmt.Fprintln(w)
	for _, u := range r.Unreadable {
		fmt.Fprintf(w, "no prediction for %s: %s\n", u.Path, u.Reason)
	}
	if more := r.Errors - int64(len(r.Unreadable)); more > 0 {
		fmt.Fprintf(w, "and for %d more; the column error has the reasons\n", more)
	}
}

// shardFlag reads i/n.
type shardFlag struct{ shard *source.Shard }

var _ pflag.Value = (*shardFlag)(nil)

func (*shardFlag) Type() string { return "i/n" }

func (s *shardFlag) String() string {
	if s.shard == nil || s.shard.Count == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", s.shard.Index, s.shard.Count)
}

// Set reads a shard. An index out of range is found where the input is opened.
func (s *shardFlag) Set(text string) error {
	index, count, _ := strings.Cut(text, "/")
	i, errIndex := strconv.Atoi(index)
	n, errCount := strconv.Atoi(count)
	if errIndex != nil || errCount != nil || n < 1 {
		return &invalid.Error{Field: "--shard", Found: strconv.Quote(text), Want: "i/n with i from 0 to n-1"}
	}
	s.shard.Index, s.shard.Count = i, n
	return nil
}
