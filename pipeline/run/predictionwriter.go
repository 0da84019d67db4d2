package run

import (
	"context"
	"io"

	"finetune/head"
	"finetune/pipeline/table"
)

// An output takes the rows of a job, some of which may be there already.
type output interface {
	Complete() bool         // nothing is left to do
	Done() int64            // rows of an interrupted job
	Skip(path string) error // says the path of one of them
	Write(*table.Row) error
	Flush() error // hands on the rows so far, where somebody may wait for them
	Commit(context.Context) error
	Close() error
}

// A fileOutput is a table in a file.
type fileOutput struct{ *table.Writer }

// Flush does nothing: the file is put in place by Commit.
func (fileOutput) Flush() error { return nil }

// A streamOutput is a table on standard output. Its header is handed on with the first rows, so that an input without images gives an
// error alone.
type streamOutput struct{ table.Encoder }

func newStreamOutput(w io.Writer, o table.EncodeOptions) (output, error) {
	enc, err := table.NewEncoder(w, o)
	if err != nil {
		return nil, err
	}
	return streamOutput{enc}, nil
}

func (streamOutput) Complete() bool                 { return false }
func (streamOutput) Done() int64                    { return 0 }
func (streamOutput) Skip(string) error              { return nil }
func (s streamOutput) Commit(context.Context) error { return s.Encoder.Close() }
func (streamOutput) Close() error                   { return nil }

// rowOf returns the row of an image with a distribution. It has no features.
func rowOf(h *head.Head, path string, probs []float32) table.Row {
	p := NewPrediction(h, probs)
	return table.Row{Path: path, Predicted: p.Predicted, Low: p.Low, High: p.High, Expected: &p.Expected,
		Probabilities: p.Probabilities, Confidence: &p.Confidence}
}
