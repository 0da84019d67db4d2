// Package textrows reads tables that are text: CSV and its relatives row by row, lines, and the values of JSON objects. What columns
// mean is for package source, which streams images, and package dataset, which reads manifests.
//
// It must not import other packages of the pipeline.
package textrows

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/encoding/unicode"

	"finetune/invalid"
)

// Mark marks UTF-8 in files of some Windows programs.
const Mark = "\ufeff"

// Peek is how much of a text decides how it is read.
const peek = 1 << 12

// Open returns a text as UTF-8 without a byte order mark. UTF-16 is decoded where such a mark tells it, as spreadsheets write "Unicode
// text"; wide says so. What isn't text is an *invalid.Error.
func Open(r io.Reader) (in *bufio.Reader, wide bool, err error) {
	in = bufio.NewReaderSize(r, 1<<16)
	begin, _ := in.Peek(peek) // a read error comes again later
	switch {
	case bytes.HasPrefix(begin, []byte("\xff\xfe")) || bytes.HasPrefix(begin, []byte("\xfe\xff")):
		utf16 := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
		return bufio.NewReaderSize(utf16.NewDecoder().Reader(in), 1<<16), true, nil
	case bytes.IndexByte(begin, 0) >= 0 || bytes.HasPrefix(begin, []byte("PK\x03\x04")):
		return nil, false, &invalid.Error{Found: "no plain text", Want: "a text file in UTF-8", Hint: "export it as CSV UTF-8"}
	case bytes.HasPrefix(begin, []byte(Mark)):
		in.Discard(len(Mark))
	}
	return in, false, nil
}

// maxPassed is how many bytes of one line are passed over. What has a longer one isn't text: a file with a hole can
// have a line that takes an hour to read.
const maxPassed = 1 << 28

// Line appends a line without its end to buf. Of a line longer than most it keeps nothing and reports long. A line
// longer than most and maxPassed is an *invalid.Error. With the last line comes io.EOF.
func Line(in *bufio.Reader, buf []byte, most int) (line []byte, long bool, err error) {
	passed := 0
	for {
		part, err := in.ReadSlice('\n')
		if passed += len(part); passed > most+maxPassed {
			return nil, true, &invalid.Error{Found: fmt.Sprintf("a line of more than %d bytes", most+maxPassed), Want: "lines of text"}
		}
		if !long {
			if buf = append(buf, part...); len(bytes.TrimRight(buf, "\r\n")) > most {
				buf, long = nil, true
			}
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		return bytes.TrimRight(buf, "\r\n"), long, err
	}
}

// Find returns the place of a column, spelt exactly so or else in another case, or -1.
func Find(header []string, name string) int {
	if i := slices.Index(header, name); i >= 0 {
		return i
	}
	return slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(h, name) })
}

// Decimal writes a number with a decimal comma, as spreadsheets do beside semicolons, with a point. Other values stay as they are.
func Decimal(value string) string {
	if strings.Count(value, ",") != 1 {
		return value
	}
	point := strings.Replace(value, ",", ".", 1)
	if _, err := strconv.ParseFloat(point, 64); err != nil {
		return value
	}
	return point
}

// Scalar returns a JSON string, number, truth value or null as text, a number as it is written; null is "".
func Scalar(raw json.RawMessage) (string, bool) {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	if d.Decode(&v) != nil {
		return "", false
	}
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case bool:
		return strconv.FormatBool(v), true
	case json.Number:
		return v.String(), true
	}
	return "", false
}
