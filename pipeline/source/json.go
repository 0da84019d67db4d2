package source

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"finetune/invalid"
	"finetune/pipeline/textrows"
)

// An object is a line of JSON as far as it matters here.
type object struct {
	Path  *string         `json:"path"`
	ID    json.RawMessage `json:"id"`
	Bytes *string         `json:"bytes"`

	data   []byte // of Bytes
	err    error  // of decoding it
	fields map[string]json.RawMessage
}

// parseObject reads a line.
func parseObject(line []byte) (o object, err error) {
	if err = json.Unmarshal(line, &o); err == nil {
		err = json.Unmarshal(line, &o.fields)
	}
	if err == nil && o.Bytes != nil {
		o.data, o.err = base64.StdEncoding.DecodeString(*o.Bytes)
	}
	return o, err
}

// parseCut does what parseObject does, many times faster for a line with an image: the package json looks at each
// character of a text several times. Only Bytes and its field are cut.
func parseCut(line []byte) (object, error) {
	const key = `"bytes":`
	at := bytes.Index(line, []byte(key))
	if at < 0 || bytes.IndexByte(line[:at], '{') != bytes.LastIndexByte(line[:at], '{') {
		return parseObject(line) // perhaps in an inner object
	}
	rest := bytes.TrimLeft(line[at+len(key):], " \t")
	if len(rest) == 0 || rest[0] != '"' {
		return parseObject(line)
	}
	start := len(line) - len(rest) + 1
	text, after, ended := bytes.Cut(line[start:], []byte(`"`))
	const stub = "*" // takes the place of the text; nothing later may look like it
	if !ended || bytes.IndexByte(text, '\r') >= 0 || bytes.ContainsAny(after, `*\`) {
		return parseObject(line)
	}
	data := make([]byte, base64.StdEncoding.DecodedLen(len(text)))
	n, err := base64.StdEncoding.Decode(data, text)
	if err != nil {
		return parseObject(line) // an escape, or a mistake to be described
	}
	o, err := parseObject(slices.Concat(line[:start], []byte(stub+`"`), after))
	if err == nil && o.Bytes != nil && *o.Bytes == stub {
		o.data, o.err = data[:n], nil
	}
	return o, err
}

// object makes an item of a JSON object.
func (l *lineReader) object(n int, line []byte) Item {
	o, err := parseCut(line)
	id, _ := textrows.Scalar(o.ID)
	if err != nil {
		it := l.mistake(n, "not a JSON object with text in path and bytes: "+err.Error(),
			`an object such as {"path": "a.jpg"}`)
		return named(it, id)
	}
	var it Item
	switch {
	case o.Bytes != nil:
		it = named(Item{Name: l.at(n)}, id)
		if o.Path != nil && id == "" {
			it = named(it, *o.Path)
		}
		switch {
		case o.err != nil:
			it.content = failed{&invalid.Error{Path: it.Name, Found: "bytes that are not base64", Err: o.err}}
		case len(o.data) > maxHeld:
			it.content = failed{tooLarge(it.Name, maxHeld)}
		default:
			it.content = held(o.data)
		}
	case o.Path != nil:
		it = named(l.pathItem(*o.Path, n), id)
	default:
		return named(l.mistake(n, "no path and no bytes", `an object such as {"path": "a.jpg"}`), id)
	}
	setJSONLabels(&it.Labels, o.fields, l.label)
	return it
}

func named(it Item, name string) Item {
	if name != "" {
		it.Name = name
	}
	return it
}

// setJSONLabels takes labels from the fields of an object: those that a table's columns have, and votes as an object of
// classes. column is the one with the label; "" is label.
func setJSONLabels(l *Labels, fields map[string]json.RawMessage, column string) {
	names := slices.Sorted(maps.Keys(fields)) // in a fixed order, so that votes are, too
	for i, field := range meanings(names, column) {
		raw := fields[names[i]]
		if value, ok := textrows.Scalar(raw); ok {
			l.set(field, value)
			continue
		}
		var votes map[string]json.RawMessage
		if !strings.EqualFold(field, "votes") || json.Unmarshal(raw, &votes) != nil {
			continue
		}
		for _, class := range slices.Sorted(maps.Keys(votes)) {
			if value, ok := textrows.Scalar(votes[class]); ok {
				l.set("votes_"+class, value)
			}
		}
	}
}
