package table

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"math"
	"slices"
	"strconv"
)

// probabilitiesField is the object that holds the columns p_<class> by class, in their order.
const probabilitiesField = "probabilities"

type jsonlEncoder struct {
	o    EncodeOptions
	cols []column
	keys [][]byte // of each column with its colon
	w    *bufio.Writer
	line []byte
}

func newJSONL(w io.Writer, o EncodeOptions, cols []column) Encoder {
	e := &jsonlEncoder{o: o, cols: gathered(cols), w: bufio.NewWriterSize(w, 1<<16)}
	for _, c := range e.cols {
		name := c.name
		if c.class >= 0 {
			name = o.Schema.Classes[c.class]
		}
		e.keys = append(e.keys, append(appendText(nil, name), ':'))
	}
	return e
}

// gathered moves the columns of classes behind the first of them, since they make up one object.
func gathered(cols []column) []column {
	first := slices.IndexFunc(cols, func(c column) bool { return c.class >= 0 })
	if first < 0 {
		return cols
	}
	var classes, others []column
	for _, c := range cols[first:] {
		if c.class >= 0 {
			classes = append(classes, c)
		} else {
			others = append(others, c)
		}
	}
	return slices.Concat(cols[:first], classes, others)
}

func (e *jsonlEncoder) Write(r *Row) error {
	if err := e.o.Schema.check(r); err != nil {
		return err
	}
	e.line = append(e.line[:0], '{')
	inside := false
	for i, c := range e.cols {
		if c.class >= 0 {
			if inside = e.probability(r, i, inside); inside && (i+1 == len(e.cols) || e.cols[i+1].class < 0) {
				e.line, inside = append(e.line, '}'), false
			}
			continue
		}
		e.field(r, i)
	}
	e.line = append(e.line, "}\n"...)
	_, err := e.w.Write(e.line)
	return err
}

// probability appends a member of the object of probabilities, beginning it where this is its first.
func (e *jsonlEncoder) probability(r *Row, i int, inside bool) bool {
	if r.Probabilities == nil {
		return false
	}
	e.comma()
	if !inside {
		e.line = append(e.line, `"`+probabilitiesField+`":{`...)
	}
	e.line = appendFloat32(append(e.line, e.keys[i]...), r.Probabilities[e.cols[i].class])
	return true
}

func (e *jsonlEncoder) field(r *Row, i int) {
	c := e.cols[i]
	text, isText := r.text(c.name)
	single, truth := r.float32(c), r.truth(c.name)
	switch {
	case isText && (text != "" || c.name == pathColumn):
		e.begin(i)
		e.line = appendText(e.line, text)
	case c.name == expectedColumn && r.Expected != nil:
		e.begin(i)
		e.line = appendFloat(e.line, *r.Expected, 64)
	case c.name == FeaturesColumn && r.Features != nil:
		e.begin(i)
		e.line = appendFloats(e.line, r.Features)
	case truth != nil:
		e.begin(i)
		e.line = strconv.AppendBool(e.line, *truth)
	case single != nil:
		e.begin(i)
		e.line = appendFloat32(e.line, *single)
	}
}

func (e *jsonlEncoder) begin(i int) {
	e.comma()
	e.line = append(e.line, e.keys[i]...)
}

func (e *jsonlEncoder) comma() {
	if e.line[len(e.line)-1] != '{' {
		e.line = append(e.line, ',')
	}
}

func (e *jsonlEncoder) Flush() error { return e.w.Flush() }
func (e *jsonlEncoder) Close() error { return e.w.Flush() }

func appendFloat32(b []byte, v float32) []byte { return appendFloat(b, float64(v), 32) }

// appendFloat appends the shortest number that reads back to v, or null for what JSON has no number for.
func appendFloat(b []byte, v float64, bits int) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return append(b, "null"...)
	}
	return strconv.AppendFloat(b, v, 'g', -1, bits)
}

// appendText appends a JSON string.
func appendText(b []byte, text string) []byte {
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	enc.Encode(text) // text never fails
	return append(b, bytes.TrimSuffix(buf.Bytes(), []byte("\n"))...)
}
