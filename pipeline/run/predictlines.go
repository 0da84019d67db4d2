package run

import (
	"cmp"
	"context"
	"fmt"
	"os"

	"finetune/invalid"
	"finetune/pipeline/dataset"
	"finetune/pipeline/source"
	"finetune/pipeline/table"
)

// The lines on standard input are known only once they are read, so the settings of a job don't tell whether rows are
// those of its lines. The state of a table keeps a digest of the lines that its rows are of.

// sameLines refuses a complete output that isn't that of the lines on standard input.
func (p Predict) sameLines(ctx context.Context, src *source.Source, out output) error {
	if p.Path != source.Stdin {
		return nil
	}
	n := int64(0)
	for it, err := range src.All(ctx) {
		if err != nil {
			return err
		}
		if n++; n > out.Done() {
			return p.otherLines(fmt.Sprintf("a complete table of %d rows, but standard input has more lines", out.Done()))
		}
		if err := p.skip(out, it); err != nil {
			return err
		}
	}
	if n < out.Done() {
		return p.fewerLines(n, out.Done())
	}
	return nil
}

// skip passes over an item whose row is there.
func (p Predict) skip(out output, it source.Item) error {
	err := out.Skip(cmp.Or(it.Line, dataset.FromSource(it).Path))
	if p.Path == source.Stdin && invalid.Is(err) {
		return p.otherLines(fmt.Sprintf("%d rows, of other lines than the first %[1]d on standard input", out.Done()))
	}
	return err
}

func (p Predict) fewerLines(lines, rows int64) error {
	if rows == 0 {
		return p.otherLines("an interrupted table, but standard input has no lines")
	}
	return p.otherLines(fmt.Sprintf("%d rows, but standard input has %d lines", rows, lines))
}

func (p Predict) otherLines(found string) error {
	path := p.Out
	if _, err := os.Stat(path); err != nil {
		path = cmp.Or(table.Interrupted(p.Out), path)
	}
	return &invalid.Error{Path: path, Found: found, Hint: "give the same lines again, another {Out}, or {Overwrite}"}
}
