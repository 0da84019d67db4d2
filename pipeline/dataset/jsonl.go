package dataset

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"finetune/invalid"
	"finetune/label"
	"finetune/pipeline/textrows"
)

// readJSONL reads a table with a JSON object on each line. Its fields are the columns of the CSV form; numbers may be
// written as numbers, and votes as an object of classes: {"path": "a.jpg", "votes": {"1": 3, "2": 5}}.
func (l *loader) readJSONL(r io.Reader) error {
	l.layout = JSONL
	var cols jsonColumns
	return l.eachLine(r, func(line int, text []byte) error {
		return l.readObject(&cols, line, text, nil)
	})
}

// readJSON reads a JSON list of the objects of readJSONL, or of tasks as Label Studio exports them.
func (l *loader) readJSON(r io.Reader) error {
	l.layout, l.unit = JSON, "item"
	in, err := l.text(r)
	if err != nil {
		return err
	}
	d := json.NewDecoder(in)
	begin, err := d.Token()
	if delim, ok := begin.(json.Delim); err != nil || !ok || delim != '[' {
		return &invalid.Error{
			Path:  l.table,
			Found: "JSON that isn't a list",
			Want:  `a list of objects: [{"path": "a.jpg", "label": "3"}, …]`,
			Hint:  "for an object on each line name the file .jsonl",
			Err:   jsonError(err),
		}
	}
	var cols jsonColumns
	var unlabelled []string
	item := 0
	for d.More() {
		item++
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return l.wrongAt(item, "no JSON", "a list of objects", err.Error())
		}
		if err := l.readObject(&cols, item, raw, &unlabelled); err != nil {
			return err
		}
	}
	if _, err := d.Token(); err != nil {
		return l.wrongAt(item, "no end of the list", "a list of objects", err.Error())
	}
	l.noteLeftOut(unlabelled, "task", "it has no annotation with a choice, a rating or a number")
	return nil
}

// jsonError returns an error of the text, not that there is none.
func jsonError(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// jsonColumns are what the fields of the first object mean. Later objects may have more, by their usual names.
type jsonColumns struct {
	fields map[string]column
	names  []string
	cols   []column
}

// readObject takes the record of an object. Tasks that aren't labelled are added to the list, where there is one.
func (l *loader) readObject(cols *jsonColumns, line int, text []byte, unlabelled *[]string) error {
	rec := newRecord("", "", line)
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(text, &fields); err != nil {
		return l.wrongAt(line, short(string(text)), `a JSON object such as {"path": "a.jpg", "label": "3"}`, err.Error())
	}
	if unlabelled != nil && isTask(fields) {
		annotated, err := l.readTask(text, line)
		if err == nil && !annotated {
			*unlabelled = append(*unlabelled, fmt.Sprint(line))
		}
		return err
	}
	// In a fixed order, so that of two errors the same one is always reported.
	names := slices.Sorted(maps.Keys(fields))
	if cols.fields == nil {
		var err error
		if cols.cols, err = l.columns(names); err != nil {
			return err
		}
		cols.names, cols.fields = names, make(map[string]column, len(names))
		for i, name := range names {
			cols.fields[name] = cols.cols[i]
		}
	}
	for _, name := range names {
		if err := l.setJSON(&rec, cols.fields, name, fields[name]); err != nil {
			return err
		}
	}
	switch {
	case rec.path == "":
		return l.wrongAt(line, "no path", "the path of an image", l.columnHint(cols.cols, cols.names))
	case !l.o.Unlabelled && rec.label == "" && rec.votes == nil:
		return l.wrongAt(line, "no label", "a field named label or votes", l.columnHint(cols.cols, cols.names))
	}
	return l.add(rec)
}

// setJSON puts one field of an object into the record.
func (l *loader) setJSON(r *record, known map[string]column, name string, raw json.RawMessage) error {
	lower := strings.ToLower(name)
	c, ok := known[name]
	if c.by {
		r.by, _ = textrows.Scalar(raw)
	}
	switch {
	case ok && c.role != "":
		lower = c.role
	case ok && c.votes >= 0:
		return l.setJSONVotes(r, l.voteClasses[c.votes], raw)
	case l.o.VoteColumns != nil && strings.HasPrefix(lower, "votes"):
		return nil
	case lower == "votes":
		var votes map[string]json.RawMessage
		if err := json.Unmarshal(raw, &votes); err != nil {
			return l.wrongAt(r.line, "the votes "+short(string(raw)), `an object such as {"1": 3, "2": 5}`, "")
		}
		for _, class := range slices.Sorted(maps.Keys(votes)) {
			if err := l.setJSONVotes(r, class, votes[class]); err != nil {
				return err
			}
		}
		return nil
	case strings.HasPrefix(lower, votesPrefix):
		return l.setJSONVotes(r, name[len(votesPrefix):], raw)
	case ok: // left alone
		return nil
	}
	switch lower {
	case pathColumn, labelColumn, splitColumn, foldColumn, groupColumn, weightColumn:
	default:
		return nil
	}
	value, ok := textrows.Scalar(raw)
	if !ok {
		return l.wrongAt(r.line, fmt.Sprintf("the %s %s", lower, short(string(raw))), "text or a number", "")
	}
	if value == "" && lower != pathColumn {
		return nil
	}
	return l.setField(r, lower, value)
}

func (l *loader) setJSONVotes(r *record, class string, raw json.RawMessage) error {
	value, ok := textrows.Scalar(raw)
	if !ok {
		return l.wrongAt(r.line, fmt.Sprintf("the votes %s for %q", short(string(raw)), short(class)), "a number", "")
	}
	place := l.votePlace(class)
	if place >= label.MaxClasses {
		return l.wrongAt(r.line, fmt.Sprintf("votes for more than %d classes", label.MaxClasses), "fewer", "")
	}
	return l.setVotes(r, place, value)
}
