package table

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"

	"google.golang.org/protobuf/encoding/protowire"
)

// A rowLog keeps rows exactly as they are, so that they can be encoded later. Each is a message in the wire format
// of protocol buffers after its length; null values are left out.
type rowLog struct {
	w    *bufio.Writer
	text []byte
}

// The fields of a message.
const (
	pathField = iota + 1
	predictedField
	lowField
	highField
	errorField
	expectedField
	confidenceField
	classesField
	featuresField
	unfamiliarField
	reviewField
)

const maxLogged = 1 << 30 // bytes of a row

func newRowLog(w io.Writer) *rowLog { return &rowLog{w: bufio.NewWriterSize(w, 1<<16)} }

func (l *rowLog) Write(r *Row) error {
	b := l.text[:0]
	for i, text := range []string{r.Path, r.Predicted, r.Low, r.High, r.Error} {
		if text != "" {
			b = protowire.AppendString(protowire.AppendTag(b, protowire.Number(pathField+i), protowire.BytesType), text)
		}
	}
	if r.Expected != nil {
		b = protowire.AppendFixed64(protowire.AppendTag(b, expectedField, protowire.Fixed64Type),
			math.Float64bits(*r.Expected))
	}
	if r.Confidence != nil {
		b = protowire.AppendFixed32(protowire.AppendTag(b, confidenceField, protowire.Fixed32Type),
			math.Float32bits(*r.Confidence))
	}
	for i, truth := range []*bool{r.Unfamiliar, r.Review} {
		if truth != nil {
			b = protowire.AppendString(protowire.AppendTag(b, protowire.Number(unfamiliarField+i), protowire.BytesType), strconv.FormatBool(*truth))
		}
	}
	b = appendPacked(b, classesField, r.Probabilities)
	b = appendPacked(b, featuresField, r.Features)
	l.text = b
	if _, err := l.w.Write(binary.AppendUvarint(nil, uint64(len(b)))); err != nil {
		return err
	}
	_, err := l.w.Write(b)
	return err
}

func (l *rowLog) Flush() error { return l.w.Flush() }
func (l *rowLog) Close() error { return l.w.Flush() }

func appendPacked(b []byte, field protowire.Number, values []float32) []byte {
	if values == nil {
		return b
	}
	b = protowire.AppendVarint(protowire.AppendTag(b, field, protowire.BytesType), uint64(4*len(values)))
	for _, v := range values {
		b = protowire.AppendFixed32(b, math.Float32bits(v))
	}
	return b
}

// readRowLog calls do with each row. The row is valid until do returns.
func readRowLog(r io.Reader, do func(*Row) error) error {
	in := bufio.NewReaderSize(r, 1<<16)
	var text []byte
	var row loggedRow
	for {
		n, err := binary.ReadUvarint(in)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && n > maxLogged {
			err = fmt.Errorf("a row of %d bytes", n)
		}
		if err != nil {
			return err
		}
		if uint64(cap(text)) < n {
			text = make([]byte, n)
		}
		text = text[:n]
		if _, err := io.ReadFull(in, text); err != nil {
			return err
		}
		if err := row.parse(text); err != nil {
			return err
		}
		if err := do(&row.Row); err != nil {
			return err
		}
	}
}

// A loggedRow is a row with room for what it points to.
type loggedRow struct {
	Row
	expected                float64
	confidence              float32
	unfamiliar, review      bool
	probabilities, features []float32
}

func (r *loggedRow) parse(b []byte) error {
	r.Row = Row{}
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		switch kind {
		case protowire.Fixed64Type:
			var bits uint64
			if bits, n = protowire.ConsumeFixed64(b); n > 0 {
				r.expected = math.Float64frombits(bits)
				r.Expected = &r.expected
			}
		case protowire.Fixed32Type:
			var bits uint32
			if bits, n = protowire.ConsumeFixed32(b); n > 0 {
				r.confidence = math.Float32frombits(bits)
				r.Confidence = &r.confidence
			}
		default:
			var value []byte
			if value, n = protowire.ConsumeBytes(b); n > 0 {
				r.set(field, value)
			}
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
	}
	return nil
}

func (r *loggedRow) set(field protowire.Number, value []byte) {
	switch field {
	case pathField:
		r.Path = string(value)
	case predictedField:
		r.Predicted = string(value)
	case lowField:
		r.Low = string(value)
	case highField:
		r.High = string(value)
	case errorField:
		r.Error = string(value)
	case unfamiliarField:
		r.unfamiliar = string(value) == "true"
		r.Unfamiliar = &r.unfamiliar
	case reviewField:
		r.review = string(value) == "true"
		r.Review = &r.review
	case classesField:
		r.probabilities = unpack(r.probabilities[:0], value)
		r.Probabilities = r.probabilities
	case featuresField:
		r.features = unpack(r.features[:0], value)
		r.Features = r.features
	}
}

func unpack(to []float32, b []byte) []float32 {
	if to == nil {
		to = []float32{}
	}
	for ; len(b) >= 4; b = b[4:] {
		to = append(to, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return to
}
