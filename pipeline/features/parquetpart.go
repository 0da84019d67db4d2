package features

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/parquet-go/parquet-go"

	"finetune/internal/store/npy"
	"finetune/internal/store/parquetfile"
	"finetune/internal/store/userfile"
	"finetune/invalid"
	"finetune/pipeline/artifact"
	"finetune/pipeline/dataset"
)

// featuresColumns are the columns of a Parquet table that may hold features: a list of numbers, or float32 in bytes.
const featuresColumn, packedColumn = "features", "features_base64"

// decodeParquet writes the features of a Parquet table as a matrix, and its other columns as an index. Rows without features, such as
// those with an error, are left out.
func decodeParquet(ctx context.Context, path, matrix, index string, o dataset.Options) (err error) {
	f, err := userfile.Open(ctx, path, math.MaxInt64)
	if err != nil {
		return err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	table, err := parquetfile.Open(f, info.Size())
	if err != nil {
		return &invalid.Error{Path: path, Found: "damaged or not Parquet", Err: err}
	}
	d := parquetPart{path: path, matrix: matrix}
	if err := d.guard(func() error { return d.find(table, o) }); err != nil {
		return err
	}
	defer func() {
		if d.out != nil {
			d.out.Abort()
		}
	}()
	err = artifact.WriteCSV(index, func(w *csv.Writer) error {
		if err := w.Write(d.names); err != nil {
			return err
		}
		for _, group := range table.RowGroups() {
			if err := d.guard(func() error { return d.group(ctx, group, w) }); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if d.out == nil {
		return &invalid.Error{Path: path, Found: "no row with features", Want: "at least one"}
	}
	return d.out.Commit()
}

// parquetPart is a table while it is decoded.
type parquetPart struct {
	path, matrix string
	features     int // leaf column
	places       map[int]int
	names        []string // of the index
	out          *npy.Writer
	row          []float32
	record       []string
}

// guard does a part of the work, in which the library may panic.
func (d *parquetPart) guard(do func() error) error {
	err := parquetfile.Guard(do)
	if errors.Is(err, parquetfile.ErrMalformed) {
		return &invalid.Error{Path: d.path, Found: "damaged or not Parquet", Err: err}
	}
	return err
}

// find looks for the columns.
func (d *parquetPart) find(f *parquet.File, o dataset.Options) error {
	d.features, d.places = -1, map[int]int{}
	var found []string
	for _, l := range f.Schema().Columns() {
		leaf, ok := f.Schema().Lookup(l...)
		if !ok {
			continue
		}
		found = append(found, strings.Join(l, "."))
		kind := leaf.Node.Type().Kind()
		switch {
		case l[0] == featuresColumn && leaf.MaxRepetitionLevel == 1 && (kind == parquet.Float || kind == parquet.Double):
			d.features = leaf.ColumnIndex
		case len(l) == 1 && leaf.MaxRepetitionLevel == 0 && l[0] != packedColumn:
			name := l[0]
			switch name {
			case o.LabelColumn:
				name = "label"
			case o.ImageColumn:
				name = "path"
			}
			if usual := []string{"path", "label", "split", "fold", "group", "weight", dataset.ViewColumn}; slices.Contains(usual, name) || strings.HasPrefix(name, "votes_") {
				d.places[leaf.ColumnIndex] = len(d.names)
				d.names = append(d.names, name)
			}
		}
	}
	if d.features < 0 || !slices.Contains(d.names, "path") {
		return &invalid.Error{Field: "Features", Path: d.path, Found: fmt.Sprintf("the columns %.200s", strings.Join(found, ", ")),
			Want: "a column path, and a column features with a list of floats"}
	}
	if !o.Unlabelled && !slices.ContainsFunc(d.names, func(name string) bool { return name == "label" || strings.HasPrefix(name, "votes_") }) {
		e := &invalid.Error{Field: "Features", Path: d.path, Found: fmt.Sprintf("no label column among %.200s", strings.Join(found, ", ")),
			Want: "a column label, or votes_<class> for each class",
			Hint: "keep the label column beside the path when extracting (docs/spark.md); where it has another name, give {Data.LabelColumn}"}
		if o.LabelColumn != "" {
			e.Field, e.Found = "Data.LabelColumn", fmt.Sprintf("no column %q among %.200s", o.LabelColumn, strings.Join(found, ", "))
		}
		return e
	}
	d.record = make([]string, len(d.names))
	return nil
}

// group decodes a row group, of which it holds a few rows at a time.
func (d *parquetPart) group(ctx context.Context, group parquet.RowGroup, w *csv.Writer) error {
	rows := group.Rows()
	defer rows.Close()
	buf := make([]parquet.Row, 64)
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		n, err := rows.ReadRows(buf)
		for _, r := range buf[:n] {
			if err := d.add(r, w); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return &invalid.Error{Path: d.path, Found: "damaged", Err: err}
		}
	}
}

// add writes a row, unless it has no features.
func (d *parquetPart) add(r parquet.Row, w *csv.Writer) error {
	d.row = d.row[:0]
	clear(d.record)
	for _, v := range r {
		at, known := d.places[v.Column()]
		switch {
		case v.IsNull():
		case v.Column() == d.features && v.Kind() == parquet.Double:
			d.row = append(d.row, float32(v.Double()))
		case v.Column() == d.features:
			d.row = append(d.row, v.Float())
		case known:
			d.record[at] = textOf(v)
		}
	}
	if len(d.row) == 0 {
		return nil
	}
	if d.out == nil {
		var err error
		if d.out, err = npy.Create(d.matrix, len(d.row)); err != nil {
			return err
		}
	}
	if err := d.out.WriteRow(d.row); err != nil {
		return &invalid.Error{Path: d.path, Found: fmt.Sprintf("%d features of %s", len(d.row), d.record[slices.Index(d.names, "path")]),
			Want: "as many as in the other rows"}
	}
	return w.Write(d.record)
}

// textOf writes a value as a table has it.
func textOf(v parquet.Value) string {
	switch v.Kind() {
	case parquet.Int32:
		return strconv.Itoa(int(v.Int32()))
	case parquet.Int64:
		return strconv.FormatInt(v.Int64(), 10)
	case parquet.Float:
		return strconv.FormatFloat(float64(v.Float()), 'g', -1, 32)
	case parquet.Double:
		return strconv.FormatFloat(v.Double(), 'g', -1, 64)
	case parquet.Boolean:
		return strconv.FormatBool(v.Boolean())
	}
	return string(v.ByteArray())
}
