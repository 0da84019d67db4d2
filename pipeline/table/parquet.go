package table

import (
	"errors"
	"io"
	"slices"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/compress/zstd"
)

// The bounds of a row group. Readers take one at a time, and the writer holds one in memory.
const (
	maxGroupRows  = 1 << 16
	maxGroupBytes = 1 << 26
)

// parquetEncoder writes optional columns: text as strings, numbers as floats and doubles, truths as booleans, features as a list of floats.
type parquetEncoder struct {
	o       EncodeOptions
	cols    []column
	w       *parquet.GenericWriter[any]
	row     parquet.Row
	inGroup int // rows of the row group
	most    int
}

func newParquet(w io.Writer, o EncodeOptions, cols []column) Encoder {
	root := ordered{Group: parquet.Group{}, places: map[string]int{}}
	width := 0
	for _, c := range cols {
		node := parquet.String()
		switch {
		case c.class >= 0 || c.name == confidenceColumn:
			node = parquet.Leaf(parquet.FloatType)
		case c.name == expectedColumn:
			node = parquet.Leaf(parquet.DoubleType)
		case c.name == unfamiliarColumn || c.name == reviewColumn:
			node = parquet.Leaf(parquet.BooleanType)
		case c.name == FeaturesColumn:
			node = parquet.List(parquet.Leaf(parquet.FloatType))
			width += 4 * o.Schema.Features
		}
		root.Group[c.name] = parquet.Optional(node)
		root.places[c.name] = len(root.places)
		width += 32
	}
	e := &parquetEncoder{o: o, cols: cols, most: max(1, min(maxGroupRows, maxGroupBytes/width))}
	e.w = parquet.NewGenericWriter[any](w, parquet.NewSchema("predictions", root), parquet.Compression(&zstd.Codec{}),
		parquet.CreatedBy("finetune", "", ""), parquet.DataPageStatistics(true))
	return e
}

func (e *parquetEncoder) Write(r *Row) error {
	if err := e.o.Schema.check(r); err != nil {
		return err
	}
	e.row = e.row[:0]
	for i, c := range e.cols {
		if c.name == FeaturesColumn {
			e.features(r, i)
			continue
		}
		v := value(r, c)
		level := 1
		if v.IsNull() {
			level = 0
		}
		e.row = append(e.row, v.Level(0, level, i))
	}
	if _, err := e.w.WriteRows([]parquet.Row{e.row}); err != nil {
		return err
	}
	if e.inGroup++; e.inGroup < e.most {
		return nil
	}
	e.inGroup = 0
	return e.w.Flush()
}

// value returns the value of a column that isn't a list.
func value(r *Row, c column) parquet.Value {
	if text, ok := r.text(c.name); ok {
		if text == "" && c.name != pathColumn {
			return parquet.Value{}
		}
		return parquet.ByteArrayValue([]byte(text))
	}
	if c.name == expectedColumn {
		if r.Expected == nil {
			return parquet.Value{}
		}
		return parquet.DoubleValue(*r.Expected)
	}
	if v := r.truth(c.name); v != nil {
		return parquet.BooleanValue(*v)
	}
	if v := r.float32(c); v != nil {
		return parquet.FloatValue(*v)
	}
	return parquet.Value{}
}

// features appends the values of the list. Its definition levels are: 0 no list, 1 an empty one, 2 an element.
func (e *parquetEncoder) features(r *Row, i int) {
	if len(r.Features) == 0 {
		e.row = append(e.row, parquet.Value{}.Level(0, 0, i))
		return
	}
	for n, f := range r.Features {
		e.row = append(e.row, parquet.FloatValue(f).Level(min(n, 1), 2, i))
	}
}

func (e *parquetEncoder) Flush() error { return nil }

func (e *parquetEncoder) Close() error {
	err := e.w.Close()
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// An ordered group keeps its columns at their places; a parquet.Group sorts them.
type ordered struct {
	parquet.Group
	places map[string]int
}

func (g ordered) Fields() []parquet.Field {
	fields := g.Group.Fields()
	slices.SortFunc(fields, func(a, b parquet.Field) int {
		return g.places[a.Name()] - g.places[b.Name()]
	})
	return fields
}
