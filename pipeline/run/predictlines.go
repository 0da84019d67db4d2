package run

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"strings"

	"finetune/invalid"
	"finetune/pipeline/dataset"
	"finetune/pipeline/source"
	"finetune/pipeline/table"
)

// The lines on standard input are known only once they are read, so the settings of a job don't tell whether rows are
// those of its lines. The names do, where they are paths.

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
			return p.otherLines()
		}
		if err := p.skip(out, it); err != nil {
			return err
		}
	}
	if n < out.Done() {
		return p.otherLines()
	}
	return nil
}

// skip passes over an item whose row is there.
func (p Predict) skip(out output, it source.Item) error {
	if p.Path == source.Stdin && !namesItsFile(it) {
		return p.otherLines()
	}
	err := out.Skip(dataset.FromSource(it).Path)
	if p.Path == source.Stdin && invalid.Is(err) {
		return p.otherLines()
	}
	return err
}

// namesItsFile reports whether an item with the same name is the same image. An id or the number of a line may be
// another's.
func namesItsFile(it source.Item) bool {
	return it.File() != "" && filepath.Clean(strings.TrimPrefix(it.Name, "file:")) == it.File()
}

func (p Predict) otherLines() error {
	path := p.Out
	if _, err := os.Stat(path); err != nil {
		path = cmp.Or(table.Interrupted(p.Out), path)
	}
	return &invalid.Error{Path: path, Found: "rows that aren't known to be those of the lines on standard input",
		Hint: "give the same paths again, another {Out}, or {Overwrite}"}
}
