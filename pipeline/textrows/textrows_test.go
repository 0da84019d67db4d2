package textrows

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"finetune/invalid"
)

// read returns the rows of a table as text, those that can't be used as their errors.
func read(t *testing.T, text string) ([]string, error) {
	t.Helper()
	in, _, err := Open(strings.NewReader(text))
	if err != nil {
		return nil, err
	}
	c, err := NewCSV(in)
	if err != nil {
		return nil, err
	}
	list := []string{fmt.Sprint(c.Line, " ", strings.Join(c.Header, "|"))}
	for {
		row, err := c.Next()
		if errors.Is(err, io.EOF) {
			return list, nil
		}
		if err != nil {
			return list, err
		}
		if row.Bad != nil {
			list = append(list, fmt.Sprint(row.Line, " ! ", strings.TrimPrefix(row.Bad.Error(), ": ")))
			continue
		}
		list = append(list, fmt.Sprint(row.Line, " ", strings.Join(row.Cells, "|")))
	}
}

func TestCSV(t *testing.T) {
	long := strings.Repeat("x", MaxRow+1<<17)
	for _, c := range []struct {
		name, text string
		want       []string
		fails      string
	}{
		{"header alone", "a,b", []string{"1 a|b"}, ""},
		{"quotes and empty rows", Mark + " a ,b\r\n\"1,\n2\",3\r\n,\r\n4,5\r\n", []string{"1 a|b", "2 1,\n2|3", "5 4|5"}, ""},
		{"sep", "sep=|\na|b\n1|2\n", []string{"2 a|b", "3 1|2"}, ""},
		{"too few and too many", "a,b\n1\n1,2,3\n4,5\n", []string{"1 a|b", "2 ! 1 column; expected 2 as in the header; put values that hold a separator in double quotes",
			"3 ! 3 columns; expected 2 as in the header; put values that hold a separator in double quotes", "4 4|5"}, ""},
		{"a quote within", "a,b\n1\"x,2\n4,5\n", []string{"1 a|b", `2 ! bare " in non-quoted-field; expected a line of CSV; double a quote inside a quoted value ("")`, "3 4|5"}, ""},
		{"nothing", "", nil, "nothing"},
		{"no text", "a\x00b", nil, "no plain text"},
		{"a workbook", "PK\x03\x04", nil, "no plain text"},
		{"a long row", "a,b\n1," + long + "\n", []string{"1 a|b"}, "a row of more than 1048576 bytes after that of line 1"},
		{"a long row below others", "sep=;\na;b\n1;2\n\n\"3\n\";4\n\"" + long, []string{"2 a|b", "3 1|2", "5 3\n|4"}, "bytes after that of line 5"},
		{"a long header", long, nil, "a row of more than"},
		{"an odd separator", "sep=\"\na\n", nil, ""},
	} {
		got, err := read(t, c.text)
		if c.fails != "" && (!invalid.Is(err) || !strings.Contains(err.Error(), c.fails)) {
			t.Errorf("%s: %v, want %q", c.name, err, c.fails)
		}
		if c.want != nil && !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q (%v)", c.name, got, c.want, err)
		}
	}
}

func TestScalar(t *testing.T) {
	for raw, want := range map[string]string{`"a"`: "a", "1.10": "1.10", "1e3": "1e3", "true": "true", " false": "false", "null": "", "[]": "!", "{}": "!", "": "!", "x": "!"} {
		got, ok := Scalar(json.RawMessage(raw))
		if !ok {
			got = "!"
		}
		if got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

func TestDecimal(t *testing.T) {
	for value, want := range map[string]string{"1,5": "1.5", "-0,5": "-0.5", "1,5,0": "1,5,0", "a,b": "a,b", "1.5": "1.5", "": ""} {
		if got := Decimal(value); got != want {
			t.Errorf("%s: %q, want %q", value, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	header := []string{"Grade", "grade", "PATH"}
	for name, want := range map[string]int{"grade": 1, "Grade": 0, "GRADE": 0, "path": 2, "x": -1} {
		if got := Find(header, name); got != want {
			t.Errorf("%s: %d, want %d", name, got, want)
		}
	}
}
