package dataset

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"finetune/invalid"
	"finetune/label"
)

// jsonl reads a manifest with a JSON object on each line. Its fields are the columns of the CSV form; numbers may
// be written as numbers, and votes as an object of classes: {"path": "a.jpg", "votes": {"1": 3, "2": 5}}.
func (l *loader) jsonl() error {
	f, err := openManifest(l.o.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	l.size = sizeOf(f)
	return l.readJSONL(f)
}

func (l *loader) readJSONL(r io.Reader) error {
	l.layout = JSONL
	return l.eachLine(r, func(line int, text []byte) error {
		rec := newRecord("", "", line)
		var fields map[string]json.RawMessage
		if err := json.Unmarshal(text, &fields); err != nil {
			return l.mistakeAt(line, short(string(text)), `a JSON object such as {"path": "a.jpg", "label": "3"}`, err.Error())
		}
		// In a fixed order, so that of two mistakes the same one is always reported.
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			if err := l.setJSON(&rec, name, fields[name]); err != nil {
				return err
			}
		}
		if !l.o.Unlabelled && rec.label == "" && rec.votes == nil {
			return l.mistakeAt(line, "no label", "a field named label or votes", "")
		}
		return l.add(rec)
	})
}

// setJSON puts one field of a line into the record.
func (l *loader) setJSON(r *record, name string, raw json.RawMessage) error {
	lower := strings.ToLower(name)
	switch {
	case lower == "votes":
		var votes map[string]json.RawMessage
		if err := json.Unmarshal(raw, &votes); err != nil {
			return l.mistakeAt(r.line, "the votes "+short(string(raw)), `an object such as {"1": 3, "2": 5}`, "")
		}
		for _, class := range slices.Sorted(maps.Keys(votes)) {
			if err := l.setJSONVotes(r, class, votes[class]); err != nil {
				return err
			}
		}
		return nil
	case strings.HasPrefix(lower, votesPrefix):
		return l.setJSONVotes(r, name[len(votesPrefix):], raw)
	}
	switch lower {
	case pathColumn, labelColumn, splitColumn, foldColumn, groupColumn, weightColumn:
	default:
		return nil
	}
	value, ok := scalar(raw)
	if !ok {
		return l.mistakeAt(r.line, fmt.Sprintf("the %s %s", lower, short(string(raw))), "text or a number", "")
	}
	if value == "" && lower != pathColumn {
		return nil
	}
	return l.setField(r, lower, value)
}

func (l *loader) setJSONVotes(r *record, class string, raw json.RawMessage) error {
	value, ok := scalar(raw)
	if !ok {
		return l.mistakeAt(r.line, fmt.Sprintf("the votes %s for %q", short(string(raw)), short(class)), "a number", "")
	}
	place := l.votePlace(class)
	if place >= label.MaxClasses {
		return l.mistakeAt(r.line, fmt.Sprintf("votes for more than %d classes", label.MaxClasses), "fewer", "")
	}
	return l.setVotes(r, place, value)
}

// scalar returns a JSON string, number or null as text.
func scalar(raw json.RawMessage) (string, bool) {
	var v any
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber() // a label 1.10 stays as written
	if d.Decode(&v) != nil {
		return "", false
	}
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	}
	return "", false
}

// eachLine calls do with each line that isn't blank, without its end.
func (l *loader) eachLine(r io.Reader, do func(line int, text []byte) error) error {
	in := bufio.NewReaderSize(r, 1<<16)
	begin, _ := in.Peek(1 << 12)
	if err := l.checkText(begin); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	line, read := 0, int64(0)
	for lines.Scan() {
		line++
		text := lines.Bytes()
		read += int64(len(text)) + 1
		if line == 1 {
			text = bytes.TrimPrefix(text, []byte(bom))
		}
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
		return l.mistakeAt(line+1, fmt.Sprintf("more than %d bytes", maxLine), "a shorter line", "")
	case err != nil:
		return fmt.Errorf("read %s: %w", l.o.Path, err)
	case line == 0:
		return &invalid.Error{Field: l.o.Path, Found: "nothing", Want: "a line for each image"}
	}
	return nil
}

// list reads a text file with a path on each line.
func (l *loader) list() error {
	f, err := openManifest(l.o.Path)
	if err != nil {
		return err
	}
	defer f.Close()
	l.size = sizeOf(f)
	return l.readList(f)
}

func (l *loader) readList(r io.Reader) error {
	l.layout = FileList
	return l.eachLine(r, func(line int, text []byte) error {
		rec := newRecord("", "", line)
		if err := l.setField(&rec, pathColumn, string(text)); err != nil {
			return err
		}
		return l.add(rec)
	})
}
