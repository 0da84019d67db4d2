package dataset

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"finetune/invalid"
	"finetune/pipeline/textrows"
)

// text returns the contents of a table as textrows.Open does.
func (l *loader) text(r io.Reader) (*bufio.Reader, error) {
	in, wide, err := textrows.Open(r)
	if err != nil {
		return nil, l.inTable(err)
	}
	if wide {
		l.size /= 2 // of mostly ASCII
	}
	return in, nil
}

// eachLine calls do with each line that isn't blank, without its end.
func (l *loader) eachLine(r io.Reader, do func(line int, text []byte) error) error {
	in, err := l.text(r)
	if err != nil {
		return err
	}
	var buf []byte
	read := int64(0)
	for n := 1; ; n++ {
		text, long, err := textrows.Line(in, buf[:0], maxLine)
		last := errors.Is(err, io.EOF)
		switch {
		case long:
			return l.wrongAt(n, fmt.Sprintf("more than %d bytes", maxLine), "a shorter line", "")
		case err != nil && !last:
			return l.inTable(err)
		case last && n == 1 && len(text) == 0:
			return &invalid.Error{Path: l.table, Found: "nothing", Want: "a line for each image"}
		}
		buf = text
		read += int64(len(text)) + 1
		if len(bytes.TrimSpace(text)) > 0 {
			if err := do(n, text); err != nil {
				return err
			}
		}
		if last {
			return nil
		}
		l.expect(read)
	}
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
