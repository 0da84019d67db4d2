package table

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"finetune/invalid"
)

// A Format is how a table is written.
type Format string

// The formats.
const (
	CSV     Format = "csv"
	JSONL   Format = "jsonl"
	Parquet Format = "parquet"
)

// Check reports an unknown format as an *invalid.Error. "" stands for the one that fits.
func (f Format) Check() error {
	switch f {
	case "", CSV, JSONL, Parquet:
		return nil
	}
	return &invalid.Error{Field: "Format", Found: fmt.Sprintf("%q", string(f)), Want: "csv, jsonl or parquet"}
}

// FormatOf returns the format of a file by the ending of its name.
func FormatOf(name string) (Format, error) {
	lower := strings.ToLower(name)
	for ending, f := range map[string]Format{".csv": CSV, ".jsonl": JSONL, ".ndjson": JSONL, ".parquet": Parquet} {
		if strings.HasSuffix(lower, ending) {
			return f, nil
		}
	}
	return "", &invalid.Error{Path: name, Found: "no known ending", Want: ".csv, .jsonl or .parquet"}
}

// A Schema says what a table's rows hold.
type Schema struct {
	Classes  []string // in their order; column p_<class> is the probability of each
	Features int      // width of the column features

	// Columns are those to write, in this order. Nil is all but features; p_* stands for the columns of all classes.
	Columns []string
}

// The columns of an image's features.
const (
	FeaturesColumn       = "features"        // a list of float32
	FeaturesBase64Column = "features_base64" // the same as text: float32, little-endian, in base64
)

var featureColumns = []string{FeaturesColumn, FeaturesBase64Column}

// DefaultColumns returns the columns that a nil Schema.Columns stands for.
func DefaultColumns() []string { return slices.Clone(defaultColumns) }

// The names of columns besides p_<class>.
const (
	pathColumn       = "path"       // text: the name of the image
	predictedColumn  = "predicted"  // text: the class
	lowColumn        = "low"        // text: the lowest class of the range
	highColumn       = "high"       // text: the highest
	expectedColumn   = "expected"   // float64: the mean of the classes' positions under the distribution
	confidenceColumn = "confidence" // float32: the probability of the predicted class
	unfamiliarColumn = "unfamiliar" // truth: the image is unlike the training images
	reviewColumn     = "review"     // truth: a person should look at it
	errorColumn      = "error"      // text: why there is no prediction

	classPrefix = "p_" // float32
	allClasses  = "p_*"
)

var defaultColumns = []string{pathColumn, predictedColumn, lowColumn, highColumn, expectedColumn, allClasses,
	confidenceColumn, unfamiliarColumn, reviewColumn, errorColumn}

// A Row is what is known of an image. Columns without a value are null: empty in CSV, absent in JSON.
type Row struct {
	Path                 string
	Key                  string    // tells images of the same path apart, for Skip; it isn't written
	Predicted, Low, High string    // "" is null
	Expected             *float64  // nil is null
	Probabilities        []float32 // of each class; nil is null
	Confidence           *float32  // nil is null
	Unfamiliar, Review   *bool     // nil is null
	Features             []float32 // nil is null
	Error                string    // "" is null
}

// A column writes one of a row's values.
type column struct {
	name  string
	class int // of p_<class>, otherwise -1
}

// columns resolves the names of Columns.
func (s *Schema) columns() ([]column, error) {
	names := s.Columns
	if names == nil {
		names = defaultColumns
	}
	known := slices.Clone(featureColumns)
	for _, name := range defaultColumns {
		if name != allClasses {
			known = append(known, name)
		}
	}
	var cols []column
	for _, name := range names {
		class := -1
		switch {
		case name == allClasses:
			for i, c := range s.Classes {
				cols = append(cols, column{classPrefix + c, i})
			}
			continue
		case slices.Contains(known, name):
		default:
			if class = slices.Index(s.Classes, strings.TrimPrefix(name, classPrefix)); class < 0 ||
				!strings.HasPrefix(name, classPrefix) {
				return nil, &invalid.Error{Field: "Columns", Found: fmt.Sprintf("%q", name),
					Want: "any of " + strings.Join(slices.Concat(defaultColumns, featureColumns), ", ")}
			}
		}
		cols = append(cols, column{name, class})
	}
	for i, c := range cols {
		if slices.ContainsFunc(cols[:i], func(o column) bool { return o.name == c.name }) {
			return nil, &invalid.Error{Field: "Columns", Found: fmt.Sprintf("%q twice", c.name),
				Want: "each column once"}
		}
	}
	if len(cols) == 0 {
		return nil, &invalid.Error{Field: "Columns", Found: "nothing", Want: "at least one column"}
	}
	return cols, nil
}

// HasFeatures reports whether the table has a column of features.
func (s *Schema) HasFeatures() bool {
	return slices.ContainsFunc(s.Columns, func(name string) bool { return slices.Contains(featureColumns, name) })
}

// check tells a row that doesn't fit the schema.
func (s *Schema) check(r *Row) error {
	if r.Probabilities != nil && len(r.Probabilities) != len(s.Classes) {
		return fmt.Errorf("table: %d probabilities for %d classes", len(r.Probabilities), len(s.Classes))
	}
	if r.Features != nil && len(r.Features) != s.Features {
		return fmt.Errorf("table: %d features of %d", len(r.Features), s.Features)
	}
	return nil
}

// text returns the value of a column of text; ok is false for other columns.
func (r *Row) text(name string) (value string, ok bool) {
	switch name {
	case pathColumn:
		value = r.Path
	case predictedColumn:
		value = r.Predicted
	case lowColumn:
		value = r.Low
	case highColumn:
		value = r.High
	case errorColumn:
		value = r.Error
	case FeaturesBase64Column:
		return base64Of(r.Features), true
	default:
		return "", false
	}
	// Names in archives and lists may hold any bytes; tables hold UTF-8.
	return strings.ToValidUTF8(value, "\ufffd"), true
}

// float32 returns the value of a column of single numbers, or nil.
func (r *Row) float32(c column) *float32 {
	switch {
	case c.class >= 0 && r.Probabilities != nil:
		return &r.Probabilities[c.class]
	case c.name == confidenceColumn:
		return r.Confidence
	}
	return nil
}

// truth returns the value of a column of truths, or nil.
func (r *Row) truth(name string) *bool {
	switch name {
	case unfamiliarColumn:
		return r.Unfamiliar
	case reviewColumn:
		return r.Review
	}
	return nil
}

// base64Of returns the bytes of numbers, little-endian, in base64.
func base64Of(values []float32) string {
	raw, err := binary.Append(make([]byte, 0, 4*len(values)), binary.LittleEndian, values)
	if err != nil {
		panic(err) // numbers always have bytes
	}
	return base64.StdEncoding.EncodeToString(raw)
}
