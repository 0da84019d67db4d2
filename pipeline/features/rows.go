package features

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"finetune/internal/store/userfile"
	"finetune/invalid"
	"finetune/pipeline/dataset"
)

// maxIndex bounds the bytes of an index.
const maxIndex = 4 << 30

// rowColumn is the column of the index that says which row of the matrix a line is about.
const rowColumn = "row"

// orderByRow puts the items of an index, each with so many views, into the order of the matrix: the index may have been sorted
// by another column. An index without a row column is in the order of the matrix.
func orderByRow(ctx context.Context, path string, set *dataset.Set) error {
	rows, err := readRows(ctx, path)
	if err != nil || rows == nil {
		return err
	}
	wrong := func(found string) error {
		return &invalid.Error{Path: path, Found: found, Want: "a column " + rowColumn + " that numbers the rows of " + MatrixFile + " from 0, each once",
			Hint: "restore the file or extract the features again"}
	}
	if len(rows) != len(set.Items)*set.Views {
		return wrong(fmt.Sprintf("%d lines for %d images", len(rows), len(set.Items)))
	}
	items := make([]dataset.Item, len(set.Items))
	seen := make([]bool, len(rows))
	for i, row := range rows {
		if row < 0 || row >= len(rows) || seen[row] {
			return wrong(fmt.Sprintf("row %d in line %d", row, i+2))
		}
		seen[row] = true
		if view := i % set.Views; row%set.Views != view || view > 0 && row != rows[i-1]+1 {
			return wrong(fmt.Sprintf("view %d of an image in row %d", view, row))
		}
		items[row/set.Views] = set.Items[i/set.Views]
	}
	copy(set.Items, items)
	return nil
}

// readRows reads the row column of an index; nil where there is none.
func readRows(ctx context.Context, path string) ([]int, error) {
	f, err := userfile.Open(ctx, path, maxIndex)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r := csv.NewReader(f)
	r.ReuseRecord, r.FieldsPerRecord = true, -1
	header, err := r.Read()
	if err != nil {
		return nil, nil // dataset.Load has said what is wrong with it
	}
	at := slices.Index(header, rowColumn)
	if at < 0 {
		return nil, nil
	}
	var rows []int
	for {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		if len(record) <= at {
			continue
		}
		row, err := strconv.Atoi(record[at])
		if err != nil {
			line, _ := r.FieldPos(at)
			return nil, &invalid.Error{Path: fmt.Sprintf("%s line %d", path, line), Found: fmt.Sprintf("the row %q", record[at]), Want: "a whole number from 0"}
		}
		rows = append(rows, row)
	}
}
