package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/unicode"

	"finetune/invalid"
)

// bom marks UTF-8 in files of some Windows programs.
const bom = "\ufeff"

// text returns the contents of a table as UTF-8 without a byte order mark. UTF-16 is decoded where such a mark tells
// it, as spreadsheets write "Unicode text".
func (l *loader) text(r io.Reader) (*bufio.Reader, error) {
	in := bufio.NewReaderSize(r, 1<<16)
	begin, _ := in.Peek(1 << 12) // a read error comes again later
	switch {
	case bytes.HasPrefix(begin, []byte("\xff\xfe")) || bytes.HasPrefix(begin, []byte("\xfe\xff")):
		utf16 := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM)
		l.size /= 2 // of mostly ASCII
		return bufio.NewReaderSize(utf16.NewDecoder().Reader(in), 1<<16), nil
	case bytes.IndexByte(begin, 0) >= 0 || bytes.HasPrefix(begin, []byte("PK\x03\x04")):
		return nil, &invalid.Error{
			Path:  l.table,
			Found: "no plain text",
			Want:  "a text file in UTF-8",
			Hint:  "export it as CSV UTF-8",
		}
	case bytes.HasPrefix(begin, []byte(bom)):
		in.Discard(len(bom))
	}
	return in, nil
}

// eachLine calls do with each line that isn't blank, without its end.
func (l *loader) eachLine(r io.Reader, do func(line int, text []byte) error) error {
	in, err := l.text(r)
	if err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	line, read := 0, int64(0)
	for lines.Scan() {
		line++
		text := lines.Bytes()
		read += int64(len(text)) + 1
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		if err := do(line, text); err != nil {
			return err
		}
		l.expect(read)
	}
	switch err := lines.Err(); {
	case errors.Is(err, bufio.ErrTooLong):
		return l.wrongAt(line+1, fmt.Sprintf("more than %d bytes", maxLine), "a shorter line", "")
	case err != nil:
		return fmt.Errorf("read %s: %w", l.table, err)
	case line == 0:
		return &invalid.Error{Path: l.table, Found: "nothing", Want: "a line for each image"}
	}
	return nil
}

// readList reads a text file with a path on each line. The bytes of a path may be any that a file name can have.
func (l *loader) readList(r io.Reader) error {
	l.layout = FileList
	return l.eachLine(r, func(line int, text []byte) error {
		rec := newRecord("", "", line)
		if err := l.setPath(&rec, string(text)); err != nil {
			return err
		}
		return l.add(rec)
	})
}

// isAVA reports whether a file is named as the table of AVA (Murray, Marchesotti and Perronnin 2012).
func isAVA(name string) bool { return strings.EqualFold(name, "AVA.txt") }

// readAVA reads the table of AVA: on each line the number of the line, the image, the votes for 1 to 10, two tags and
// the challenge, with spaces between.
func (l *loader) readAVA(r io.Reader) error {
	const image, firstVote, columns = 1, 2, 15
	l.layout = AVA
	if l.o.Bins != nil || l.o.AutoBins {
		return &invalid.Error{
			Field: "Data.Bins",
			Found: "given for " + string(AVA),
			Hint:  "leave it out: the votes are for classes",
		}
	}
	for class := 1; class <= 10; class++ {
		l.votePlace(fmt.Sprint(class))
	}
	return l.eachLine(r, func(line int, text []byte) error {
		fields := strings.Fields(string(text))
		if len(fields) != columns {
			return l.wrongAt(
				line,
				count(len(fields), "number"),
				fmt.Sprintf("%d: index, image, ten votes, two tags, challenge", columns),
				"",
			)
		}
		rec := newRecord("", "", line)
		if err := l.setField(&rec, pathColumn, fields[image]); err != nil {
			return err
		}
		for class := range 10 {
			if err := l.setVotes(&rec, class, fields[firstVote+class]); err != nil {
				return err
			}
		}
		return l.add(rec)
	})
}
