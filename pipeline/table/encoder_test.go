package table

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go"

	"finetune/invalid"
)

func ptr[T any](v T) *T { return &v }

// sample is rows of every kind.
func sample() (Schema, []Row) {
	s := Schema{Classes: []string{"1", "-2", "a,\"b\""}, Features: 2}
	return s, []Row{
		{Path: "a.jpg", Predicted: "1", Low: "1", High: "-2", Expected: ptr(0.1),
			Probabilities: []float32{0.5, 0.25, 1e-9}, Confidence: ptr(float32(0.5)), Unfamiliar: ptr(true), Review: ptr(false),
			Features: []float32{1.5, -3}},
		{Path: "=b\n.jpg", Error: "no such file"},
		{Path: "c\xff.jpg", Predicted: "-2", Expected: ptr(-1.5), Probabilities: []float32{0, 1, 0},
			Confidence: ptr(float32(1))},
	}
}

func encode(t testing.TB, o EncodeOptions, rows []Row) []byte {
	t.Helper()
	var b bytes.Buffer
	e, err := NewEncoder(&b, o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		if err := e.Write(&rows[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestText(t *testing.T) {
	s, rows := sample()
	some := s
	some.Columns = []string{"error", "p_1", "path", "features", "p_-2"}
	raw := s
	raw.Columns = []string{"features_base64", "error"}
	for _, c := range []struct {
		o    EncodeOptions
		want string
	}{
		{EncodeOptions{Schema: s, Format: CSV},
			"path,predicted,low,high,expected,p_1,p_-2,\"p_a,\"\"b\"\"\",confidence,unfamiliar,review,error\n" +
				"a.jpg,1,1,-2,0.1,0.5,0.25,1e-09,0.5,true,false,\n\"=b\n.jpg\",,,,,,,,,,,no such file\nc\ufffd.jpg,-2,,,-1.5,0,1,0,1,,,\n"},
		{EncodeOptions{Schema: s, Format: CSV, SpreadsheetSafe: true},
			"path,predicted,low,high,expected,p_1,p_-2,\"p_a,\"\"b\"\"\",confidence,unfamiliar,review,error\n" +
				"a.jpg,1,1,'-2,0.1,0.5,0.25,1e-09,0.5,true,false,\n\"'=b\n.jpg\",,,,,,,,,,,no such file\nc\ufffd.jpg,'-2,,,-1.5,0,1,0,1,,,\n"},
		{EncodeOptions{Schema: s, Format: JSONL},
			`{"path":"a.jpg","predicted":"1","low":"1","high":"-2","expected":0.1,"probabilities":{"1":0.5,"-2":0.25,"a,\"b\"":1e-09},"confidence":0.5,"unfamiliar":true,"review":false}` +
				"\n" + `{"path":"=b\n.jpg","error":"no such file"}` + "\n" +
				"{\"path\":\"c\ufffd.jpg\",\"predicted\":\"-2\",\"expected\":-1.5,\"probabilities\":{\"1\":0,\"-2\":1,\"a,\\\"b\\\"\":0},\"confidence\":1}\n"},
		{EncodeOptions{Schema: some, Format: CSV},
			"error,p_1,path,features,p_-2\n,0.5,a.jpg,\"[1.5,-3]\",0.25\nno such file,,\"=b\n.jpg\",,\n,0,c\ufffd.jpg,,1\n"},
		{EncodeOptions{Schema: some, Format: JSONL},
			`{"probabilities":{"1":0.5,"-2":0.25},"path":"a.jpg","features":[1.5,-3]}` + "\n" +
				`{"error":"no such file","path":"=b\n.jpg"}` + "\n" +
				"{\"probabilities\":{\"1\":0,\"-2\":1},\"path\":\"c\ufffd.jpg\"}\n"},
		{EncodeOptions{Schema: raw, Format: CSV}, "features_base64,error\nAADAPwAAQMA=,\n,no such file\n,\n"},
		{EncodeOptions{Schema: raw, Format: JSONL}, `{"features_base64":"AADAPwAAQMA="}` + "\n" + `{"error":"no such file"}` + "\n{}\n"},
	} {
		if got := string(encode(t, c.o, rows)); got != c.want {
			t.Errorf("%s %v:\ngot  %s\nwant %s", c.o.Format, c.o.Schema.Columns, got, c.want)
		}
	}
}

// columnsOf reads a Parquet table column by column: each value as text, null as "-", lists with the levels of their
// elements.
func columnsOf(t *testing.T, data []byte) (names []string, columns [][]string) {
	t.Helper()
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, field := range f.Root().Columns() {
		names = append(names, field.Name())
	}
	columns = make([][]string, len(f.Schema().Columns()))
	for _, g := range f.RowGroups() {
		rows := g.Rows()
		defer rows.Close()
		buf := make([]parquet.Row, 10)
		for {
			n, err := rows.ReadRows(buf)
			for _, row := range buf[:n] {
				for _, v := range row {
					text := "-"
					if !v.IsNull() {
						text = v.String()
					}
					if path := f.Schema().Columns()[v.Column()]; len(path) > 1 {
						text = fmt.Sprintf("%s@%d,%d", text, v.RepetitionLevel(), v.DefinitionLevel())
					}
					columns[v.Column()] = append(columns[v.Column()], text)
				}
			}
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	return names, columns
}

func TestParquet(t *testing.T) {
	s, rows := sample()
	s.Columns = []string{"path", "predicted", "low", "high", "expected", "p_*", "confidence", "features", "error"}
	data := encode(t, EncodeOptions{Schema: s, Format: Parquet}, rows)
	names, columns := columnsOf(t, data)
	if want := []string{"path", "predicted", "low", "high", "expected", "p_1", "p_-2", `p_a,"b"`, "confidence",
		"features", "error"}; !slices.Equal(names, want) {
		t.Errorf("columns %q, want %q", names, want)
	}
	want := [][]string{{"a.jpg", "=b\n.jpg", "c\ufffd.jpg"}, {"1", "-", "-2"}, {"1", "-", "-"}, {"-2", "-", "-"},
		{"0.1", "-", "-1.5"}, {"0.5", "-", "0"}, {"0.25", "-", "1"},
		{"1e-09", "-", "0"}, {"0.5", "-", "1"}, {"1.5@0,2", "-3@1,2", "-@0,0", "-@0,0"}, {"-", "no such file", "-"}}
	if !reflect.DeepEqual(columns, want) {
		t.Errorf("got\n%q\nwant\n%q", columns, want)
	}
	if again := encode(t, EncodeOptions{Schema: s, Format: Parquet}, rows); !bytes.Equal(again, data) {
		t.Error("the same rows gave other bytes")
	}
}

func TestRowGroupsAreBounded(t *testing.T) {
	s := Schema{Classes: []string{"a", "b"}, Features: 1 << 20, Columns: []string{"path", "p_*", "features"}}
	rows := make([]Row, 17)
	features := make([]float32, s.Features)
	for i := range rows {
		rows[i] = Row{Path: fmt.Sprint(i), Probabilities: []float32{0, 1}, Features: features}
	}
	data := encode(t, EncodeOptions{Schema: s, Format: Parquet}, rows)
	f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	if f.NumRows() != 17 || len(f.RowGroups()) != 2 || f.RowGroups()[0].NumRows() != 15 {
		t.Errorf("%d rows in %d groups", f.NumRows(), len(f.RowGroups()))
	}
}

func TestInvalidColumns(t *testing.T) {
	for _, cols := range [][]string{{"paht"}, {"p_3"}, {"path", "path"}, {"p_*", "p_1"}, {}, {"1"}} {
		_, err := NewEncoder(io.Discard, EncodeOptions{Schema: Schema{Classes: []string{"1"}, Columns: cols},
			Format: CSV})
		var e *invalid.Error
		if !errors.As(err, &e) || e.Field != "Columns" {
			t.Errorf("%q: %v", cols, err)
		}
	}
	for _, f := range []Format{CSV, JSONL, Parquet} {
		e, err := NewEncoder(io.Discard, EncodeOptions{Schema: Schema{Classes: []string{"1"}}, Format: f})
		if err != nil {
			t.Fatal(err)
		}
		if e.Write(&Row{Probabilities: []float32{1, 2}}) == nil || e.Write(&Row{Features: []float32{1}}) == nil {
			t.Errorf("%s: wrote a row that doesn't fit", f)
		}
	}
}

func TestFormatOf(t *testing.T) {
	for name, want := range map[string]Format{"a.csv": CSV, "b/A.CSV": CSV, "x.jsonl": JSONL, "x.ndjson": JSONL,
		"x.parquet": Parquet, "x.txt": "", "x": ""} {
		if got, err := FormatOf(name); got != want || (err == nil) != (want != "") || err != nil && !invalid.Is(err) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// FuzzRowLog holds that a row comes back from the log as it was, and that other bytes give an error and no panic.
func FuzzRowLog(f *testing.F) {
	f.Add("a.jpg", "1", "", "", "", 1.5, float32(0.5), []byte("12345678"), true, []byte{3, 10, 1, 65})
	f.Add("", "", "x", "y", "z", math.NaN(), float32(0), []byte{}, false, []byte{255, 255, 255, 255, 15})
	f.Fuzz(func(t *testing.T, path, predicted, low, high, reason string, expected float64, confidence float32,
		floats []byte, full bool, raw []byte) {
		row := Row{Path: path, Predicted: predicted, Low: low, High: high, Error: reason}
		if full {
			row.Unfamiliar, row.Review = &full, new(bool)
			row.Expected, row.Confidence, row.Probabilities, row.Features = &expected, &confidence, unpack(nil,
				floats), unpack(nil, raw)
		}
		var b bytes.Buffer
		log := newRowLog(&b)
		log.Write(&row)
		log.Write(&row)
		log.Flush()
		n := 0
		err := readRowLog(&b, func(r *Row) error {
			if n++; !same(r, &row) {
				t.Fatalf("got %+v, want %+v", r, &row)
			}
			return nil
		})
		if err != nil || n != 2 {
			t.Fatalf("%d rows, %v", n, err)
		}
		readRowLog(bytes.NewReader(raw), func(*Row) error { return nil })
	})
}

// same compares rows with NaN equal to itself.
func same(a, b *Row) bool {
	text := func(r *Row) string {
		s := fmt.Sprintf("%q %q %q %q %q %v %v", r.Path, r.Predicted, r.Low, r.High, r.Error, r.Probabilities == nil,
			r.Features == nil)
		if r.Expected != nil {
			s += fmt.Sprint(" ", *r.Expected)
		}
		if r.Confidence != nil {
			s += fmt.Sprint(" ", *r.Confidence)
		}
		for _, truth := range []*bool{r.Unfamiliar, r.Review} {
			if truth != nil {
				s += fmt.Sprint(" ", *truth)
			}
		}
		return s + fmt.Sprint(r.Probabilities, r.Features)
	}
	return text(a) == text(b)
}
