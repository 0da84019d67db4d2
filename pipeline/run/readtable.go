package run

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"

	"finetune/internal/store/userfile"
	"finetune/invalid"
	"finetune/pipeline/artifact"
)

// maxTable bounds the bytes of a table of a run that is read.
const maxTable = 1 << 34

// readTable reads the columns of a CSV table of a run, whatever others it has, and hands the cells of each row to take, in the order
// of the names. safe says that it was written for a spreadsheet. What isn't such a table is an *invalid.Error; that of a file that isn't there wraps fs.ErrNotExist.
func readTable(ctx context.Context, path string, names []string, safe bool, take func(cells []string) error) error {
	f, err := userfile.Open(ctx, path, maxTable)
	if err != nil {
		return err
	}
	defer f.Close()
	bad := func(err error) error {
		return &invalid.Error{Path: path, Found: "not a table of this run", Err: err, Hint: "restore the file or train again"}
	}
	text := artifact.Text(safe)
	table := csv.NewReader(userfile.Reader(ctx, f))
	header, err := table.Read()
	if err != nil {
		return bad(err)
	}
	columns, cells := make([]int, len(names)), make([]string, len(names))
	for i, name := range names {
		if columns[i] = slices.Index(header, name); columns[i] < 0 {
			return bad(fmt.Errorf("no column %s", name))
		}
	}
	for {
		row, err := table.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil {
			for i, c := range columns {
				cells[i] = text(row[c])
			}
			err = take(cells)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			return bad(err)
		}
	}
}

// parseProbabilities reads a probability from each cell.
func parseProbabilities(cells []string) ([]float64, error) {
	list, err := parseNumbers(cells)
	for _, v := range list {
		if v < 0 || v > 1 {
			return nil, fmt.Errorf("the probability %v", v)
		}
	}
	return list, err
}

// parseNumbers reads a finite number from each cell.
func parseNumbers(cells []string) ([]float64, error) {
	out := make([]float64, len(cells))
	for i, cell := range cells {
		v, err := strconv.ParseFloat(cell, 64)
		if err != nil {
			return nil, err
		}
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("the number %v", v)
		}
		out[i] = v
	}
	return out, nil
}
